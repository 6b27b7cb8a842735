/** The width of text on a terminal: East Asian characters and emoji take two columns, combining marks take none. */
import { ELLIPSIS } from './safe-text.js';

const WIDE =
  /^[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Script=Bopomofo}\p{Emoji_Presentation}\u3000-\u303e\uff01-\uff60\uffe0-\uffe6]/u;
const HALF_WIDTH = /^[\uff61-\uffdc]/u;
const ZERO = /^[\p{M}\p{Default_Ignorable_Code_Point}]+$/u;
const PRINTABLE_ASCII = /^[\x20-\x7e]*$/;

let segmenter: Intl.Segmenter | null = null;

/** Creates the segmenter at the first need: that takes longer than all the rest of a short command. */
function graphemesOf(text: string): Intl.Segments {
  segmenter ??= new Intl.Segmenter('en', { granularity: 'grapheme' });
  return segmenter.segment(text);
}

function graphemeWidth(grapheme: string): number {
  if (ZERO.test(grapheme)) return 0;
  return WIDE.test(grapheme) && !HALF_WIDTH.test(grapheme) ? 2 : 1;
}

/** Longer text is measured by characters, because V8 copies the whole text for each grapheme that it finds. */
const SEGMENTED_MAX_LENGTH = 2000;

/** More UTF-16 units than any real text has in one column, combining marks included. */
const LENGTH_PER_COLUMN_MAX = 20;

/** Returns the number of columns of safe text (text without control characters). */
export function textWidth(text: string): number {
  if (PRINTABLE_ASCII.test(text)) return text.length;
  let width = 0;
  if (text.length > SEGMENTED_MAX_LENGTH) {
    for (const character of text) width += graphemeWidth(character);
    return width;
  }
  for (const { segment } of graphemesOf(text)) width += graphemeWidth(segment);
  return width;
}

/** Returns the end of the text in at most `width` columns, with an ellipsis for the cut: the end of a path matters most. */
export function keepEnd(text: string, width: number): string {
  const lengthMax = Math.max(SEGMENTED_MAX_LENGTH, width * LENGTH_PER_COLUMN_MAX);
  if (text.length <= lengthMax && textWidth(text) <= width) return text;
  // The cut may leave one half of a surrogate pair, which is not a character.
  const end = text.slice(-lengthMax).replace(/^[\udc00-\udfff]/, '');
  let kept = '';
  let keptWidth = ELLIPSIS.length;
  for (const { segment } of Array.from(graphemesOf(end)).reverse()) {
    keptWidth += graphemeWidth(segment);
    if (keptWidth > width) break;
    kept = segment + kept;
  }
  return ELLIPSIS + kept;
}

/** Adds spaces up to `width` columns; wider text stays as it is. */
export function pad(text: string, width: number, align: 'left' | 'right'): string {
  const fill = ' '.repeat(Math.max(0, width - textWidth(text)));
  return align === 'left' ? text + fill : fill + text;
}
