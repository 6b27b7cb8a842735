import { TransferError } from '../../../core/failures.js';
import { cataloguedJson } from '../../../ui/archive-json.js';
import { archivesTable } from '../../../ui/tables/tables.js';
import type { CommandContext } from '../../command.js';
import { openArchives } from '../../compose.js';
import { rowPrinter } from '../../results.js';
import type { Options } from './command.js';

const PRINTED_TOGETHER = 16 * 1024;

/** `calve archives [--forget ID]` asks no service. */
export async function archives(context: CommandContext<Options>): Promise<void> {
  const { options } = context;
  const catalogue = openArchives(options);
  const forgotten = options.own.forget;
  if (forgotten !== null) {
    if (await catalogue.forget(forgotten)) return;
    throw new TransferError('not-found', { what: 'catalogue entry', name: forgotten, detail: null });
  }
  const printer = rowPrinter(context, archivesTable, PRINTED_TOGETHER);
  for await (const entry of catalogue.oldestFirst()) await printer.print(cataloguedJson(entry));
  await printer.end();
}
