/** Prints what commands find and make: one result, or rows while they come. */
import { storesObjects, type TargetUrl } from '../core/target-url.js';
import type { ArchiveResult } from '../transfer/session.js';
import { archiveJson } from '../ui/archive-json.js';
import { jsonLine } from '../ui/json.js';
import type { TableOptions, TableStream } from '../ui/tables/table-layout.js';
import { keyedUploadsTable, uploadsTable } from '../ui/tables/tables.js';
import { safeWhole } from '../ui/text/safe-text.js';
import type { CommandContext } from './command.js';
import { showsUnicode } from './reporter.js';

/**
 * Prints the result of `upload` and `resume`: the archive id alone, or the whole object under --json. The id comes from
 * the service or has the name of a file in it, so it is escaped, as in tables: one id is one line.
 */
export async function printArchive(context: CommandContext, result: ArchiveResult): Promise<void> {
  const { archiveId } = result.entry;
  await context.result(archiveJson(result.entry, result), safeWhole(archiveId), archiveId);
}

export interface RowPrinter<Row> {
  print(row: Row): Promise<void>;
  end(): Promise<void>;
}

/**
 * Prints rows as they come: objects under --json, else a table that is printed while it is read.
 * @param together the characters of rows that are written together, because a write takes longer than reading a row from
 * the disk; 0 for rows that come from a service, which are written one by one
 */
export function rowPrinter<Row extends { readonly type: string }>(
  context: CommandContext,
  startTable: (options: TableOptions) => TableStream<Row>,
  together = 0,
): RowPrinter<Row> {
  const { stdout } = context.io;
  const table = context.output.json ? jsonLines : startTable(tableOptions(context));
  let held = '';
  const write = async (): Promise<void> => {
    const text = held;
    held = '';
    if (text !== '') await stdout.line(text.replace(/\n$/, ''));
  };
  return {
    async print(row) {
      held += table.push(row);
      if (held.length > together) await write();
    },
    async end() {
      held += table.end();
      await write();
    },
  };
}

/** Rows as JSON Lines, in the form of a table. */
const jsonLines: TableStream<{ readonly type: string }> = {
  push: (row) => `${jsonLine(row)}\n`,
  end: () => '',
};

export function tableOptions({ io }: CommandContext): TableOptions {
  const { isTerminal, columns } = io.stdout;
  const unicode = showsUnicode(io);
  return columns === null ? { isTerminal, unicode } : { isTerminal, unicode, columns };
}

/** Returns the table in which uploads to this target are listed. */
export function uploadsTableFor({ scheme }: TargetUrl): typeof uploadsTable {
  return storesObjects(scheme) ? keyedUploadsTable : uploadsTable;
}
