import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  foldDigests,
  foldPartHashes,
  isTreeHash,
  readTreeHash,
  treeHashOf,
} from '../../src/core/tree-hash.js';
import { MIB_BYTES } from '../../src/core/units.js';
import { seededBytes } from '../support/bytes.js';
import { treeHashVectors } from '../support/tree-hash-vectors.js';

for (const { name, bytes, treeHash, linearHash } of treeHashVectors) {
  test(`${name} has its published tree hash and linear hash`, () => {
    const content = bytes();
    assert.equal(treeHashOf(content), treeHash);
    assert.equal(createHash('sha256').update(content).digest('hex'), linearHash);
  });
}

const pool = seededBytes(17 * MIB_BYTES, 21);

test('the tree hash of a file is folded from its parts, for every power of two of MiB', () => {
  const cut = fc.record({
    sizeBytes: fc.oneof(
      fc.integer({ min: 1, max: pool.length }),
      fc.integer({ min: 1, max: 17 }).map((mib) => mib * MIB_BYTES),
    ),
    partMib: fc.constantFrom(1, 2, 4, 8, 16),
  });
  fc.assert(
    fc.property(cut, ({ sizeBytes, partMib }) => {
      const whole = pool.subarray(0, sizeBytes);
      const hashes: string[] = [];
      for (let start = 0; start < sizeBytes; start += partMib * MIB_BYTES) {
        hashes.push(treeHashOf(whole.subarray(start, start + partMib * MIB_BYTES)));
      }
      assert.equal(foldPartHashes(hashes), treeHashOf(whole));
    }),
    { numRuns: 40 },
  );
});

test('parts that are not a power of two do not fold to the hash of the file', () => {
  const whole = pool.subarray(0, 9 * MIB_BYTES);
  const thirds = [0, 3, 6].map((mib) => treeHashOf(whole.subarray(mib * MIB_BYTES, (mib + 3) * MIB_BYTES)));
  assert.notEqual(foldPartHashes(thirds), treeHashOf(whole));
});

test('parts in another order have another hash', () => {
  const [a, b, c] = [1, 2, 3].map((seed) => treeHashOf(seededBytes(100, seed))) as [string, string, string];
  assert.notEqual(foldPartHashes([a, b, c]), foldPartHashes([b, a, c]));
  assert.notEqual(foldPartHashes([a, b, c]), foldPartHashes([a, c, b]));
});

test('a single node is its own root, and an empty list is refused', () => {
  const node = createHash('sha256').update('x').digest();
  assert.equal(foldDigests([node]), node);
  assert.throws(() => foldDigests([]), RangeError);
  assert.throws(() => foldPartHashes([]), RangeError);
});

test('a tree hash has 64 lower-case hex digits and nothing else', () => {
  assert.ok(isTreeHash('0123456789abcdef'.repeat(4)));
  for (const other of [
    '',
    'a'.repeat(63),
    'a'.repeat(65),
    'A'.repeat(64),
    `${'a'.repeat(63)}g`,
    `${'a'.repeat(64)}\n`,
    null,
    7,
  ]) {
    assert.ok(!isTreeHash(other), String(other));
  }
});

test('a tree hash in upper case is read as the same hash in lower case', () => {
  assert.equal(readTreeHash('AB'.repeat(32)), 'ab'.repeat(32));
  for (const other of [null, undefined, 7, '', 'G'.repeat(64), ' '.repeat(64)])
    assert.equal(readTreeHash(other), null);
});
