/**
 * Lines that verify themselves: a JSON object whose last key is `check`, the first 16 hex digits of SHA-256 over the
 * line's bytes before `,"check"`. Any JSON reader can read them; only this codec can tell whether they are whole.
 */
import { digits16 } from './digits.js';

const CHECK_KEY = ',"check":"';
const CHECK_END = '"}';
const SUFFIX_BYTES = CHECK_KEY.length + 16 + CHECK_END.length;

/** What a line held: unknown until a guard has looked at it. */
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
    throw new TypeError(`no line can hold ${json}`);
  const body = json.slice(0, -1);
  return `${body}${CHECK_KEY}${digits16(body)}${CHECK_END}\n`;
}

/**
 * Works on bytes, not on text: decoding first would turn different broken UTF-8 into the same replacement character.
 * @param line one line without its newline
 * @returns the object without its `check`, or null when any byte is not as it was written
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
