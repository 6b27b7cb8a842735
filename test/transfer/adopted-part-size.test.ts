import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MIB_BYTES } from '../../src/core/units.js';
import { S3_CAPABILITIES } from '../../src/targets/s3/capabilities.js';
import { adoptedPartSize, type WantedPartSize } from '../../src/transfer/adopted-part-size.js';
import type { RemotePart } from '../../src/transfer/ports/target.js';
import { failsAs } from './rig.js';

/** Returns the size that follows from a bucket's parts, each given as its index and its size in MiB. */
function sizeOf(
  parts: readonly (readonly [index: number, sizeMib: number])[],
  shownMib: number | null,
  wanted: Partial<WantedPartSize> = {},
): number {
  const partSizeBytes = shownMib === null ? null : shownMib * MIB_BYTES;
  const remote = parts.map(([index, sizeMib]): RemotePart => {
    const startByte = index * (partSizeBytes ?? 0);
    const endByte = startByte + sizeMib * MIB_BYTES - 1;
    return { index, startByte, endByte, treeHash: null, etag: 'x' };
  });
  const upload = { partSizeBytes, description: null, createdAt: null, parts: remote, marker: null };
  const none = { uploadId: 'x', partSizeBytes: null, isPartSizeTyped: false, recordedBytes: undefined };
  const { limits } = S3_CAPABILITIES;
  return adoptedPartSize({ upload, parts: remote }, { ...none, ...wanted }, limits) / MIB_BYTES;
}

test('several parts show their size, and a variable does not change it', () => {
  const parts = [
    [0, 16],
    [1, 16],
    [2, 3],
  ] as const;
  assert.equal(sizeOf(parts, 16), 16);
  assert.equal(sizeOf(parts, 16, { partSizeBytes: 8 * MIB_BYTES }), 16);
  const typed = { partSizeBytes: 8 * MIB_BYTES, isPartSizeTyped: true };
  assert.throws(() => sizeOf(parts, 16, typed), failsAs('usage', { what: '--part-size 8M' }));
});

test('a single part may be shorter than the others: the size that was given or recorded counts', () => {
  assert.equal(sizeOf([[0, 20]], 32), 32);
  assert.equal(sizeOf([[0, 20]], 32, { partSizeBytes: 64 * MIB_BYTES, isPartSizeTyped: true }), 64);
  assert.equal(sizeOf([[0, 20]], 64, { recordedBytes: 64 * MIB_BYTES }), 64);
});

test('without a part, and with a last part alone, the size is that of any stream', () => {
  assert.equal(sizeOf([], null), 64);
  assert.equal(sizeOf([], null, { partSizeBytes: 16 * MIB_BYTES }), 16);
  assert.equal(sizeOf([[4, 3]], 3), 64);
});

test('parts of different sizes, or of a size that is no power of two, are refused', () => {
  const different = [
    [0, 16],
    [1, 8],
    [2, 16],
  ] as const;
  assert.throws(() => sizeOf(different, 16), failsAs('usage'));
  const odd = [
    [0, 10],
    [1, 10],
  ] as const;
  assert.throws(() => sizeOf(odd, 10), failsAs('usage'));
});
