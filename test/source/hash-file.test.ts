import assert from 'node:assert/strict';
import { truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { test } from 'node:test';
import fc from 'fast-check';
import { isFailure } from '../../src/core/failures.js';
import { treeHashOf } from '../../src/core/tree-hash.js';
import { MIB_BYTES } from '../../src/core/units.js';
import { hashFile, hashStream } from '../../src/source/hash-file.js';
import { seededBytes } from '../support/bytes.js';
import { tempFolder } from '../support/temp.js';

const neverAborted = new AbortController().signal;

for (const sizeBytes of [0, 1, MIB_BYTES, 16 * MIB_BYTES, 16 * MIB_BYTES + 1, 83 * MIB_BYTES + 12_345]) {
  test(`the tree hash of a file of ${sizeBytes} bytes is the tree hash of its bytes`, async (t) => {
    const path = join(tempFolder(t), 'file');
    const bytes = seededBytes(Math.max(1, sizeBytes), 11).subarray(0, sizeBytes);
    writeFileSync(path, bytes);
    assert.deepEqual(await hashFile(path, neverAborted), { sizeBytes, treeHash: treeHashOf(bytes) });
  });
}

test('a stream has the tree hash of its bytes, however they are cut into chunks', async () => {
  const bytes = seededBytes(7 * MIB_BYTES + 3, 12);
  const cuts = fc.record({
    sizeBytes: fc.oneof(
      fc.integer({ min: 0, max: bytes.length }),
      fc.constantFrom(0, 1, MIB_BYTES, 2 * MIB_BYTES, 3 * MIB_BYTES, 5 * MIB_BYTES),
    ),
    chunkBytes: fc.integer({ min: 4_001, max: 3 * MIB_BYTES }),
  });
  await fc.assert(
    fc.asyncProperty(cuts, async ({ sizeBytes, chunkBytes }) => {
      const whole = bytes.subarray(0, sizeBytes);
      const chunks: Buffer[] = [];
      for (let start = 0; start < sizeBytes; start += chunkBytes)
        chunks.push(whole.subarray(start, start + chunkBytes));
      const hashed = await hashStream(Readable.from(chunks, { objectMode: false }), neverAborted);
      assert.deepEqual(hashed, { sizeBytes, treeHash: treeHashOf(whole) });
    }),
    { numRuns: 30 },
  );
});

test('a stream that fails is an unreadable source', async () => {
  const broken = new Readable({ read: () => undefined });
  const hashing = hashStream(broken, neverAborted);
  broken.destroy(new Error('EIO: input/output error'));
  await assert.rejects(hashing, (error) => isFailure(error, 'source') && error.facts.why === 'unreadable');
});

test('a stream that gives no bytes is closed when the signal is aborted', async () => {
  const stop = new AbortController();
  const hashing = hashStream(new PassThrough(), stop.signal);
  stop.abort(new Error('stopped by hand'));
  await assert.rejects(hashing, /stopped by hand/);
});

test('hashing a large file stops with the reason of the signal', async (t) => {
  const path = join(tempFolder(t), 'sparse');
  writeFileSync(path, '');
  truncateSync(path, 8192 * MIB_BYTES);
  const stop = new AbortController();
  setTimeout(() => stop.abort(new Error('stopped by hand')), 60);
  await assert.rejects(hashFile(path, stop.signal), /stopped by hand/);
});

test('a file that shrinks while it is hashed fails as changed', async (t) => {
  const path = join(tempFolder(t), 'sparse');
  writeFileSync(path, '');
  truncateSync(path, 2048 * MIB_BYTES);
  setTimeout(() => truncateSync(path, 100), 100);
  await assert.rejects(
    hashFile(path, neverAborted),
    (error) => isFailure(error, 'source') && error.facts.why === 'changed',
  );
});
