/**
 * Lines that verify themselves: a JSON object whose last key is `check`, the first 16 hex digits of
 * SHA-256 over the line's bytes before `,"check"`. Any JSON reader can read them. Only this codec
 * can tell whether they are intact.
 */
import { digits16 } from './names.js';

const CHECK_KEY = ',"check":"';
const CHECK_END = '"}';
const SUFFIX_BYTES = CHECK_KEY.length + 16 + CHECK_END.length;

/** The object in a line. Its keys are unknown until a guard has checked them. */
export interface LineValue {
  readonly type?: unknown;
  readonly version?: unknown;
}

/**
 * @param value a JSON object with at least one key, none of them `check`
 * @returns the line with its newline
 */
export function encodeLine(value: object): string {
  const json = JSON.stringify(value);
  if (!json.startsWith('{"') || Object.hasOwn(value, 'check'))
    throw new TypeError(`a line cannot hold ${json}`);
  const body = json.slice(0, -1);
  return `${body}${CHECK_KEY}${digits16(body)}${CHECK_END}\n`;
}

/**
 * Checks bytes and not text, because decoding turns different kinds of broken UTF-8 into the same character.
 * @param line one line without its newline
 * @returns the object without its `check`, or null when any byte differs from what was written
 */
export function decodeLine(line: Buffer): LineValue | null {
  const body = line.subarray(0, Math.max(0, line.length - SUFFIX_BYTES));
  const suffix = line.subarray(body.length).toString('latin1');
  if (suffix !== `${CHECK_KEY}${digits16(body)}${CHECK_END}`) return null;
  try {
    const value: unknown = JSON.parse(`${body.toString('utf8')}}`);
    return typeof value === 'object' && value !== null ? value : null;
  } catch {
    return null;
  }
}
