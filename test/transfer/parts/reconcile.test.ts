import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { isFailure } from '../../../src/core/failures.js';
import { type PartPlan, partRange } from '../../../src/core/part-plan.js';
import { reconcile } from '../../../src/transfer/parts/reconcile.js';
import type { RecordedPart } from '../../../src/transfer/ports/state.js';
import type { RemotePart } from '../../../src/transfer/ports/target.js';

const MIB = 1024 * 1024;
const HASHES = ['a', 'b', 'c'].map((word) => createHash('sha256').update(word).digest('hex'));
const [A, B] = HASHES as [string, string];

function planOf(partCount: number, lastBytes = 5): PartPlan {
  return { sizeBytes: (partCount - 1) * MIB + lastBytes, partSizeBytes: MIB, partCount };
}

function heldAt(plan: PartPlan, index: number, treeHash: string | null, change: Partial<RemotePart> = {}) {
  const { startByte, endByte } = partRange(plan, index);
  return { startByte, endByte, treeHash, etag: null, ...change };
}

function recordedOf(hashes: Record<number, string>): Map<number, RecordedPart> {
  return new Map(
    Object.entries(hashes).map(([index, treeHash]) => [Number(index), { treeHash, linearHash: null }]),
  );
}

const oneHash = fc.constantFrom(...HASHES);
const scene = fc.integer({ min: 1, max: 8 }).chain((partCount) =>
  fc.record({
    plan: fc.integer({ min: 1, max: MIB }).map((lastBytes) => planOf(partCount, lastBytes)),
    recorded: fc.dictionary(fc.nat(partCount - 1).map(String), oneHash).map(recordedOf),
    // As a service might list: twice, in any order, without hashes, with ends that are one too long or wrong.
    listed: fc.array(
      fc.record({
        index: fc.nat(partCount - 1),
        treeHash: fc.option(oneHash),
        endShift: fc.constantFrom(0, 0, 0, 1, 2, -1),
      }),
      { maxLength: 16 },
    ),
  }),
);

test('every part is reused, compared or sent, and never two of these', () => {
  fc.assert(
    fc.property(scene, ({ plan, recorded, listed }) => {
      const parts = listed.map(({ index, treeHash, endShift }) => {
        const part = heldAt(plan, index, treeHash);
        return { ...part, endByte: part.endByte + endShift };
      });
      const { matching: held, toCompare, toSend } = reconcile(plan, recorded, parts);
      const all = [...held.keys(), ...toCompare.keys(), ...toSend].sort((a, b) => a - b);
      assert.deepEqual(
        all,
        Array.from({ length: plan.partCount }, (_, index) => index),
      );
      assert.deepEqual(
        toSend,
        toSend.toSorted((a, b) => a - b),
      );
    }),
  );
});

test('a part is reused only if journal and service agree on its hash, and no other hash is listed for it', () => {
  fc.assert(
    fc.property(scene, ({ plan, recorded, listed }) => {
      const parts = listed.map(({ index, treeHash, endShift }) => {
        const part = heldAt(plan, index, treeHash);
        return { ...part, endByte: part.endByte + endShift };
      });
      const { matching: held, toCompare } = reconcile(plan, recorded, parts);
      const compared = [...toCompare].map(([index, part]) => [index, part.treeHash] as const);
      for (const [index, hash] of [...held, ...compared]) {
        const entries = listed.filter((entry) => entry.index === index);
        assert.ok(entries.length > 0);
        assert.ok(entries.every((entry) => entry.treeHash === hash && [0, 1].includes(entry.endShift)));
      }
      for (const [index, hash] of held) assert.equal(recorded.get(index)?.treeHash, hash);
      for (const index of toCompare.keys()) assert.equal(recorded.has(index), false);
    }),
  );
});

test('a part that the journal records and the service does not list is sent again', () => {
  const plan = planOf(3);
  const { matching: held, toSend } = reconcile(plan, recordedOf({ 0: A, 1: A, 2: A }), [heldAt(plan, 1, A)]);
  assert.deepEqual([[...held.keys()], toSend], [[1], [0, 2]]);
});

test('a part that the service lists with a different hash than the journal records is sent again', () => {
  const plan = planOf(2);
  const { matching: held, toCompare, toSend } = reconcile(plan, recordedOf({ 0: A }), [heldAt(plan, 0, B)]);
  assert.deepEqual([held.size, toCompare.size, toSend], [0, 0, [0, 1]]);
});

test('a part listed twice with different hashes is sent again', () => {
  const plan = planOf(2);
  for (const recorded of [recordedOf({ 0: A }), recordedOf({})]) {
    for (const order of [
      [A, B],
      [B, A],
    ] as const) {
      const listed = order.map((hash) => heldAt(plan, 0, hash));
      assert.deepEqual(reconcile(plan, recorded, listed).toSend, [0, 1]);
    }
  }
});

test('a listed end that is one byte too high is accepted, also for the short last part', () => {
  const plan = planOf(2, 5);
  const listed = [0, 1].map((index) => {
    const part = heldAt(plan, index, A);
    return { ...part, endByte: part.endByte + 1 };
  });
  const { matching: held } = reconcile(plan, recordedOf({ 0: A, 1: A }), listed);
  assert.deepEqual([...held.keys()], [0, 1]);
});

test('a part of another length in the same place is sent again and counted as a part of wrong size', () => {
  const plan = planOf(2);
  const { toSend, wrongSize } = reconcile(plan, recordedOf({ 0: A }), [heldAt(plan, 0, A, { endByte: 7 })]);
  assert.deepEqual([toSend, wrongSize], [[0, 1], 1]);
});

test('an upload with a part past the end of the file or between two places is refused', () => {
  const plan = planOf(2);
  for (const startByte of [2 * MIB, 17, MIB / 2, -MIB, Number.NaN]) {
    const part = { startByte, endByte: startByte + 4, treeHash: A, etag: null };
    assert.throws(
      () => reconcile(plan, recordedOf({}), [part]),
      (error) => isFailure(error, 'source') && error.facts.why === 'other-upload',
      String(startByte),
    );
  }
});

test('a part without a hash cannot be verified and is sent again', () => {
  const plan = planOf(1);
  assert.deepEqual(reconcile(plan, recordedOf({ 0: A }), [heldAt(plan, 0, null)]).toSend, [0]);
});

const LINEAR = 'd'.repeat(64);
const CRC = '00c0ffee';

/** A bucket lists no tree hash, but the SHA-256 where it knows it, and an ETag. */
function inBucket(change: Partial<RemotePart>): RemotePart {
  return heldAt(planOf(1), 0, null, change);
}

const agreements: [string, RecordedPart | null, Partial<RemotePart>, 'held' | 'compare' | 'send'][] = [
  ['the same ETag', { treeHash: A, linearHash: null, etag: 'e' }, { etag: 'e' }, 'held'],
  ['another ETag', { treeHash: A, linearHash: null, etag: 'f' }, { etag: 'e' }, 'send'],
  ['an ETag and no record of one', { treeHash: A, linearHash: LINEAR }, { etag: 'e' }, 'compare'],
  ['an ETag and no record', null, { etag: 'e' }, 'compare'],
  [
    'the same SHA-256 and any ETag',
    { treeHash: A, linearHash: LINEAR, etag: 'f' },
    { etag: 'e', linearHash: LINEAR },
    'held',
  ],
  [
    'another SHA-256 under the same ETag',
    { treeHash: A, linearHash: LINEAR, etag: 'e' },
    { etag: 'e', linearHash: B },
    'send',
  ],
  [
    'a SHA-256 that was not recorded, and the same ETag',
    { treeHash: A, linearHash: null, etag: 'e' },
    { etag: 'e', linearHash: B },
    'held',
  ],
  ['the same CRC-32', { treeHash: A, linearHash: null, crc32: CRC }, { crc32: CRC }, 'held'],
  [
    'the same CRC-32 and the same ETag',
    { treeHash: A, linearHash: null, crc32: CRC, etag: 'e' },
    { etag: 'e', crc32: CRC },
    'held',
  ],
  [
    'another CRC-32 under the same ETag',
    { treeHash: A, linearHash: null, crc32: CRC, etag: 'e' },
    { etag: 'e', crc32: '00000000' },
    'send',
  ],
  [
    'another ETag and the same CRC-32, which is too short to decide alone',
    { treeHash: A, linearHash: null, crc32: CRC, etag: 'e' },
    { etag: 'f', crc32: CRC },
    'send',
  ],
  [
    'a CRC-32 that was not recorded, and no ETag',
    { treeHash: A, linearHash: LINEAR },
    { crc32: CRC },
    'compare',
  ],
];
for (const [title, recorded, listed, wanted] of agreements) {
  test(`a part in a bucket with ${title}: ${wanted}`, () => {
    const known = new Map(recorded === null ? [] : [[0, recorded]]);
    const { matching: held, toCompare, toSend } = reconcile(planOf(1), known, [inBucket(listed)]);
    const found = held.size > 0 ? 'held' : toCompare.size > 0 ? 'compare' : 'send';
    assert.deepEqual([found, held.size + toCompare.size + toSend.length], [wanted, 1]);
    if (found === 'held') assert.equal(held.get(0), A);
  });
}
