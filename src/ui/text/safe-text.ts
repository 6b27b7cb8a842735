/** Text from a server, and names of files, are never printed raw: control characters could take over a terminal. */

/** Long enough for any real message, and short enough that an HTML page from a proxy fits on a line or two. */
export const SAFE_TEXT_MAX_LENGTH = 500;

/** Marks every cut in the program's output. It is ASCII: logs, pipes and some terminals show nothing else. */
export const ELLIPSIS = '...';

/**
 * Characters that control a terminal or are invisible: C0, DEL and C1 controls, marks that change the reading order
 * (bidi), line and paragraph separators, the byte order mark, invisible tag characters, and halves of surrogate pairs.
 */
const CONTROL =
  /[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}\p{Cs}]/u;

const SHORT_ESCAPES: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/** Returns true if a terminal would obey the character, or hide it, instead of showing it. */
export function isControl(character: string): boolean {
  return CONTROL.test(character);
}

function visible(character: string): string {
  if (!isControl(character)) return character;
  const short = SHORT_ESCAPES[character];
  if (short !== undefined) return short;
  const code = character.codePointAt(0) ?? 0;
  const hex = code.toString(16);
  if (code <= 0xff) return `\\x${hex.padStart(2, '0')}`;
  return code <= 0xffff ? `\\u${hex.padStart(4, '0')}` : `\\u{${hex}}`;
}

/**
 * Returns the text with every control character as an escape (`\n`, `\x1b`, `\u202e`). Text that would be longer than
 * `maxLength` UTF-16 units is cut, and ends in an ellipsis. The cut never splits an escape or a surrogate pair.
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

/** Returns the text made safe but never cut: ids and paths are useless in part. */
export function safeWhole(text: string): string {
  return safeText(text, Number.POSITIVE_INFINITY);
}

/**
 * Returns `HASH  NAME` as sha256sum prints it: if the name needs escapes, the line starts with a backslash, and a
 * backslash is doubled. Control characters that sha256sum prints raw are escaped, too, except the tab.
 * Source: GNU coreutils manual, "md5sum invocation".
 */
export function checksumLine(hash: string, name: string): string {
  const escaped = Array.from(name, (character) => {
    if (character === '\\') return '\\\\';
    return character === '\t' ? character : visible(character);
  }).join('');
  return `${escaped === name ? '' : '\\'}${hash}  ${escaped}`;
}
