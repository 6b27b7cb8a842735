import { cleanUp } from '../../../core/clean-up.js';
import { isFailure, TransferError, withContext } from '../../../core/failures.js';
import { parseTargetUrl } from '../../../core/target-url.js';
import { type AbortSession, abortUpload } from '../../../transfer/abort.js';
import { chooseUploads } from '../../../transfer/choose-uploads.js';
import { type JoinedUpload, listUploads } from '../../../transfer/list.js';
import type { OpenUpload } from '../../../transfer/ports/target.js';
import { sessionAt } from '../../../transfer/session.js';
import { abortedJson, type UploadJson } from '../../../ui/json.js';
import { safeWhole } from '../../../ui/text/safe-text.js';
import type { CommandContext } from '../../command.js';
import { stopsTheRun } from '../../exit-codes.js';
import { joinedJson } from '../../joined-json.js';
import { checkKey, ownKey } from '../../object-key.js';
import { rowPrinter, uploadsTableFor } from '../../results.js';
import type { Options } from './command.js';
import { checkMayAsk, confirmed } from './confirm.js';
import { openAbort, readSelection, type Selection } from './selection.js';

type Context = CommandContext<Options>;

/** `calve abort TARGET --upload-id ID...`, or `--older-than TIME`, or `--all` */
export async function abort(context: Context, words: readonly string[]): Promise<void> {
  const { own } = context.options;
  const url = parseTargetUrl(words[0] ?? '');
  const selection = readSelection(own);
  const isSweep = selection.ids.length === 0;
  if (!isSweep) checkKey(url, 'abort');
  if (isSweep && !own.dryRun && !own.yes) checkMayAsk(context);
  const session = await openAbort(context, url);
  try {
    if (isSweep) await sweep(context, session, selection);
    else if (own.dryRun) await listSelected(context, session, selection.ids);
    else {
      const key = ownKey(url);
      const uploads = selection.ids.map((uploadId) => ({ uploadId, key }));
      await abortEach(context, session, uploads, { listed: false, forget: own.dropRecord });
    }
  } catch (error) {
    throw withContext(error, { target: url.url });
  } finally {
    await cleanUp(() => session.target.close());
  }
}

async function sweep(context: Context, session: AbortSession, selection: Selection): Promise<void> {
  const sorted = await chooseUploads(session, selection);
  const { own } = context.options;
  if (own.dryRun) return printUploads(context, session, sorted.take);
  const why = await reasonToStop(context, session, sorted.take);
  if (why !== null) return session.report({ type: 'notice', notice: 'nothing-aborted', why });
  await abortEach(
    context,
    session,
    sorted.take.map(({ open }) => open),
    { listed: true, forget: own.dropRecord },
  );
}

/** Lists the uploads and asks, unless --yes is given. @returns null if the uploads are to be aborted */
async function reasonToStop(
  context: Context,
  session: AbortSession,
  uploads: readonly JoinedUpload[],
): Promise<'none' | 'declined' | null> {
  if (uploads.length === 0) return 'none';
  if (context.options.own.yes) return null;
  const rows = uploads.map((upload) => joinedJson(session, upload));
  const columns = context.io.stderr.columns || undefined;
  const table = uploadsTableFor(parseTargetUrl(session.targetIdentity.url))({ isTerminal: true, columns });
  const text = rows.map((row) => table.push(row)).join('') + table.end();
  return (await confirmed(context, { text, count: rows.length })) ? null : 'declined';
}

/** Aborts the uploads. Those that another calve works on fail at the end, after the others are done. */
async function abortEach(
  context: Context,
  session: AbortSession,
  uploads: readonly Pick<OpenUpload, 'uploadId' | 'key'>[],
  how: { readonly listed: boolean; readonly forget: boolean },
): Promise<void> {
  const busy: unknown[] = [];
  for (const { uploadId, key } of uploads) {
    try {
      const there = sessionAt(session, key);
      const { answer } = await abortUpload(there, uploadId, how);
      const object = abortedJson({ uploadId, target: there.targetIdentity.url, key }, answer);
      await context.result(object, `aborted\t${safeWhole(uploadId)}`);
    } catch (error) {
      if (isFailure(error, 'busy')) busy.push(error);
      else await context.fail(error);
      if (stopsTheRun(error)) return;
    }
  }
  for (const error of busy) await context.fail(error);
}

async function listSelected(context: Context, session: AbortSession, ids: readonly string[]): Promise<void> {
  const selected: JoinedUpload[] = [];
  for await (const each of listUploads(session)) {
    if (ids.includes(each.open.uploadId)) selected.push(each);
  }
  await printUploads(context, session, selected);
  for (const name of ids) {
    if (selected.some(({ open }) => open.uploadId === name)) continue;
    await context.fail(new TransferError('not-found', { what: 'upload', name, detail: null }), {
      target: session.targetIdentity.url,
      uploadId: name,
    });
  }
}

async function printUploads(
  context: Context,
  session: AbortSession,
  uploads: readonly JoinedUpload[],
): Promise<void> {
  const printer = rowPrinter<UploadJson>(
    context,
    uploadsTableFor(parseTargetUrl(session.targetIdentity.url)),
  );
  for (const upload of uploads) await printer.print(joinedJson(session, upload));
  await printer.end();
}
