import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isFailure } from '../../src/core/failures.js';
import {
  AUTO_PART_SIZE_MIN_BYTES,
  choosePartSizeBytes,
  isLegalPartSize,
  limitParts,
  type PartLimits,
  partRange,
  planParts,
  planStream,
  streamRange,
} from '../../src/core/part-plan.js';
import { GIB_BYTES, MIB_BYTES } from '../../src/core/units.js';

const limits: PartLimits = {
  partSizeMinBytes: MIB_BYTES,
  partSizeMaxBytes: 4 * GIB_BYTES,
  partsMax: 10_000,
  sizeMinBytes: 1,
  sizeMaxBytes: 10_000 * 4 * GIB_BYTES,
};
const legalSizes = Array.from({ length: 13 }, (_, exponent) => MIB_BYTES * 2 ** exponent);
const anySize = fc.oneof(
  fc.integer({ min: 1, max: 100 * MIB_BYTES }),
  fc.maxSafeInteger().map((n) => 1 + (Math.abs(n) % limits.sizeMaxBytes)),
  // Sizes at both sides of each limit at which one more part is needed.
  fc
    .tuple(fc.constantFrom(...legalSizes), fc.integer({ min: 1, max: 10_000 }), fc.constantFrom(-1, 0, 1))
    .map(([partSize, count, offset]) =>
      Math.min(limits.sizeMaxBytes, Math.max(1, partSize * count + offset)),
    ),
);

test('the parts of a plan cover the file exactly and in order, and all but the last have the full size', () => {
  fc.assert(
    fc.property(anySize, fc.constantFrom('auto' as const, ...legalSizes), (sizeBytes, partSize) => {
      fc.pre(partSize === 'auto' || Math.ceil(sizeBytes / partSize) <= limits.partsMax);
      const plan = planParts(sizeBytes, partSize, limits);
      let nextByte = 0;
      for (let index = 0; index < plan.partCount; index += 1) {
        const range = partRange(plan, index);
        assert.equal(range.index, index);
        assert.equal(range.startByte, nextByte);
        assert.equal(range.endByte - range.startByte + 1, range.sizeBytes);
        assert.ok(range.sizeBytes >= 1);
        if (index < plan.partCount - 1) assert.equal(range.sizeBytes, plan.partSizeBytes);
        nextByte = range.endByte + 1;
      }
      assert.equal(nextByte, sizeBytes);
      assert.ok(plan.partCount <= limits.partsMax);
    }),
    { numRuns: 60 },
  );
});

test('the automatic part size is legal, and is the smallest that fits from 16 MiB up', () => {
  fc.assert(
    fc.property(anySize, (sizeBytes) => {
      const chosen = choosePartSizeBytes(sizeBytes, limits);
      assert.ok(isLegalPartSize(chosen, limits));
      assert.ok(chosen >= AUTO_PART_SIZE_MIN_BYTES);
      assert.ok(Math.ceil(sizeBytes / chosen) <= limits.partsMax);
      if (chosen > AUTO_PART_SIZE_MIN_BYTES) assert.ok(Math.ceil(sizeBytes / (chosen / 2)) > limits.partsMax);
    }),
  );
});

test('a legal part size is a power of two between the limits, and no other size is legal', () => {
  for (const size of legalSizes) {
    assert.ok(isLegalPartSize(size, limits), String(size));
    assert.ok(!isLegalPartSize(size + 1, limits));
    assert.ok(!isLegalPartSize(size - 1, limits));
    assert.ok(!isLegalPartSize(size * 1.5, limits));
  }
  for (const size of [0, -1, MIB_BYTES / 2, 8 * GIB_BYTES, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 60]) {
    assert.ok(!isLegalPartSize(size, limits), String(size));
  }
});

test('the largest archive fits exactly, and one byte more is refused', () => {
  assert.deepEqual(planParts(limits.sizeMaxBytes, 'auto', limits), {
    sizeBytes: 42_949_672_960_000,
    partSizeBytes: 4 * GIB_BYTES,
    partCount: 10_000,
  });
  assert.throws(
    () => planParts(limits.sizeMaxBytes + 1, 'auto', limits),
    (error) => isFailure(error, 'limit') && error.facts.limit === 'size',
  );
});

test('too many parts are refused with the part size that would fit', () => {
  const sizeBytes = 10_000 * MIB_BYTES + 1;
  assert.equal(planParts(sizeBytes - 1, MIB_BYTES, limits).partCount, 10_000);
  assert.throws(
    () => planParts(sizeBytes, MIB_BYTES, limits),
    (error) => {
      assert.ok(isFailure(error, 'limit'));
      assert.deepEqual(error.facts, {
        limit: 'parts',
        partCount: 10_001,
        partsMax: 10_000,
        partSizeBytes: MIB_BYTES,
        fittingPartSizeBytes: 16 * MIB_BYTES,
      });
      return true;
    },
  );
});

test('with fewer parts than the service takes, any file that fits gets larger parts, and no part size that makes more', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 10_000 }), anySize, (partsMax, sizeBytes) => {
      const fewer = limitParts(limits, partsMax);
      fc.pre(sizeBytes <= fewer.sizeMaxBytes);
      const plan = planParts(sizeBytes, 'auto', fewer);
      assert.ok(plan.partCount <= partsMax);
      const smaller = plan.partSizeBytes / 2;
      if (smaller < AUTO_PART_SIZE_MIN_BYTES || partsMax === limits.partsMax) return;
      assert.throws(
        () => planParts(sizeBytes, smaller, fewer),
        (error) => isFailure(error, 'usage'),
      );
    }),
  );
  assert.equal(limitParts(limits, 10_001), limits);
  assert.throws(
    () => planParts(4 * GIB_BYTES + 1, 'auto', limitParts(limits, 1)),
    (error) => isFailure(error, 'limit') && error.facts.limit === 'size',
  );
});

test('a part size that is never legal is a usage failure', () => {
  for (const size of [3 * MIB_BYTES, 512 * 1024, 8 * GIB_BYTES]) {
    assert.throws(
      () => planParts(100, size, limits),
      (error) => isFailure(error, 'usage'),
    );
  }
});

test('part indexes before the first, after the last, or between two are refused', () => {
  const plan = planParts(100 * MIB_BYTES, 16 * MIB_BYTES, limits);
  assert.equal(plan.partCount, 7);
  for (const index of [-1, 7, 0.5, Number.NaN]) assert.throws(() => partRange(plan, index), RangeError);
});

test('a stream of unknown size has parts of 64 MiB, and one with an expected size has parts as a file', () => {
  const open = planStream(null, 'auto', limits);
  assert.deepEqual(open, { sizeBytes: null, partSizeBytes: 64 * MIB_BYTES, partCount: null });
  assert.equal(planStream(null, 4 * MIB_BYTES, limits).partSizeBytes, 4 * MIB_BYTES);
  assert.deepEqual(planStream(625 * GIB_BYTES, 'auto', limits), planParts(625 * GIB_BYTES, 'auto', limits));
  assert.throws(
    () => planStream(null, 3 * MIB_BYTES, limits),
    (error) => isFailure(error, 'usage'),
  );
});

test('the parts of a stream have the same ranges as the parts of a file, up to the limits of the service', () => {
  fc.assert(
    fc.property(anySize, fc.constantFrom(...legalSizes), fc.nat(9999), (sizeBytes, partSizeBytes, nth) => {
      fc.pre(Math.ceil(sizeBytes / partSizeBytes) <= limits.partsMax);
      const plan = planParts(sizeBytes, partSizeBytes, limits);
      const wanted = partRange(plan, nth % plan.partCount);
      assert.deepEqual(streamRange(plan, wanted.index, wanted.sizeBytes, limits), wanted);
    }),
  );
  const plan = { partSizeBytes: MIB_BYTES };
  assert.throws(
    () => streamRange(plan, limits.partsMax, 1, limits),
    (error) => isFailure(error, 'limit') && error.facts.limit === 'stream',
  );
  assert.throws(
    () => streamRange(plan, 1, 2, { ...limits, sizeMaxBytes: MIB_BYTES + 1 }),
    (error) => isFailure(error, 'limit') && error.facts.limit === 'size',
  );
});
