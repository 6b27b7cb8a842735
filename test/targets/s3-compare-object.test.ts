/** Tests the comparison of an object with the parts that were sent. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { crc32 } from 'node:zlib';
import type { ObjectChecksum } from '../../src/core/object-checksum.js';
import { type ContentProof, compareObject, readChecksum } from '../../src/targets/s3/compare-object.js';
import type { RecordedPart } from '../../src/transfer/ports/state.js';

function hashOf(algorithm: string, data: string | Buffer): Buffer {
  return createHash(algorithm).update(data).digest();
}

function partOf(bytes: string, change: Partial<RecordedPart> = {}): RecordedPart {
  const linearHash = hashOf('sha256', bytes).toString('hex');
  const crc = crc32(bytes).toString(16).padStart(8, '0');
  return {
    treeHash: linearHash,
    linearHash,
    crc32: crc,
    etag: hashOf('md5', bytes).toString('hex'),
    ...change,
  };
}

function base64Of(crc: number): string {
  return Buffer.from(crc.toString(16).padStart(8, '0'), 'hex').toString('base64');
}

const parts = [partOf('one'), partOf('two')];
const ETAG = `${hashOf('md5', Buffer.concat(['one', 'two'].map((bytes) => hashOf('md5', bytes)))).toString('hex')}-2`;
const CHECKSUM = `${hashOf('sha256', Buffer.concat(['one', 'two'].map((bytes) => hashOf('sha256', bytes)))).toString('base64')}-2`;
const WHOLE_CRC = base64Of(crc32('onetwo'));
const PARTS_CRC = `${base64Of(crc32(Buffer.from(parts.map((part) => part.crc32).join(''), 'hex')))}-2`;
const withoutCrc = parts.map(({ crc32: _, ...part }) => part);
const OTHER = `${'0'.repeat(32)}-2`;
const SIZES = { sizeBytes: 6, partSizeBytes: 3 };
const sha256 = (value: string): ObjectChecksum => ({ algorithm: 'SHA256', type: 'COMPOSITE', value });
const crc = (value: string): ObjectChecksum | null => readChecksum({ ChecksumCRC32: value });
const nothing: ContentProof = { etag: null, checksum: null, isKeyEncrypted: false };

const facts: [string, Partial<ContentProof>, readonly RecordedPart[], boolean, string][] = [
  ['the right CRC32 of all bytes', { checksum: crc(WHOLE_CRC) }, parts, true, 'same'],
  ['the right CRC32 of the parts', { checksum: crc(PARTS_CRC) }, parts, true, 'same'],
  ['a wrong CRC32', { etag: ETAG, checksum: crc('AAAAAA==') }, parts, true, 'different'],
  ['a wrong CRC32 of the parts', { etag: ETAG, checksum: crc('AAAAAA==-2') }, parts, true, 'different'],
  ['the right CRC32 and a wrong ETag', { etag: OTHER, checksum: crc(WHOLE_CRC) }, parts, true, 'different'],
  [
    'the right CRC32 and an ETag of another rule',
    { etag: OTHER, checksum: crc(WHOLE_CRC) },
    parts,
    false,
    'same',
  ],
  [
    'a CRC32 that no part has, and a wrong ETag',
    { etag: OTHER, checksum: crc(WHOLE_CRC) },
    withoutCrc,
    true,
    'different',
  ],
  ['a CRC32 that no part has', { checksum: crc(WHOLE_CRC) }, withoutCrc, true, 'unknown'],
  ['the right ETag', { etag: ETAG }, parts, false, 'same'],
  ['the right checksum, whatever the ETag', { etag: OTHER, checksum: sha256(CHECKSUM) }, parts, true, 'same'],
  [
    'a wrong checksum, whatever the ETag',
    { etag: ETAG, checksum: sha256('AAAA-2') },
    parts,
    false,
    'different',
  ],
  ['a wrong ETag of a service that documents its ETags', { etag: OTHER }, parts, true, 'different'],
  ['an ETag that may follow another rule', { etag: OTHER }, parts, false, 'unknown'],
  ['an ETag with another number of parts', { etag: `${'0'.repeat(32)}-3` }, parts, false, 'different'],
  ['an ETag of another form', { etag: 'abc' }, parts, true, 'unknown'],
  [
    'the ETag of an object that is encrypted with a key',
    { etag: OTHER, isKeyEncrypted: true },
    parts,
    true,
    'unknown',
  ],
  ['no ETag', {}, parts, true, 'unknown'],
  [
    'parts whose ETags are no MD5s',
    { etag: ETAG },
    [partOf('one', { etag: 'x' }), partOf('two')],
    true,
    'unknown',
  ],
  [
    'parts without a SHA-256',
    { checksum: sha256(CHECKSUM) },
    [partOf('one', { linearHash: null }), partOf('two')],
    true,
    'unknown',
  ],
];
for (const [title, proof, sent, hasKnownEtags, result] of facts) {
  test(`${title}: the object is ${result}`, () => {
    assert.equal(
      compareObject({ ...nothing, ...proof }, { parts: sent, ...SIZES }, hasKnownEtags).result,
      result,
    );
  });
}
