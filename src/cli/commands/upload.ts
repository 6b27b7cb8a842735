import { basename, resolve } from 'node:path';
import { checkDescription } from '../../core/description.js';
import { TransferError } from '../../core/failures.js';
import { isLegalPartSize, type PartPlan, partSizeUsage } from '../../core/part-plan.js';
import { looksLikeTarget, parseTargetUrl, type TargetUrl, urlOfFile } from '../../core/target-url.js';
import { TARGETS } from '../../targets/registry.js';
import { planFile } from '../../transfer/plan-file.js';
import type { ObjectWish } from '../../transfer/ports.js';
import { sessionAt } from '../../transfer/session.js';
import { type UploadWish, uploadFile } from '../../transfer/upload.js';
import { planJson } from '../../ui/json.js';
import { planText } from '../../ui/result-text.js';
import { aboutFile } from '../about-file.js';
import { checkTarget, openSession, openSources } from '../compose.js';
import { stopsTheRun } from '../exit-codes.js';
import { checkManyKeys, ownKey } from '../object-key.js';
import type { OptionReader } from '../option-reader.js';
import { printArchive } from '../print-archive.js';
import type { CommandContext } from '../run-command.js';

/** `calve upload FILE... TARGET` */
export async function upload(context: CommandContext, words: readonly string[]): Promise<void> {
  const { files, url } = filesAndTarget(words);
  const { io, options, reporter } = context;
  const isDryRun = options.read.flag('dryRun');
  checkManyKeys(
    url,
    files.map((file) => basename(file)),
  );
  if (!isDryRun) await checkTarget(io, options, url);
  const sendings = await checkFiles(context, files, url);
  if (sendings.length === 0 || isDryRun) return;
  const { session, close } = await openSession(io, options, { url, create: true, reporter });
  try {
    for (const { wish, url: to } of sendings) {
      try {
        const about = aboutFile(sessionAt(session, ownKey(to)), wish.file);
        await printArchive(context, await uploadFile(about, wish));
      } catch (error) {
        await context.fail(error, { file: wish.file, target: to.url });
        if (stopsTheRun(error)) return;
      }
    }
  } finally {
    await close();
  }
}

/** @throws TransferError `usage` */
function filesAndTarget(words: readonly string[]): { files: readonly string[]; url: TargetUrl } {
  const files = words.slice(0, -1);
  const last = words.at(-1) ?? '';
  const refuse = (why: string): never => {
    const hint = 'as in: calve upload backup.tar glacier://photos';
    throw new TransferError('usage', { what: 'upload', why, hint });
  };
  if (!looksLikeTarget(last)) refuse(`the last word must be the target, and ${last} is none`);
  if (files.length === 0) refuse('no file is named');
  if (files.includes('-')) refuse('standard input cannot be sent yet');
  const target = files.find(looksLikeTarget);
  if (target !== undefined) refuse(`a run has one target, and ${target} is another`);
  return { files, url: parseTargetUrl(last) };
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
  const { limits } = TARGETS[url.scheme];
  const common = readWish(context, url);
  const sources = openSources(context.options);
  const sendings: Sending[] = [];
  for (const file of files) {
    const to = urlOfFile(url, basename(file));
    try {
      const wish = { ...common, file: resolve(context.io.cwd, file) };
      const plan = await planFile(sources.open, wish, limits);
      if (context.options.read.flag('dryRun')) await printPlan(context, wish, to, plan);
      sendings.push({ wish, url: to });
    } catch (error) {
      await context.fail(error, { file, target: to.url });
    }
  }
  await sources.close();
  return sendings;
}

interface Sending {
  readonly wish: UploadWish;
  readonly url: TargetUrl;
}

/** @throws TransferError `usage` */
function readWish(context: CommandContext, url: TargetUrl): Omit<UploadWish, 'file'> {
  const { read } = context.options;
  const { limits } = TARGETS[url.scheme];
  const partSizeBytes = read.text('partSize') === 'auto' ? 'auto' : read.sizeBytes('partSize');
  if (typeof partSizeBytes === 'number' && !isLegalPartSize(partSizeBytes, limits)) {
    const { why, hint } = partSizeUsage('', limits).facts;
    read.refuse('partSize', why, hint ?? undefined);
  }
  checkKind(read, url);
  const wish: Omit<UploadWish, 'file'> = {
    partSizeBytes,
    description: read.checked('description', checkDescription),
    fresh: read.flag('fresh'),
  };
  const object = readObjectWish(read, url);
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

function readObjectWish(read: OptionReader, { scheme }: TargetUrl): ObjectWish | null {
  const kind = TARGETS[scheme].object;
  if (kind === null) return null;
  const storageClass = read.checked('storageClass', kind.checkStorageClass);
  return { storageClass, noOverwrite: read.off('overwrite') };
}

async function printPlan(
  context: CommandContext,
  wish: UploadWish,
  url: TargetUrl,
  plan: PartPlan,
): Promise<void> {
  const kind = TARGETS[url.scheme].object;
  const object = planJson({
    file: wish.file,
    target: url.url,
    size: plan.sizeBytes,
    partSize: plan.partSizeBytes,
    parts: plan.partCount,
    // Begin, one for each part, complete.
    requests: plan.partCount + 2,
    storageClass: wish.object?.storageClass ?? kind?.defaultStorageClass ?? null,
  });
  await context.result(object, planText(object));
}
