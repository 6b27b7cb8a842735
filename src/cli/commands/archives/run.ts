import { TransferError } from '../../../core/failures.js';
import { archiveJson } from '../../../ui/archive-json.js';
import { archivesCsv, archivesTable } from '../../../ui/tables/tables.js';
import type { CommandContext } from '../../command.js';
import { openArchives } from '../../compose.js';
import { rowPrinter } from '../../results.js';
import { chosenOrder } from './choose.js';
import type { Options } from './command.js';
import { checkUse } from './uses.js';

const PRINTED_TOGETHER = 16 * 1024;

/** `calve archives` asks no service, apart from the import of a journal, which asks whose account the vault is. */
export async function archives(context: CommandContext<Options>): Promise<void> {
  const use = checkUse(context);
  if (use === 'list') return list(context);
  if (use === 'forget') return forget(context, context.options.own.forget ?? '');
  if (use === 'export') return (await import('./export.js')).exportArchives(context);
  await (await import('./import.js')).importArchives(context);
}

async function list(context: CommandContext<Options>): Promise<void> {
  const { options } = context;
  const startTable = options.own.format === 'csv' ? archivesCsv : archivesTable;
  const printer = rowPrinter(context, startTable, PRINTED_TOGETHER);
  for await (const entry of openArchives(options).inOrder(chosenOrder(options)))
    await printer.print(archiveJson(entry));
  await printer.end();
}

async function forget({ options }: CommandContext<Options>, archiveId: string): Promise<void> {
  if (await openArchives(options).forget(archiveId)) return;
  throw new TransferError('not-found', { what: 'catalogue entry', name: archiveId, detail: null });
}
