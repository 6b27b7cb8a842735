/** Names whose bytes are not UTF-8. Node.js decodes the command line, the environment and the working folder as UTF-8. */

/** Node.js puts this character in the place of bytes that are not UTF-8. */
const REPLACED = '\ufffd';

export const LOST_BYTES = 'the name has bytes that are not UTF-8, and Node.js cannot pass them on';

/** Returns true if a name may have lost bytes. A name that contains the character itself is rare. */
export function mayHaveLostBytes(name: string): boolean {
  return name.includes(REPLACED);
}
