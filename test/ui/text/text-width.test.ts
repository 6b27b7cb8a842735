import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { keepEnd, pad, textWidth } from '../../../src/ui/text/text-width.js';

test('East Asian characters and emoji take two columns, and combining marks take none', () => {
  for (const [text, width] of [
    ['backup.tar', 10],
    ['größe', 5],
    ['gro\u0308ße', 5],
    ['写真.zip', 8],
    ['サクラ', 6],
    ['ｻｸﾗ', 3],
    ['한글', 4],
    ['👩‍👩‍👧!', 3],
    ['é…', 2],
  ] as const) {
    assert.equal(textWidth(text), width, text);
  }
});

test('a cut keeps the end, is marked, and is never wider than the limit', () => {
  assert.equal(keepEnd('/data/photos/backup.tar', 13), '...backup.tar');
  assert.equal(keepEnd('写真写真.zip', 9), '...真.zip');
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.integer({ min: 3, max: 20 }), (text, width) => {
      assert.ok(textWidth(keepEnd(text, width)) <= width);
    }),
  );
});

test('padding counts columns, on either side', () => {
  assert.equal(pad('写真', 6, 'left'), '写真  ');
  assert.equal(pad('12', 5, 'right'), '   12');
  assert.equal(pad('too wide', 3, 'left'), 'too wide');
});
