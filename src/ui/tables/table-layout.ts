/**
 * Tables in two forms: on a terminal aligned and in human units, elsewhere tab-separated with exact values. Both have
 * one header line. Functions return text, and the caller writes it.
 */
import { safeText, safeWhole } from '../text/safe-text.js';
import { keepEnd, pad, textWidth } from '../text/text-width.js';

/** A column is part of a form if it has the function for that form. The last column is the id: it is never cut. */
export interface Column<Row> {
  /** Header of the exact form: the key that the value has in `--json`. */
  readonly name: string;
  /** Header on a terminal. */
  readonly title: string;
  readonly align?: 'left' | 'right';
  /** On a terminal, wider cells lose their start. */
  readonly widthMax?: number;
  readonly human?: (row: Row) => string | null;
  readonly exact?: (row: Row) => string | number | null;
}

export interface TableOptions {
  readonly isTerminal: boolean;
  /** Width of the terminal; if it is unknown, lines are as wide as necessary. */
  readonly columns?: number | undefined;
  /** True if the terminal shows more than ASCII. Tables are ASCII apart from their cells. */
  readonly unicode?: boolean;
}

/** A table that is printed while its rows are still being read. Write the text that a method returns at once. */
export interface TableStream<Row> {
  push(row: Row): string;
  end(): string;
}

/** The first rows determine the widths of the columns on a terminal; later rows keep these widths if they fit. */
const MEASURED_ROWS = 50;
const GAP = '  ';

/** Longer than the longest path or description with escapes; short enough that a hostile service cannot fill a log. */
const EXACT_CELL_MAX_LENGTH = 10_000;

function exactTable<Row>(columns: readonly Column<Row>[]): TableStream<Row> {
  const shown = columns.filter((column) => column.exact !== undefined);
  let header = `${shown.map((column) => column.name).join('\t')}\n`;
  const takeHeader = () => {
    const text = header;
    header = '';
    return text;
  };
  const cell = (column: Column<Row>, row: Row, index: number) => {
    const text = String(column.exact?.(row) ?? '');
    return index === shown.length - 1 ? safeWhole(text) : safeText(text, EXACT_CELL_MAX_LENGTH);
  };
  return {
    push: (row) => `${takeHeader()}${shown.map((column, i) => cell(column, row, i)).join('\t')}\n`,
    end: takeHeader,
  };
}

/** Returns the aligned cells of a row. An id that does not fit beside the other cells has a line of its own. */
function alignedLines<Row>(cells: readonly string[], layout: Layout<Row>): string {
  const lastIndex = cells.length - 1;
  const padded = cells.map((cell, i) => pad(cell, layout.widths[i] ?? 0, layout.columns[i]?.align ?? 'left'));
  const id = cells[lastIndex] ?? '';
  const others = padded.slice(0, lastIndex).join(GAP);
  if (layout.isIdBelow) return `${others.trimEnd()}\n${GAP}${id}\n`;
  return `${[...padded.slice(0, lastIndex), id].join(GAP).trimEnd()}\n`;
}

interface Layout<Row> {
  readonly columns: readonly Column<Row>[];
  readonly widths: readonly number[];
  readonly isIdBelow: boolean;
}

function measure<Row>(
  columns: readonly Column<Row>[],
  rows: readonly string[][],
  terminalColumns: number,
): Layout<Row> {
  const widths = columns.map((_, i) => Math.max(...rows.map((cells) => textWidth(cells[i] ?? ''))));
  const total = widths.reduce((sum, width) => sum + width, 0) + GAP.length * (widths.length - 1);
  return { columns, widths, isIdBelow: columns.length > 1 && total > terminalColumns };
}

function alignedTable<Row>(columns: readonly Column<Row>[], terminalColumns: number): TableStream<Row> {
  const shown = columns.filter((column) => column.human !== undefined);
  let waiting: string[][] = [shown.map((column) => column.title)];
  let layout: Layout<Row> | null = null;
  const flush = () => {
    layout ??= measure(shown, waiting, terminalColumns);
    const fixed = layout;
    const text = waiting.map((cells) => alignedLines(cells, fixed)).join('');
    waiting = [];
    return text;
  };
  const cell = (column: Column<Row>, row: Row) =>
    keepEnd(safeWhole(column.human?.(row) ?? '-'), column.widthMax ?? Number.POSITIVE_INFINITY);
  return {
    push: (row) => {
      waiting.push(shown.map((column) => cell(column, row)));
      return layout === null && waiting.length <= MEASURED_ROWS ? '' : flush();
    },
    end: flush,
  };
}

/** Starts a table whose rows come one by one: a vault may have 100,000 uploads in progress. */
export function tableStream<Row>(columns: readonly Column<Row>[], options: TableOptions): TableStream<Row> {
  return options.isTerminal
    ? alignedTable(columns, options.columns ?? Number.POSITIVE_INFINITY)
    : exactTable(columns);
}

/** Returns the whole table. A table without rows still has its header. */
export function renderTable<Row>(
  columns: readonly Column<Row>[],
  rows: Iterable<Row>,
  options: TableOptions,
): string {
  const table = tableStream(columns, options);
  return Array.from(rows, (row) => table.push(row)).join('') + table.end();
}
