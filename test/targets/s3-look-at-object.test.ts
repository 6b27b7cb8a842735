/** Compares an object with its entry in the catalogue: each proof that a store may give. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ObjectChecksum } from '../../src/core/object-checksum.js';
import { readChecksum } from '../../src/targets/s3/compare-object.js';
import { compareWithEntry } from '../../src/targets/s3/look-at-object.js';
import { sampleEntry } from '../state/samples.js';
import { bucketAt, scriptedServer } from './scripted-server.js';

const MULTIPART = `${'a'.repeat(32)}-3`;
const KMS = 'b'.repeat(32);
const crc = (value: string) => readChecksum({ ChecksumCRC32: value }) as ObjectChecksum;
const sha = (value: string) => readChecksum({ ChecksumSHA256: value }) as ObjectChecksum;

interface Side {
  readonly etag?: string | null;
  readonly checksum?: ObjectChecksum;
  readonly size?: number;
}

function entryOf({ etag = MULTIPART, checksum, size = 7 }: Side) {
  const plan = { sizeBytes: size, partSizeBytes: 16_777_216, partCount: 1 };
  const object = { etag, versionId: null, storageClass: 'STANDARD', ...(checksum && { checksum }) };
  return sampleEntry({ plan, object });
}

function compare(recorded: Side, { etag = MULTIPART, checksum, size = 7 }: Side): string {
  const seen = {
    ...{ sizeBytes: size, etag: etag ?? '', checksum: checksum ?? null, versionId: null, ownId: null },
    ...{ storageClass: 'STANDARD', isKeyEncrypted: false, restore: null },
  };
  const { state, proof } = compareWithEntry(seen, entryOf(recorded));
  return `${state} by ${proof}`;
}

const CASES: readonly (readonly [string, Side, Side, string])[] = [
  ['an equal ETag', {}, {}, 'same by etag'],
  ['an equal ETag of an encrypted object', { etag: KMS }, { etag: KMS }, 'same by etag'],
  ['another ETag', {}, { etag: KMS }, 'different by etag'],
  ['another ETag of an encrypted object', { etag: KMS }, { etag: 'c'.repeat(32) }, 'different by etag'],
  ['a copy', { checksum: crc('AAAAAA==') }, { etag: KMS, checksum: crc('AAAAAA==') }, 'same by checksum'],
  [
    'other bytes',
    { checksum: crc('AAAAAA==') },
    { etag: KMS, checksum: crc('AAAAAQ==') },
    'different by checksum',
  ],
  ['other parts', { checksum: sha('AA==-3') }, { etag: KMS, checksum: sha('AA==-4') }, 'different by etag'],
  ['the same parts', { checksum: sha('AA==-3') }, { etag: KMS, checksum: sha('AA==-3') }, 'same by checksum'],
  [
    'another algorithm',
    { checksum: sha('AA==-3') },
    { etag: KMS, checksum: crc('AA==') },
    'different by etag',
  ],
  [
    'another type',
    { checksum: crc('AAAAAA==') },
    { etag: KMS, checksum: crc('AAAAAA==-3') },
    'different by etag',
  ],
  ['a checksum alone', { etag: null, checksum: crc('AA==') }, { checksum: crc('AA==') }, 'same by checksum'],
  ['no ETag', { etag: null }, {}, 'same by size'],
  ['another size', { checksum: crc('AA==') }, { size: 8, checksum: crc('AA==') }, 'different by size'],
];

for (const [title, recorded, seen, result] of CASES) {
  test(`${title}: the object is ${result}`, () => assert.equal(compare(recorded, seen), result));
}

test('a checksum is asked for only if the ETag is another one, and a refusal leaves what the ETag says', async (t) => {
  let [etag, mayDecrypt] = [MULTIPART, true];
  const { url, requests } = await scriptedServer(t, (response, { headers }) => {
    const isAsked = headers['x-amz-checksum-mode'] === 'ENABLED';
    const restore = 'ongoing-request="false", expiry-date="Fri, 21 Dec 2026 00:00:00 GMT"';
    const facts = { etag: `"${etag}"`, 'content-length': '7', 'x-amz-restore': restore };
    response.writeHead(isAsked && !mayDecrypt ? 403 : 200, {
      ...facts,
      'x-amz-storage-class': 'DEEP_ARCHIVE',
      ...(isAsked && { 'x-amz-checksum-crc32': 'AAAAAA==', 'x-amz-checksum-type': 'FULL_OBJECT' }),
    });
    response.end();
  });
  const target = bucketAt(t, url);
  const look = () => target.lookAt(entryOf({ checksum: crc('AAAAAA==') }), new AbortController().signal);
  const held = { sizeBytes: 7, storageClass: 'DEEP_ARCHIVE', restore: 'restored' };
  assert.deepEqual(await look(), {
    ...{ state: 'same', proof: 'etag' },
    held: { ...held, hash: MULTIPART, checksum: null },
  });
  assert.equal(requests.length, 1);
  etag = KMS;
  assert.deepEqual(await look(), {
    ...{ state: 'same', proof: 'checksum' },
    held: { ...held, hash: KMS, checksum: crc('AAAAAA==') },
  });
  mayDecrypt = false;
  const denied = await look();
  assert.deepEqual([denied.state, requests.length], ['different', 5]);
});
