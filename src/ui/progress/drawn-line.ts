/**
 * The line that a bar or a spinner draws at the cursor again and again. It remembers how wide the last frame was: a window
 * that was made narrower has wrapped it to several rows, and all of them must go.
 */
import { stripVTControlCharacters } from 'node:util';
import { textWidth } from '../text/text-width.js';
import type { ErrorStream, GuardedWriter } from './guarded-stream.js';

const COLUMNS_UNKNOWN = 80;
const CLEAR_LINE = '\r\x1b[2K';
const CLEAR_RIGHT = '\x1b[K';

export interface DrawnLine {
  /** The width of the terminal. */
  columns(): number;
  /** Replaces what was drawn. A frame without visible text is a sequence for the terminal, and passes as it is. */
  draw(frame: string): void;
  /** Removes what was drawn; the cursor is then at the start of an empty line. */
  clear(): void;
}

export function drawnLine(stream: ErrorStream, writer: GuardedWriter): DrawnLine {
  const columns = () => stream.columns || COLUMNS_UNKNOWN;
  let shownWidth = 0;
  const toFirstRow = () => {
    const rows = Math.ceil(shownWidth / columns());
    shownWidth = 0;
    return rows <= 1 ? '' : `\r\x1b[${rows - 1}A\x1b[J`;
  };
  return {
    columns,
    draw(frame) {
      const width = textWidth(stripVTControlCharacters(frame));
      if (width === 0) return writer.write(frame);
      writer.write(`${toFirstRow()}\r${frame}${CLEAR_RIGHT}`);
      shownWidth = width;
    },
    clear: () => writer.write(toFirstRow() + CLEAR_LINE),
  };
}

const ignore = () => {};

/**
 * Replaces the terminal of cli-progress, which turns line wrapping off, and writes each frame in three pieces, between
 * which the cursor visibly jumps.
 */
export function barTerminal({ columns, draw, clear }: DrawnLine) {
  return {
    cursorSave: ignore,
    cursorRestore: ignore,
    cursor: ignore,
    cursorTo: ignore,
    lineWrapping: ignore,
    clearRight: ignore,
    newline: ignore,
    clearLine: clear,
    write: draw,
    isTTY: () => true,
    getWidth: columns,
  };
}

/**
 * Replaces the stream of ora, which clears as many rows as the frame had when it was drawn. ora uses these members only;
 * it clears before each frame, and asks for at least one row to be cleared.
 */
export function spinnerStream({ columns, draw, clear }: DrawnLine): NodeJS.WritableStream {
  const stream = {
    isTTY: true,
    get columns() {
      return columns();
    },
    cursorTo: ignore,
    moveCursor: ignore,
    clearLine: clear,
    write(frame: string) {
      draw(frame);
      return true;
    },
  };
  return stream as unknown as NodeJS.WritableStream;
}
