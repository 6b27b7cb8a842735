/** What a server sent, or a file is named, is never printed raw: it could repaint or reprogram a terminal. */

/** Long enough for any honest message, short enough that a page of HTML from a proxy stays a line or two. */
export const SAFE_TEXT_MAX_LENGTH = 500;

const ELLIPSIS = '…';

/**
 * Characters that act instead of being seen: C0, DEL and C1 controls, marks that turn the reading order (bidi), line
 * and paragraph separators, the byte order mark, invisible tag characters, and halves of surrogate pairs.
 */
const ACTING =
  /[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}\p{Cs}]/u;

const SHORT_ESCAPES: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/** Whether the character would act on a terminal rather than show itself there. */
export function isActing(character: string): boolean {
  return ACTING.test(character);
}

function visible(character: string): string {
  if (!isActing(character)) return character;
  const short = SHORT_ESCAPES[character];
  if (short !== undefined) return short;
  const code = character.codePointAt(0) ?? 0;
  const hex = code.toString(16);
  if (code <= 0xff) return `\\x${hex.padStart(2, '0')}`;
  return code <= 0xffff ? `\\u${hex.padStart(4, '0')}` : `\\u{${hex}}`;
}

/**
 * The text with every acting character shown as an escape (`\n`, `\x1b`, `\u202e`), cut with an ellipsis where it
 * would be longer than `maxLength` UTF-16 units. Neither an escape nor a surrogate pair is ever cut in two.
 */
export function safeText(text: string, maxLength = SAFE_TEXT_MAX_LENGTH): string {
  let safe = '';
  for (const character of text) {
    const shown = visible(character);
    if (safe.length + shown.length > maxLength) return safe + ELLIPSIS;
    safe += shown;
  }
  return safe;
}

/** Made safe, and never cut: for ids and paths, of which a part is worth nothing. */
export function safeWhole(text: string): string {
  return safeText(text, Number.POSITIVE_INFINITY);
}
