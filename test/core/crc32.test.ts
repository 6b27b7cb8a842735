import assert from 'node:assert/strict';
import { test } from 'node:test';
import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { crc32Hex, foldCrc32 } from '../../src/core/crc32.js';
import { GIB_BYTES } from '../../src/core/units.js';

test('the CRC-32 of the whole follows from those of its parts, as zlib computes it from the bytes', () => {
  const cases = fc.record({
    bytes: fc.uint8Array({ maxLength: 3000 }),
    partSizeBytes: fc.integer({ min: 1, max: 700 }),
  });
  fc.assert(
    fc.property(cases, ({ bytes, partSizeBytes }) => {
      const partCount = Math.max(1, Math.ceil(bytes.length / partSizeBytes));
      const crcs = Array.from({ length: partCount }, (_, index) =>
        crc32Hex(crc32(bytes.subarray(index * partSizeBytes, (index + 1) * partSizeBytes))),
      );
      const whole = foldCrc32(crcs, { sizeBytes: bytes.length, partSizeBytes });
      assert.equal(whole, crc32Hex(crc32(bytes)));
    }),
  );
});

test('parts of 4 GiB are joined: zeros after a byte give what zlib gives', () => {
  const block = Buffer.alloc(2 ** 24);
  let expected = crc32(Buffer.from([1]));
  let zeros = 0;
  for (let done = 0; done < GIB_BYTES; done += block.length) {
    expected = crc32(block, expected);
    zeros = crc32(block, zeros);
  }
  // Four GiB of zeros, as a part of one GiB would be joined four times.
  const first = crc32Hex(crc32(Buffer.from([1])));
  const sizes = { sizeBytes: 1 + GIB_BYTES, partSizeBytes: 1 };
  assert.equal(foldCrc32([first, crc32Hex(zeros)], sizes), crc32Hex(expected));
  const four = foldCrc32([zeros, zeros, zeros, zeros].map(crc32Hex), {
    sizeBytes: 4 * GIB_BYTES,
    partSizeBytes: GIB_BYTES,
  });
  const two = foldCrc32([zeros, zeros].map(crc32Hex), { sizeBytes: 2 * GIB_BYTES, partSizeBytes: GIB_BYTES });
  const sizesOfTwo = { sizeBytes: 4 * GIB_BYTES, partSizeBytes: 2 * GIB_BYTES };
  assert.equal(four, foldCrc32([two, two], sizesOfTwo));
});
