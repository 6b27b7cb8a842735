/** Reads the names of a list, one after the other. */

/** No system takes a longer path: Linux takes 4,095 bytes, macOS 1,023. */
const NAME_MAX_BYTES = 8192;

export interface ListedName {
  /** Every byte between two separators: also a carriage return, or blanks at its ends. */
  readonly bytes: Buffer;
  /** True if the name is longer than any path, and its end is not in `bytes`. */
  readonly isCut: boolean;
}

export const NEWLINE = 0x0a;
export const NUL = 0x00;

/**
 * Splits the bytes of a list into names. Empty names are left out. No more than one name and one piece of the list is in
 * memory.
 * @param separator the byte behind each name; the last one may lack it
 */
export async function* listedNames(
  pieces: AsyncIterable<Uint8Array>,
  separator: typeof NEWLINE | typeof NUL,
): AsyncGenerator<ListedName, void> {
  let begun: Buffer = Buffer.alloc(0);
  let isCut = false;
  const add = (bytes: Buffer): void => {
    isCut ||= begun.length + bytes.length > NAME_MAX_BYTES;
    // Copies, because a stream may use the memory of its piece again.
    begun = Buffer.concat([begun, bytes.subarray(0, NAME_MAX_BYTES - begun.length)]);
  };
  for await (const { buffer, byteOffset, byteLength } of pieces) {
    const piece = Buffer.from(buffer, byteOffset, byteLength);
    let start = 0;
    for (let end = piece.indexOf(separator); end >= 0; end = piece.indexOf(separator, start)) {
      add(piece.subarray(start, end));
      if (begun.length > 0) yield { bytes: begun, isCut };
      [begun, isCut] = [Buffer.alloc(0), false];
      start = end + 1;
    }
    add(piece.subarray(start));
  }
  if (begun.length > 0) yield { bytes: begun, isCut };
}
