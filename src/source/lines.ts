/** Splits bytes into lines, with memory for one of them. */

const NEWLINE = 10;
/** Far longer than an entry of the catalogue with the longest path, each byte of it escaped. */
const LINE_MAX_BYTES = 1024 * 1024;

export interface Line {
  /** Counted from 1. */
  readonly number: number;
  /** Without the newline; empty for a line that is too long. */
  readonly bytes: Buffer;
  /** False for a last line without a newline, and for one that is too long. */
  readonly isWhole: boolean;
}

/** Splits at newlines only: a decoder of text would also split at characters that a name may contain. */
export async function* linesOf(chunks: AsyncIterable<Buffer>): AsyncGenerator<Line> {
  let number = 1;
  let held: Buffer[] = [];
  let heldBytes = 0;
  const take = (isEnded: boolean): Line => {
    const isWhole = isEnded && heldBytes <= LINE_MAX_BYTES;
    const line = { number, bytes: Buffer.concat(held), isWhole };
    number += 1;
    [held, heldBytes] = [[], 0];
    return line;
  };
  const hold = (bytes: Buffer): void => {
    heldBytes += bytes.length;
    if (heldBytes > LINE_MAX_BYTES) held = [];
    else if (bytes.length > 0) held.push(bytes);
  };
  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
      hold(chunk.subarray(start, end));
      yield take(true);
      start = end + 1;
    }
    hold(chunk.subarray(start));
  }
  if (heldBytes > 0) yield take(false);
}
