import { parseTargetUrl } from '../../core/target-url.js';
import { TARGETS } from '../../targets/registry.js';
import { joiner, listUploads as listAll } from '../../transfer/list.js';
import { jsonLine, pageJson, type UploadJson } from '../../ui/json.js';

import { openTargetSession } from '../compose.js';
import { joinedJson, uploadsTableFor } from '../joined-json.js';
import { streamPrinter } from '../print-table.js';
import type { CommandContext } from '../run-command.js';

/** `calve list-uploads TARGET`, all of it, or one page as the service's own call gives it. */
export async function listUploads(context: CommandContext, words: readonly string[]): Promise<void> {
  const { options } = context;
  const url = parseTargetUrl(words[0] ?? '');
  const limit = options.read.count('limit', 1, TARGETS[url.scheme].capabilities.pageEntriesMax);
  const marker = options.read.text('marker');
  const { session, close } = await openTargetSession(context, url);
  try {
    const printer = streamPrinter<UploadJson>(context, uploadsTableFor(url));
    if (limit === null && marker === null) {
      for await (const upload of listAll(session)) await printer.print(joinedJson(session, upload));
      return await printer.end();
    }
    const join = await joiner(session);
    const page = await session.target.listUploadsPage({ limit, marker }, session.signal);
    for (const open of page.uploads) await printer.print(joinedJson(session, join(open)));
    await printer.end();
    await printMarker(context, page.marker);
  } finally {
    await close();
  }
}

/** stdout carries the list alone, so without --json the next marker goes to stderr. */
async function printMarker(context: CommandContext, marker: string | null): Promise<void> {
  if (context.options.output.json) return context.io.stdout.line(jsonLine(pageJson(marker)));
  if (marker !== null) context.reporter.report({ type: 'notice', notice: 'next-page', marker });
}
