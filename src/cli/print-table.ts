/** Rows as they come: objects under --json, else a table that is printed while it is read. */
import { jsonLine } from '../ui/json.js';
import type { TableOptions, TableStream } from '../ui/tables/table-layout.js';
import type { CommandContext } from './run-command.js';

export interface RowPrinter<Row> {
  print(row: Row): Promise<void>;
  end(): Promise<void>;
}

export function tableOptions(context: CommandContext): TableOptions {
  const { isTerminal, columns } = context.io.stdout;
  return columns === null ? { isTerminal } : { isTerminal, columns };
}

export function streamPrinter<Row extends { readonly type: string }>(
  context: CommandContext,
  startTable: (options: TableOptions) => TableStream<Row>,
): RowPrinter<Row> {
  const { stdout } = context.io;
  if (context.options.output.json) {
    return { print: (row) => stdout.line(jsonLine(row)), end: async () => undefined };
  }
  const table = startTable(tableOptions(context));
  const write = async (text: string): Promise<void> => {
    if (text !== '') await stdout.line(text.replace(/\n$/, ''));
  };
  return { print: (row) => write(table.push(row)), end: () => write(table.end()) };
}
