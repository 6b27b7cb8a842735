/** A standard error that records the text, and computes the screen that a person would see. */
import { Writable } from 'node:stream';

export class FakeStderr extends Writable {
  readonly isTTY: boolean;
  columns: number;
  text = '';

  constructor(options: { isTTY: boolean; columns?: number }) {
    super({ decodeStrings: false });
    this.isTTY = options.isTTY;
    this.columns = options.columns ?? 80;
  }

  override _write(chunk: string | Buffer, _encoding: string, callback: (error?: Error) => void): void {
    this.text += String(chunk);
    callback();
  }

  cursorTo(x: number): boolean {
    return this.write(`\x1b[${x + 1}G`);
  }

  moveCursor(_dx: number, dy: number): boolean {
    return this.write(dy < 0 ? `\x1b[${-dy}A` : `\x1b[${dy}B`);
  }

  clearLine(direction: -1 | 0 | 1): boolean {
    return this.write(`\x1b[${direction === 1 ? 0 : 2}K`);
  }

  /** Makes the window narrower, as terminals do that wrap the lines that no longer fit. */
  narrow(columns: number): void {
    const rows = this.screen().flatMap((line) => line.match(new RegExp(`.{1,${columns}}`, 'gu')) ?? ['']);
    this.text = rows.join('\n');
    this.columns = columns;
  }

  /** Returns the lines that are on the screen now. @throws Error for a sequence that calve never needs */
  screen(): string[] {
    return screenOf(this.text);
  }
}

/** Interprets text, line feeds, carriage returns, and the few escape sequences that bars and spinners send. */
function screenOf(text: string): string[] {
  const lines: string[][] = [[]];
  let row = 0;
  let column = 0;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the pattern must match escape sequences.
  for (const [token, parameter, final] of text.matchAll(/\x1b\[([?\d;]*)([A-Za-z])|[\s\S]/gu)) {
    const line = lines[row] ?? [];
    lines[row] = line;
    if (token === '\n') {
      row += 1;
      column = 0;
    } else if (token === '\r') column = 0;
    else if (final === undefined) line[column++] = token;
    else if (final === 'K') line.length = parameter === '2' ? 0 : Math.min(line.length, column);
    else if (final === 'J') {
      line.length = Math.min(line.length, column);
      lines.length = row + 1;
    } else if (final === 'G') column = Number(parameter) - 1;
    else if (final === 'A') row -= Number(parameter);
    else if (final !== 'm' && !parameter?.startsWith('?2026')) throw new Error(JSON.stringify(token));
  }
  const shown = Array.from(lines, (line) =>
    Array.from(line ?? [], (c) => c ?? ' ')
      .join('')
      .trimEnd(),
  );
  while (shown.at(-1) === '') shown.pop();
  return shown;
}

/** Returns a stream without a reader: the first write fails, and reports it only afterwards, as a pipe does. */
export function brokenStderr(isTTY: boolean): FakeStderr {
  const stream = new FakeStderr({ isTTY });
  stream._write = (_chunk, _encoding, callback) => {
    setImmediate(() => callback(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' })));
  };
  return stream;
}
