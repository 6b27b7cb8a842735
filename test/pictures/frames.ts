/** Turns a recording into pictures of the screen. */
import headless from '@xterm/headless';
import type { Recording } from './session.js';

/** Characters of one style that follow each other. */
export interface Run {
  readonly column: number;
  readonly text: string;
  /** `dim`, `cyan`, `green`, `yellow`, or '' for plain text. */
  readonly style: string;
}

export type Row = readonly Run[];

export interface Frame {
  readonly atMs: number;
  readonly rows: readonly Row[];
}

/** The colours that calve uses, by their numbers. */
const COLOURS: ReadonlyMap<number, string> = new Map([
  [2, 'green'],
  [3, 'yellow'],
  [6, 'cyan'],
]);

type Terminal = InstanceType<typeof headless.Terminal>;

/** @throws Error for a colour that has no style here */
function readRow(terminal: Terminal, y: number): Row {
  const line = terminal.buffer.active.getLine(y);
  const runs: { column: number; text: string; style: string }[] = [];
  for (let x = 0; x < terminal.cols; x += 1) {
    const cell = line?.getCell(x);
    if (cell === undefined || cell.getWidth() === 0) continue;
    const colour = cell.isFgDefault() ? '' : COLOURS.get(cell.getFgColor());
    if (colour === undefined) throw new Error(`colour ${cell.getFgColor()} is not known`);
    const style = cell.isDim() ? 'dim' : colour;
    const last = runs.at(-1);
    if (last !== undefined && last.style === style) last.text += cell.getChars() || ' ';
    else runs.push({ column: x, text: cell.getChars() || ' ', style });
  }
  const end = runs.at(-1);
  if (end !== undefined) end.text = end.text.trimEnd();
  return runs.filter(({ text }) => text.trim() !== '');
}

/**
 * Returns the different screens, in their order. The last one is the end of the session.
 * @param everyMs the shortest time from one to the next
 */
export async function framesOf({ columns, rows, chunks }: Recording, everyMs: number): Promise<Frame[]> {
  const terminal = new headless.Terminal({ cols: columns, rows, allowProposedApi: true });
  const frames: Frame[] = [];
  const take = (atMs: number): void => {
    const screen = Array.from({ length: rows }, (_, y) => readRow(terminal, y));
    const before = frames.at(-1);
    if (before !== undefined && JSON.stringify(before.rows) === JSON.stringify(screen)) return;
    frames.push({ atMs, rows: screen });
  };
  let nextMs = 0;
  for (const { atMs, text } of chunks) {
    if (atMs >= nextMs) {
      take(nextMs);
      nextMs = atMs + everyMs;
    }
    await new Promise<void>((resolve) => terminal.write(text, resolve));
  }
  take(chunks.at(-1)?.atMs ?? 0);
  terminal.dispose();
  return frames.filter(({ rows: screen }) => screen.some((row) => row.length > 0));
}

/** Returns the text of a row, as a reader sees it. */
export function textOf(row: Row): string {
  let text = '';
  for (const run of row) text = text.padEnd(run.column) + run.text;
  return text;
}
