/** Reads the names of a list, one after the other. */
import { type Segment, type SplitForm, splitBytes } from '../split-bytes.js';

/** No system takes a longer path: Linux takes 4,095 bytes, macOS 1,023. */
const NAME_MAX_BYTES = 8192;

/** Its bytes are all between two separators: also a carriage return, or blanks at its ends. */
export type ListedName = Pick<Segment, 'bytes' | 'isCut'>;

/**
 * Splits the bytes of a list into names. Empty names are left out.
 * @param separator the byte behind each name; the last one may lack it
 */
export async function* listedNames(
  pieces: AsyncIterable<Uint8Array>,
  separator: SplitForm['separator'],
): AsyncGenerator<ListedName, void> {
  for await (const name of splitBytes(pieces, { separator, maxBytes: NAME_MAX_BYTES })) {
    if (name.bytes.length > 0) yield name;
  }
}
