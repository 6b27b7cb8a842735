import { TransferError } from '../../../core/failures.js';
import { cataloguedJson } from '../../../ui/archive-json.js';
import { jsonLine } from '../../../ui/json.js';
import { archivesTable } from '../../../ui/tables/tables.js';
import type { CommandContext } from '../../command.js';
import { openArchives } from '../../compose.js';
import { tableOptions } from '../../results.js';
import type { Options } from './command.js';

/** `calve archives [--forget ID]` asks no service. */
export async function archives(context: CommandContext<Options>): Promise<void> {
  const { io, options, output } = context;
  const catalogue = openArchives(options);
  const forgotten = options.own.forget;
  if (forgotten !== null) {
    if (await catalogue.forget(forgotten)) return;
    throw new TransferError('not-found', { what: 'catalogue entry', name: forgotten, detail: null });
  }
  const objects = (await catalogue.all()).map(cataloguedJson);
  if (!output.json) {
    return io.stdout.line(archivesTable(objects, tableOptions(context)).trimEnd());
  }
  for (const object of objects) await io.stdout.line(jsonLine(object), object.archiveId);
}
