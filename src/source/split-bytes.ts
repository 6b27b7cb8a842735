/** Splits bytes at a separator, with memory for one segment and one chunk. */

export const NEWLINE = 0x0a;
export const NUL = 0x00;

export interface SplitForm {
  readonly separator: typeof NEWLINE | typeof NUL;
  /** The most bytes that are kept of a segment. */
  readonly maxBytes: number;
}

export interface Segment {
  /** Without the separator. A copy, because a stream may use the memory of its chunk again. */
  readonly bytes: Buffer;
  /** True if the segment is longer than `maxBytes`, and its end is not in `bytes`. */
  readonly isCut: boolean;
  /** False for a last segment without a separator. */
  readonly isEnded: boolean;
}

/** Yields empty segments, too, but none behind the last separator. */
export async function* splitBytes(
  chunks: AsyncIterable<Uint8Array>,
  { separator, maxBytes }: SplitForm,
): AsyncGenerator<Segment, void> {
  let begun: Buffer = Buffer.alloc(0);
  let isCut = false;
  const add = (bytes: Buffer): void => {
    isCut ||= begun.length + bytes.length > maxBytes;
    begun = Buffer.concat([begun, bytes.subarray(0, maxBytes - begun.length)]);
  };
  for await (const { buffer, byteOffset, byteLength } of chunks) {
    const chunk = Buffer.from(buffer, byteOffset, byteLength);
    let start = 0;
    for (let end = chunk.indexOf(separator); end >= 0; end = chunk.indexOf(separator, start)) {
      add(chunk.subarray(start, end));
      yield { bytes: begun, isCut, isEnded: true };
      [begun, isCut] = [Buffer.alloc(0), false];
      start = end + 1;
    }
    add(chunk.subarray(start));
  }
  if (begun.length > 0) yield { bytes: begun, isCut, isEnded: false };
}
