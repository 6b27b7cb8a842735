/** The name that a user gives to a stream. It stands where a file has its base name. */
import { TransferError } from './failures.js';
import { STANDARD_INPUT_WORD } from './identity.js';

/** File systems take names of this length. Source: limits.h of Linux, NAME_MAX. */
const NAME_MAX_BYTES = 255;

/** Returns the reason why a text cannot be the name of a stream; null if it can. */
function fault(text: string): string | null {
  if (text === '') return 'it is empty';
  if (text === STANDARD_INPUT_WORD) return '- is the word for standard input, which has no name';
  if (text === '.' || text === '..') return 'it is the name of a folder';
  if (text.includes('/')) return 'it has a slash, and a name is no path';
  if (/\p{Cc}/u.test(text)) return 'it has a control character';
  if (text.includes('\ufffd')) return 'it has bytes that are not UTF-8';
  const bytes = new TextEncoder().encode(text).length;
  return bytes > NAME_MAX_BYTES ? `it has ${bytes} bytes, and a name has at most ${NAME_MAX_BYTES}` : null;
}

/**
 * Checks the name of a stream: it must be possible as the name of a file, and safe to print.
 * @throws TransferError `usage`
 */
export function checkStreamName(text: string): string {
  const why = fault(text);
  if (why === null) return text;
  const hint = 'give a name such as database.sql; the target says where the archive goes';
  throw new TransferError('usage', { what: '--name', why, hint });
}
