import { cleanUp } from '../../../core/clean-up.js';
import { isFailure, withContext } from '../../../core/failures.js';
import { parseTargetUrl } from '../../../core/target-url.js';
import { TARGETS } from '../../../targets/registry.js';
import { joiner, listUploads as listAll } from '../../../transfer/list.js';
import { jsonLine, pageJson, type UploadJson } from '../../../ui/json.js';
import type { CommandContext } from '../../command.js';
import { connectTarget, openState, resolveTarget } from '../../compose.js';
import { joinedJson } from '../../joined-json.js';
import type { Given } from '../../options/given.js';
import { DEFAULT_TRANSFER } from '../../options/transfer.js';
import { rowPrinter, uploadsTableFor } from '../../results.js';
import type { Options } from './command.js';

/** `calve list-uploads TARGET` prints the whole list, or one page as the service gives it. */
export async function listUploads(context: CommandContext<Options>, words: readonly string[]): Promise<void> {
  const { io, given, reporter } = context;
  const options = { ...context.options, transfer: DEFAULT_TRANSFER };
  const url = parseTargetUrl(words[0] ?? '');
  const { limit, marker } = options.own;
  const limitMax = TARGETS[url.scheme].capabilities.pageEntriesMax;
  if (limit !== null && limit > limitMax)
    given.refuse('--limit', `it takes a whole number from 1 to ${limitMax}`);
  const state = openState(options);
  const resolved = await resolveTarget(io, options, url);
  const connected = await connectTarget(io, options, resolved, { create: false, reporter });
  const session = { ...connected, state, signal: io.signal };
  try {
    const printer = rowPrinter<UploadJson>(context, uploadsTableFor(url));
    if (limit === null && marker === null) {
      for await (const upload of listAll(session)) await printer.print(joinedJson(session, upload));
      return await printer.end();
    }
    const join = await joiner(session);
    const page = await session.target.listUploadsPage({ limit, marker }, session.signal);
    for (const open of page.uploads) await printer.print(joinedJson(session, join(open)));
    await printer.end();
    await printMarker(context, page.marker);
  } catch (error) {
    // A vault refuses the marker itself, a bucket's marker is read here: for both it is a mistake in the command line.
    if (marker !== null && isMalformed(error)) refuseMarker(given);
    throw withContext(error, { target: url.url });
  } finally {
    await cleanUp(() => session.target.close());
  }
}

function refuseMarker(given: Given): never {
  const hint = 'use the marker that the previous page printed';
  given.refuse('--marker', 'it is not the marker of an earlier page', hint);
}

/** Returns true if the service says that a value of the request is not valid. */
function isMalformed(error: unknown): boolean {
  return isFailure(error, 'refused') && error.facts.why === 'rejected' && error.service?.httpStatus === 400;
}

/** Prints the next marker: without --json on stderr, because stdout has the list alone. */
async function printMarker(context: CommandContext, marker: string | null): Promise<void> {
  if (context.output.json) return context.io.stdout.line(jsonLine(pageJson(marker)));
  if (marker !== null) context.reporter.report({ type: 'notice', notice: 'next-page', marker });
}
