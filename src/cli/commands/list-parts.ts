import { withContext } from '../../core/failures.js';
import { parseTargetUrl } from '../../core/target-url.js';
import { everyPage } from '../../transfer/list.js';
import { type PartJson, partJson } from '../../ui/json.js';
import { partsTable } from '../../ui/tables/tables.js';
import { openTargetSession } from '../compose.js';
import { checkKey } from '../object-key.js';
import { streamPrinter } from '../print-table.js';
import type { CommandContext } from '../run-command.js';

/** `calve list-parts TARGET --upload-id ID` */
export async function listParts(context: CommandContext, words: readonly string[]): Promise<void> {
  const { options } = context;
  const url = parseTargetUrl(words[0] ?? '');
  checkKey(url, 'list-parts');
  const uploadId = options.read.named('uploadId', 'upload') ?? '';
  const { session, close } = await openTargetSession(context, url);
  const fetchPage = (marker: string | null) =>
    session.target.listPartsPage(uploadId, { limit: null, marker }, session.signal);
  try {
    const printer = streamPrinter<PartJson>(context, partsTable);
    for await (const page of everyPage('list parts', fetchPage)) {
      for (const part of page.parts) await printer.print(partJson(part, page.partSizeBytes));
    }
    await printer.end();
  } catch (error) {
    throw withContext(error, { target: url.url, uploadId });
  } finally {
    await close();
  }
}
