import { basename, resolve } from 'node:path';
import { checkDescription } from '../../core/description.js';
import { TransferError } from '../../core/failures.js';
import { isStandardInput, STANDARD_INPUT_WORD } from '../../core/identity.js';
import { isLegalPartSize, type OpenPlan, partSizeUsage, planStream } from '../../core/part-plan.js';
import {
  looksLikeTarget,
  namesMany,
  parseTargetUrl,
  storesObjects,
  type TargetUrl,
  urlOfFile,
} from '../../core/target-url.js';
import { commandOutput, standardInput } from '../../source/byte-streams.js';
import { inspectFile } from '../../source/open-file.js';
import { TARGETS } from '../../targets/registry.js';
import { planFile } from '../../transfer/parts/plan.js';
import type { ByteStream } from '../../transfer/ports/source.js';
import type { ObjectOptions } from '../../transfer/ports/target.js';
import { sessionAt } from '../../transfer/session.js';
import { type UploadOptions, uploadFile } from '../../transfer/upload.js';
import { type StreamOptions, uploadStream } from '../../transfer/upload-stream.js';
import { planJson } from '../../ui/json.js';
import { planText } from '../../ui/text/result-text.js';
import { aboutFile } from '../about-file.js';
import { openSession, resolveTarget } from '../compose.js';
import { stopsTheRun } from '../exit-codes.js';
import { checkManyKeys, ownKey } from '../object-key.js';
import type { OptionReader } from '../option-reader.js';
import { printArchive } from '../print-archive.js';
import type { CommandContext } from '../run-command.js';

/** `calve upload FILE... TARGET` and `calve upload TARGET --from-command -- CMD ARG...` */
export async function upload(context: CommandContext, words: readonly string[]): Promise<void> {
  const wanted = readWords(context, words);
  const { url, files } = wanted;
  const { io, options, reporter } = context;
  const isDryRun = options.read.flag('dryRun');
  checkManyKeys(
    url,
    files.map((file) => basename(file)),
  );
  const resolved = isDryRun ? null : await resolveTarget(io, options, url);
  const sendings = await checkFiles(context, files, url);
  if (sendings.length === 0 || resolved === null) return;
  const { session, close } = await openSession(io, options, resolved, { create: true, reporter });
  try {
    for (const { wish, url: to } of sendings) {
      try {
        const about = aboutFile(sessionAt(session, ownKey(to)), wish.file);
        const sending =
          wish.file === STANDARD_INPUT_WORD
            ? uploadStream(about, wish, openBytes(context, wanted.command))
            : uploadFile(about, wish);
        await printArchive(context, await sending);
      } catch (error) {
        await context.fail(error, { file: wish.file, target: to.url });
        if (stopsTheRun(error)) return;
      }
    }
  } finally {
    await close();
  }
}

function openBytes({ io }: CommandContext, command: readonly string[] | null): ByteStream {
  if (command === null) return standardInput(io.stdin, io.signal);
  return commandOutput(command, { cwd: io.cwd, env: io.env, signal: io.signal });
}

interface Words {
  /** `-`: standard input, or what the command prints. */
  readonly files: readonly string[];
  readonly url: TargetUrl;
  /** The command to run and its arguments. */
  readonly command: readonly string[] | null;
}

/** @throws TransferError `usage` */
function readWords(context: CommandContext, words: readonly string[]): Words {
  const { read } = context.options;
  const { files, url, command } = read.flag('fromCommand')
    ? commandWords(words, context.io.argv)
    : fileWords(words);
  const isStream = files.includes(STANDARD_INPUT_WORD);
  if (isStream && storesObjects(url.scheme) && namesMany(url)) {
    refuseWords(
      'a stream has no name to put below the key',
      `name the whole key, as in ${url.url.replace(/\/*$/, '/')}backup.tar`,
    );
  }
  if (isStream && command === null && context.io.stdin.isTTY === true) {
    refuseWords(
      'standard input is a terminal',
      'pipe something in, as in: tar -c photos | calve upload - glacier://photos',
    );
  }
  if (!isStream && read.flagged('expectedSize')) {
    read.refuse('expectedSize', 'the size of a file is known', 'it is for standard input and --from-command');
  }
  return { files, url, command };
}

function refuseWords(why: string, hint: string): never {
  throw new TransferError('usage', { what: 'upload', why, hint });
}

function commandWords(words: readonly string[], argv: readonly string[]): Words {
  const hint = 'as in: calve upload glacier://photos --from-command -- tar -c photos';
  const [target = '', ...command] = words;
  if (!looksLikeTarget(target))
    refuseWords(`with --from-command the target comes first, and ${target} is none`, hint);
  // Without it calve would take the command's options for its own.
  if ((command[0] ?? '') === '' || !argv.includes('--')) {
    refuseWords('--from-command wants a command, after --', hint);
  }
  return { files: [STANDARD_INPUT_WORD], url: parseTargetUrl(target), command };
}

function fileWords(words: readonly string[]): Words {
  const files = words.slice(0, -1);
  const last = words.at(-1) ?? '';
  const refuse = (why: string) => refuseWords(why, 'as in: calve upload backup.tar glacier://photos');
  if (!looksLikeTarget(last)) refuse(`the last word must be the target, and ${last} is none`);
  if (files.length === 0) refuse('no file is named');
  if (files.filter((file) => file === STANDARD_INPUT_WORD).length > 1)
    refuse('standard input can be sent once');
  const target = files.find(looksLikeTarget);
  if (target !== undefined) refuse(`a run has one target, and ${target} is another`);
  return { files, url: parseTargetUrl(last), command: null };
}

/**
 * Every file is looked at before the service is asked: a missing one is told of whatever the service would say. With
 * --dry-run, its plan is printed.
 * @returns those that can be sent
 */
async function checkFiles(
  context: CommandContext,
  files: readonly string[],
  url: TargetUrl,
): Promise<Sending[]> {
  const common = readSelection(context, url);
  const sendings: Sending[] = [];
  for (const file of files) {
    const to = urlOfFile(url, basename(file));
    try {
      const wish = { ...common, file: file === STANDARD_INPUT_WORD ? file : resolve(context.io.cwd, file) };
      const plan = await planOf(wish, url);
      if (context.options.read.flag('dryRun')) await printPlan(context, wish, to, plan);
      sendings.push({ wish, url: to });
    } catch (error) {
      await context.fail(error, { file, target: to.url });
    }
  }
  return sendings;
}

async function planOf(wish: Wish, { scheme }: TargetUrl): Promise<OpenPlan> {
  const { limits } = TARGETS[scheme].capabilities;
  if (!isStandardInput(wish.file)) return planFile(await inspectFile(wish.file), wish.partSizeBytes, limits);
  return planStream(wish.expectedSizeBytes, wish.partSizeBytes ?? 'auto', limits);
}

type Wish = UploadOptions & StreamOptions;

interface Sending {
  readonly wish: Wish;
  readonly url: TargetUrl;
}

/** @throws TransferError `usage` */
function readSelection(context: CommandContext, url: TargetUrl): Omit<Wish, 'file'> {
  const { read } = context.options;
  const { limits } = TARGETS[url.scheme].capabilities;
  const partSizeBytes = read.text('partSize') === 'auto' ? 'auto' : read.sizeBytes('partSize');
  if (typeof partSizeBytes === 'number' && !isLegalPartSize(partSizeBytes, limits)) {
    const { why, hint } = partSizeUsage('', limits).facts;
    read.refuse('partSize', why, hint ?? undefined);
  }
  checkKind(read, url);
  const wish: Omit<Wish, 'file'> = {
    partSizeBytes,
    expectedSizeBytes: read.sizeBytes('expectedSize'),
    description: read.checked('description', checkDescription),
    fresh: read.flag('fresh'),
  };
  const object = readObjectOptions(read, url);
  return object === null ? wish : { ...wish, object, description: null };
}

/** Options that were typed for the other kind of target; variables may be set for both. @throws TransferError `usage` */
function checkKind(read: OptionReader, { scheme }: TargetUrl): void {
  if (TARGETS[scheme].object === null) {
    const ofObjects = [
      'storageClass',
      'sse',
      'sseKmsKeyId',
      'tagging',
      'overwrite',
      'pathStyle',
      'requestHeader',
    ];
    for (const name of ofObjects.filter((each) => read.flagged(each))) {
      read.refuse(
        name,
        'vaults have no such thing',
        'it is for objects: s3://BUCKET/KEY or obs://BUCKET/KEY',
      );
    }
  } else if (read.flagged('description')) {
    const hint = 'as a header of its own: --request-header x-amz-meta-description=TEXT';
    read.refuse('description', 'an object is known by its key, and has no description', hint);
  }
}

function readObjectOptions(read: OptionReader, { scheme }: TargetUrl): ObjectOptions | null {
  const kind = TARGETS[scheme].object;
  if (kind === null) return null;
  const storageClass = read.checked('storageClass', kind.checkStorageClass);
  return { storageClass, noOverwrite: read.off('overwrite') };
}

async function printPlan(context: CommandContext, wish: Wish, url: TargetUrl, plan: OpenPlan): Promise<void> {
  const kind = TARGETS[url.scheme].object;
  const object = planJson({
    file: wish.file,
    target: url.url,
    size: plan.sizeBytes,
    partSize: plan.partSizeBytes,
    parts: plan.partCount,
    // Begin, one for each part, complete.
    requests: plan.partCount === null ? null : plan.partCount + 2,
    storageClass: wish.object?.storageClass ?? kind?.defaultStorageClass ?? null,
  });
  await context.result(object, planText(object));
}
