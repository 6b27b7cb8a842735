/** The exact form of a table as CSV (RFC 4180). */
import { safeWhole } from '../text/safe-text.js';
import type { Column, TableStream } from './table-layout.js';

/**
 * Starts a table with one header line. Control characters are escapes, as in the other tables, so that a row is one line.
 * A cell is not changed if a spreadsheet would take it for a formula: an id may begin with `-`.
 */
export function csvTable<Row>(columns: readonly Column<Row>[]): TableStream<Row> {
  const shown = columns.filter((column) => column.exact !== undefined);
  let header = line(shown.map(({ name }) => name));
  const takeHeader = (): string => {
    const text = header;
    header = '';
    return text;
  };
  return {
    push: (row) => `${takeHeader()}${line(shown.map(({ exact }) => safeWhole(String(exact?.(row) ?? ''))))}`,
    end: takeHeader,
  };
}

/** A space at an end would be lost in some readers without quotes. */
function line(cells: readonly string[]): string {
  const quoted = cells.map((cell) => (/[",]|^ | $/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell));
  return `${quoted.join(',')}\r\n`;
}
