import { createInterface } from 'node:readline/promises';
import { isFailure, TransferError } from '../../core/failures.js';
import { parseTargetUrl } from '../../core/target-url.js';
import { abortUpload, type SortedUploads, sortUploads, withActivity } from '../../transfer/abort.js';
import { type JoinedUpload, listUploads } from '../../transfer/list.js';
import type { OpenUpload } from '../../transfer/ports/target.js';
import { type Session, sessionAt } from '../../transfer/session.js';
import { abortedJson, type UploadJson } from '../../ui/json.js';

import { isSet, openTargetSession } from '../compose.js';
import { stopsTheRun } from '../exit-codes.js';
import { joinedJson, uploadsTableFor } from '../joined-json.js';
import { checkKey, ownKey } from '../object-key.js';
import { streamPrinter } from '../print-table.js';
import type { CommandContext } from '../run-command.js';

interface Wish {
  readonly ids: readonly string[];
  readonly olderThanMs: number | null;
  readonly all: boolean;
  readonly dryRun: boolean;
  readonly forget: boolean;
}

/** `calve abort TARGET --upload-id ID...`, or `--older-than TIME`, or `--all` */
export async function abort(context: CommandContext, words: readonly string[]): Promise<void> {
  const url = parseTargetUrl(words[0] ?? '');
  const wish = readSelection(context);
  if (wish.ids.length > 0) checkKey(url, 'abort');
  if (wish.ids.length === 0 && !wish.dryRun) checkMayAsk(context);
  const { session, close } = await openTargetSession(context, url);
  try {
    if (wish.ids.length === 0) await sweep(context, session, wish);
    else if (wish.dryRun) await listWanted(context, session, wish.ids);
    else
      await abortEach(
        context,
        session,
        wish.ids.map((uploadId) => ({ uploadId, key: ownKey(url) })),
        { listed: false, forget: wish.forget },
      );
  } finally {
    await close();
  }
}

/** @throws TransferError `usage` unless exactly one way of choosing is given */
function readSelection(context: CommandContext): Wish {
  const { read } = context.options;
  const wish = {
    // The same id twice would be told as unknown the second time.
    ids: [...new Set(read.texts('uploadId'))],
    olderThanMs: read.durationMs('olderThan'),
    all: read.flag('all'),
    dryRun: read.flag('dryRun'),
    forget: read.flag('dropRecord'),
  };
  const ways = [wish.ids.length > 0, wish.olderThanMs !== null, wish.all].filter(Boolean).length;
  if (ways !== 1 || wish.ids.includes('')) {
    throw new TransferError('usage', {
      what: 'abort',
      why: ways > 1 ? 'it takes one of --upload-id, --older-than and --all' : 'it does not say which uploads',
      hint: 'name them with --upload-id=ID, --older-than 12h or --all',
    });
  }
  return wish;
}

function mayAsk(context: CommandContext): boolean {
  const { io } = context;
  return io.stdin.isTTY === true && io.stderr.isTTY === true && !isSet(io.env['CI']);
}

function checkMayAsk(context: CommandContext): void {
  if (context.options.read.flag('yes') || mayAsk(context)) return;
  throw new TransferError('usage', {
    what: 'abort',
    why: 'nobody can be asked whether to abort several uploads',
    hint: 'add --yes, or --dry-run to see which they are',
  });
}

async function sweep(context: CommandContext, session: Session, wish: Wish): Promise<void> {
  const uploads: JoinedUpload[] = [];
  for await (const each of listUploads(session)) uploads.push(await withActivity(session, each, wish));
  const sorted = sortUploads(uploads, wish, session.clock.nowMs(), session.target.capabilities.idleExpiryMs);
  for (const { open } of sorted.inUse) {
    const { uploadId, createdAt } = open;
    session.report({ type: 'notice', notice: 'in-use-elsewhere', uploadId, createdAt });
  }
  if (wish.dryRun) return printUploads(context, session, sorted.take);
  if (sorted.take.length === 0 || !(await confirmed(context, sorted))) return;
  await abortEach(
    context,
    session,
    sorted.take.map(({ open }) => open),
    { listed: true, forget: wish.forget },
  );
}

async function confirmed(context: CommandContext, sorted: SortedUploads): Promise<boolean> {
  if (context.options.read.flag('yes')) return true;
  context.reporter.done();
  const count = sorted.take.length;
  const asking = createInterface({ input: context.io.stdin, output: context.io.stderr });
  // On a terminal that is asked, Ctrl-C comes as a key and not as a signal.
  const interrupted = new AbortController();
  asking.once('SIGINT', () => interrupted.abort(new TransferError('stopped', { signal: 'SIGINT' })));
  const signal = AbortSignal.any([context.io.signal, interrupted.signal]);
  try {
    const question = `Abort ${count} ${count === 1 ? 'upload' : 'uploads'}? What was sent of them is lost. [y/N] `;
    return /^y(es)?$/i.test((await asking.question(question, { signal })).trim());
  } catch (error) {
    signal.throwIfAborted();
    // Ctrl-D: no answer is a no.
    if (error instanceof Error && error.name === 'AbortError') return false;
    throw error;
  } finally {
    asking.close();
  }
}

/** Busy ones are passed over until the others are done. */
async function abortEach(
  context: CommandContext,
  session: Session,
  uploads: readonly Pick<OpenUpload, 'uploadId' | 'key'>[],
  how: { readonly listed: boolean; readonly forget: boolean },
): Promise<void> {
  const busy: unknown[] = [];
  for (const { uploadId, key } of uploads) {
    try {
      const there = sessionAt(session, key);
      const { answer } = await abortUpload(there, uploadId, how);
      const object = abortedJson({ uploadId, target: there.targetIdentity.url, key }, answer);
      await context.result(object, `aborted\t${uploadId}`);
    } catch (error) {
      if (isFailure(error, 'busy')) busy.push(error);
      else await context.fail(error);
      if (stopsTheRun(error)) return;
    }
  }
  for (const error of busy) await context.fail(error);
}

async function listWanted(context: CommandContext, session: Session, ids: readonly string[]): Promise<void> {
  const wanted: JoinedUpload[] = [];
  for await (const each of listUploads(session)) {
    if (ids.includes(each.open.uploadId)) wanted.push(each);
  }
  await printUploads(context, session, wanted);
  for (const name of ids) {
    if (wanted.some(({ open }) => open.uploadId === name)) continue;
    await context.fail(new TransferError('not-found', { what: 'upload', name, detail: null }), {
      target: session.targetIdentity.url,
      uploadId: name,
    });
  }
}

async function printUploads(
  context: CommandContext,
  session: Session,
  uploads: readonly JoinedUpload[],
): Promise<void> {
  const printer = streamPrinter<UploadJson>(
    context,
    uploadsTableFor(parseTargetUrl(session.targetIdentity.url)),
  );
  for (const upload of uploads) await printer.print(joinedJson(session, upload));
  await printer.end();
}
