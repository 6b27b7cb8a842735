/** Reads lines of bytes, with memory for one of them. */
import { NEWLINE, splitBytes } from './split-bytes.js';

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
export async function* linesOf(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Line> {
  let number = 0;
  const form = { separator: NEWLINE, maxBytes: LINE_MAX_BYTES } as const;
  for await (const { bytes, isCut, isEnded } of splitBytes(chunks, form)) {
    number += 1;
    yield { number, bytes: isCut ? Buffer.alloc(0) : bytes, isWhole: isEnded && !isCut };
  }
}
