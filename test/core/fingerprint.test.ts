import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { compareFingerprints, type Fingerprint } from '../../src/core/fingerprint.js';

const nanoseconds = fc.bigInt({ min: 0n, max: 4_000_000_000_000_000_000n }).map(String);
const fingerprint = fc.record({
  sizeBytes: fc.nat(),
  mtimeNs: nanoseconds,
  ctimeNs: nanoseconds,
  device: nanoseconds,
  inode: nanoseconds,
});

test('a fingerprint is the same as itself', () => {
  fc.assert(
    fc.property(fingerprint, (print) => assert.equal(compareFingerprints(print, { ...print }), 'same')),
  );
});

test('a file with another size or mtime is changed, whatever the other fields are', () => {
  fc.assert(
    fc.property(fingerprint, fingerprint, fc.boolean(), (before, other, bySize) => {
      const now: Fingerprint = bySize
        ? { ...other, sizeBytes: before.sizeBytes + 1 }
        : { ...other, mtimeNs: `${before.mtimeNs}1` };
      assert.equal(compareFingerprints(before, now), 'changed');
    }),
  );
});

test('a file of which only ctime, device or inode differ is touched', () => {
  fc.assert(
    fc.property(
      fingerprint,
      fc.subarray(['ctimeNs', 'device', 'inode'] as const, { minLength: 1 }),
      (before, fields) => {
        const now = { ...before };
        for (const field of fields) now[field] = `${before[field]}1`;
        assert.equal(compareFingerprints(before, now), 'touched');
      },
    ),
  );
});

test('times that differ by a nanosecond are different, although they are equal as doubles', () => {
  const before = { sizeBytes: 1, mtimeNs: '1700000000000000001', ctimeNs: '1', device: '1', inode: '1' };
  assert.equal(compareFingerprints(before, { ...before, mtimeNs: '1700000000000000002' }), 'changed');
});
