import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { SAFE_TEXT_MAX_LENGTH, safeText, safeWhole } from '../../../src/ui/text/safe-text.js';

/** Strings with many control characters and lone surrogates among ordinary text. */
const hostile = fc.string({
  unit: fc.oneof(
    fc.integer({ min: 0, max: 0xa0 }).map((code) => String.fromCharCode(code)),
    fc.constantFrom(
      '\u202e',
      '\u2066',
      '\u2028',
      '\u200f',
      '\u061c',
      '\ufeff',
      '\u{e0041}',
      '\ud800',
      '\udc00',
    ),
    fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
  ),
  maxLength: 60,
});

const RAW = /[\p{Cc}\p{Cs}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\u{e0000}-\u{e007f}]/u;

test('the result never has a control character, a bidi mark or a lone surrogate', () => {
  fc.assert(fc.property(hostile, (text) => !RAW.test(safeText(text)) && !RAW.test(safeWhole(text))));
});

test('the result is at most as long as the limit and an ellipsis, which marks a cut', () => {
  fc.assert(
    fc.property(hostile, fc.integer({ min: 0, max: 80 }), (text, maxLength) => {
      const safe = safeText(text, maxLength);
      const whole = safeWhole(text);
      assert.ok(safe.length <= maxLength + 3);
      if (safe === whole) return;
      assert.ok(safe.endsWith('...'));
      assert.ok(whole.startsWith(safe.slice(0, -3)), 'the start of the text is kept');
      assert.doesNotMatch(safe, /\p{Cs}/u, 'no surrogate pair is cut in two');
    }),
  );
});

test('ordinary text in any script is not changed', () => {
  for (const text of ['Rate exceeded', 'größe.tar', '写真.zip', '👩‍👩‍👧 família', 'C:\\x1b']) {
    assert.equal(safeText(text), text);
  }
});

test('a character that controls a terminal is shown as an escape', () => {
  assert.equal(safeText('a\x1b[2Jb'), 'a\\x1b[2Jb');
  assert.equal(safeText('a\r\n\tb\x00\x7f\x9b'), 'a\\r\\n\\tb\\x00\\x7f\\x9b');
  assert.equal(safeText('exe.\u202efdp'), 'exe.\\u202efdp');
  assert.equal(safeText('a\u2028\ud800b'), 'a\\u2028\\ud800b');
  assert.equal(safeText('\u{e0041}'), '\\u{e0041}');
});

test('a page of HTML from a proxy is cut', () => {
  assert.equal(safeText('<html>'.repeat(1000)).length, SAFE_TEXT_MAX_LENGTH + 3);
});

test('an escape is never cut in two', () => {
  assert.equal(safeText('ab\x1bcd', 5), 'ab...');
  assert.equal(safeText('ab\x1bcd', 6), 'ab\\x1b...');
  assert.equal(safeText('ab\x1bcd', 8), 'ab\\x1bcd');
});
