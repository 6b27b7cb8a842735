import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { partMap } from '../../../src/ui/tables/part-map.js';

const ASCII = { cellsMax: 64, unicode: false };

test('few parts have a cell each, in the order of the file', () => {
  assert.equal(partMap(5, new Set([0, 1, 4]), ASCII), '##..#');
  assert.equal(partMap(5, new Set([0, 1, 4]), { ...ASCII, unicode: true }), '██░░█');
});

test('many parts share cells, whose shade shows the share that is done', () => {
  const done = new Set([...Array(8).keys(), 8, 9, 10, 11, 12, 13, 16]);
  assert.equal(partMap(32, done, { cellsMax: 4, unicode: false }), '#+-.');
  assert.equal(partMap(32, done, { cellsMax: 4, unicode: true }), '█▓▒░');
});

test('a cell is full only if no part of it is missing, and empty only if all parts of it are missing', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 10_000 }),
      fc.integer({ min: 1, max: 64 }),
      fc.integer({ min: 0, max: 9_999 }),
      (partCount, cellsMax, seed) => {
        const options = { cellsMax, unicode: false };
        const all = new Set(Array(partCount).keys());
        const one = seed % partCount;
        assert.equal(partMap(partCount, all, options), '#'.repeat(Math.min(partCount, cellsMax)));
        assert.equal(partMap(partCount, new Set(), options), '.'.repeat(Math.min(partCount, cellsMax)));
        all.delete(one);
        assert.match(partMap(partCount, all, options), /[^#]/);
        assert.match(partMap(partCount, new Set([one]), options), /[^.]/);
      },
    ),
    { numRuns: 50 },
  );
});
