import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { sharedBytes } from '../../src/core/memory.js';
import { LEAF_SIZE_BYTES, treeHashOf } from '../../src/core/tree-hash.js';
import { MIB_BYTES } from '../../src/core/units.js';
import { type HashJob, hashPart, type ReadAt } from '../../src/source/hash-part.js';
import { seededBytes } from '../support/bytes.js';

const file = seededBytes(5 * MIB_BYTES + 9, 31);
const scratch = new Uint8Array(LEAF_SIZE_BYTES);

/** Returns a function that reads from memory, at most `mostBytes` at a time, as a network file system may. */
function shortReads(mostBytes: number): ReadAt {
  return (_fd, into, position) => {
    const piece = file.subarray(position, position + Math.min(into.length, mostBytes));
    into.set(piece);
    return piece.length;
  };
}

function jobOf(changes: Partial<HashJob>): HashJob {
  const cancel = new SharedArrayBuffer(4);
  return {
    fd: -1,
    startByte: 0,
    sizeBytes: file.length,
    buffer: null,
    wants: ['tree', 'sha256'],
    cancel,
    ...changes,
  };
}

test('any range has the hashes of its bytes, however short the reads are, with and without a buffer', () => {
  const ranges = fc.record({
    startByte: fc.nat({ max: file.length - 1 }),
    length: fc.integer({ min: 1, max: file.length }),
    mostBytes: fc.integer({ min: 997, max: 2 * MIB_BYTES }),
    isHeld: fc.boolean(),
  });
  fc.assert(
    fc.property(ranges, ({ startByte, length, mostBytes, isHeld }) => {
      const sizeBytes = Math.min(length, file.length - startByte);
      const expected = file.subarray(startByte, startByte + sizeBytes);
      const buffer = isHeld ? sharedBytes(8 * MIB_BYTES) : null;
      const hashes = hashPart(jobOf({ startByte, sizeBytes, buffer }), scratch, shortReads(mostBytes));
      assert.equal(hashes.tree, treeHashOf(expected));
      assert.equal(hashes.sha256, createHash('sha256').update(expected).digest('hex'));
      if (buffer !== null) assert.ok(expected.equals(buffer.subarray(0, sizeBytes)));
    }),
    { numRuns: 60 },
  );
});

test('a job has the hashes that it wants and no other, computed in one pass', () => {
  const every = {
    tree: treeHashOf(file),
    sha256: '',
    md5: '',
    crc32: crc32(file).toString(16).padStart(8, '0'),
  };
  for (const name of ['sha256', 'md5'] as const) every[name] = createHash(name).update(file).digest('hex');
  const names = ['tree', 'sha256', 'md5', 'crc32'] as const;
  for (let mask = 0; mask < 16; mask += 1) {
    const wants = names.filter((_, bit) => (mask & (1 << bit)) !== 0);
    let readBytes = 0;
    const read: ReadAt = (...asked) => {
      const count = shortReads(MIB_BYTES / 2)(...asked);
      readBytes += count;
      return count;
    };
    const expected = Object.fromEntries(wants.map((name) => [name, every[name]]));
    assert.deepEqual(hashPart(jobOf({ wants }), scratch, read), expected);
    assert.equal(readBytes, file.length);
  }
});

test('an empty range has the hashes of zero bytes', () => {
  const wants = ['tree', 'sha256', 'crc32'] as const;
  const nothing = createHash('sha256').digest('hex');
  const hashes = hashPart(jobOf({ sizeBytes: 0, wants }), scratch, shortReads(1));
  assert.deepEqual(hashes, { tree: nothing, sha256: nothing, crc32: '00000000' });
});

test('a range beyond the end of the file is refused, never shortened', () => {
  const beyond = jobOf({ startByte: file.length - 5, sizeBytes: 6 });
  assert.throws(() => hashPart(beyond, scratch, shortReads(MIB_BYTES)), { name: 'ShortFileError' });
});

test('a cancelled job stops reading', () => {
  const job = jobOf({});
  let reads = 0;
  const read: ReadAt = (...asked) => {
    reads += 1;
    Atomics.store(new Int32Array(job.cancel), 0, 1);
    return shortReads(MIB_BYTES)(...asked);
  };
  assert.throws(() => hashPart(job, scratch, read), { name: 'CancelledError' });
  assert.equal(reads, 1);
});
