/** Tests the comparison of an object with the parts that were sent. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { type ContentProof, compareObject } from '../../src/targets/s3/compare-object.js';
import type { RecordedPart } from '../../src/transfer/ports/state.js';
import type { ObjectChecksum } from '../../src/transfer/ports/target.js';

function hashOf(algorithm: string, data: string | Buffer): Buffer {
  return createHash(algorithm).update(data).digest();
}

function partOf(bytes: string, change: Partial<RecordedPart> = {}): RecordedPart {
  const linearHash = hashOf('sha256', bytes).toString('hex');
  return { treeHash: linearHash, linearHash, etag: hashOf('md5', bytes).toString('hex'), ...change };
}

const parts = [partOf('one'), partOf('two')];
const ETAG = `${hashOf('md5', Buffer.concat(['one', 'two'].map((bytes) => hashOf('md5', bytes)))).toString('hex')}-2`;
const CHECKSUM = `${hashOf('sha256', Buffer.concat(['one', 'two'].map((bytes) => hashOf('sha256', bytes)))).toString('base64')}-2`;
const OTHER = `${'0'.repeat(32)}-2`;
const SIZES = { sizeBytes: 6, partSizeBytes: 3 };
const sha256 = (value: string): ObjectChecksum => ({ algorithm: 'SHA256', type: 'COMPOSITE', value });
const nothing: ContentProof = { etag: null, checksum: null, isKeyEncrypted: false };

const facts: [string, Partial<ContentProof>, readonly RecordedPart[], boolean, string][] = [
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
