import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  comparePartSizes,
  differentPartSizes,
  type PartSizes,
} from '../../../src/transfer/parts/part-sizes.js';
import type { RemotePart } from '../../../src/transfer/ports/target.js';

/** Returns parts as a bucket lists them, from part numbers and sizes. */
function parts(...listed: readonly (readonly [number, number])[]): RemotePart[] {
  return listed.map(([number, sizeBytes]) => {
    const startByte = (number - 1) * 8;
    return { index: number - 1, startByte, endByte: startByte + sizeBytes - 1, treeHash: null, etag: null };
  });
}

const manyPages = Array.from({ length: 1500 }, (_, index) => [index + 1, 8] as const);

const cases: [string, RemotePart[], number | null, PartSizes][] = [
  ['no part', [], null, 'one'],
  ['the first part alone', parts([1, 5]), 8, 'one'],
  ['parts of one size, and a short last one', parts([1, 8], [2, 8], [3, 5]), 8, 'one'],
  ['parts of one size in another order', parts([3, 5], [1, 8], [2, 8]), 8, 'one'],
  ['parts of one size with a gap', parts([2, 8], [4, 8], [7, 1]), 8, 'one'],
  ['a short part before a gap', parts([1, 8], [2, 5], [9, 8]), 8, 'different'],
  ['a longer last part', parts([1, 8], [2, 9]), 8, 'different'],
  ['a short first part', parts([1, 5], [2, 8]), 5, 'different'],
  ['a part of another size beyond the first page', parts(...manyPages, [1501, 9], [1502, 8]), 8, 'different'],
  ['a later part alone, which may be the short last one', parts([3, 5]), 5, 'unclear'],
  ['the ranges of a vault', [{ startByte: 8, endByte: 15, treeHash: 'ab', etag: null }], 8, 'one'],
];

for (const [title, listed, partSizeBytes, wanted] of cases) {
  test(`sizes of parts: ${title}: ${wanted}`, () => {
    assert.equal(comparePartSizes(listed, partSizeBytes), wanted);
  });
}

test('the refusal of parts with different sizes names two of them', () => {
  const { facts } = differentPartSizes('up-1', parts([1, 8], [2, 8], [4, 9]));
  assert.match(facts.why, /\(part 1 has 8 bytes, part 4 has 9 bytes\)/);
});
