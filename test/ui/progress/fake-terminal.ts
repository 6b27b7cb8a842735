/** A standard error that remembers: everything written, and what a person would see of it. */
import { Writable } from 'node:stream';

export class FakeStderr extends Writable {
  readonly isTTY: boolean;
  readonly columns: number;
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

  /** The lines that are on the screen now. @throws Error for a sequence that calve has no reason to send */
  screen(): string[] {
    return screenOf(this.text);
  }
}

/** Plays what bars and spinners send: text, new lines, returns, and a few sequences. */
function screenOf(text: string): string[] {
  const lines: string[][] = [[]];
  let row = 0;
  let column = 0;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences are what is being read.
  for (const [token, parameter, final] of text.matchAll(/\x1b\[([?\d;]*)([A-Za-z])|[\s\S]/gu)) {
    const line = lines[row] ?? [];
    lines[row] = line;
    if (token === '\n') {
      row += 1;
      column = 0;
    } else if (token === '\r') column = 0;
    else if (final === undefined) line[column++] = token;
    else if (final === 'K') line.length = parameter === '2' ? 0 : Math.min(line.length, column);
    else if (final === 'G') column = Number(parameter) - 1;
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

/** A stream of which the reader has gone: the first write fails, and tells so only afterwards, as a pipe does. */
export function brokenStderr(isTTY: boolean): FakeStderr {
  const stream = new FakeStderr({ isTTY });
  stream._write = (_chunk, _encoding, callback) => {
    setImmediate(() => callback(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' })));
  };
  return stream;
}
