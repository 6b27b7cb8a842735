/** Tests what guards the bytes of an object's parts over TLS, for each kind of store. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { describe, type TestContext, test } from 'node:test';
import { crc32 } from 'node:zlib';
import { isFailure } from '../../src/core/failures.js';
import { MIB_BYTES } from '../../src/core/units.js';
import { OBS_DIALECT } from '../../src/targets/obs/dialect.js';
import { S3_DIALECT } from '../../src/targets/s3/dialect.js';
import type { BucketTargetOptions } from '../../src/targets/s3/target.js';
import type { PreparedPart } from '../../src/transfer/ports/source.js';
import type { RecordedPart } from '../../src/transfer/ports/state.js';
import type { Completion, Target } from '../../src/transfer/ports/target.js';
import { seededBytes } from '../support/bytes.js';
import { type Certificate, selfSigned } from '../support/certificates.js';
import { vaultTreeHash } from '../support/memory-vault.js';
import { preparedPart } from '../support/prepared-part.js';
import { shared } from '../support/shared.js';
import { tempFolder } from '../support/temp.js';
import { missingOpenssl } from '../support/tls-front.js';
import { bucketAt, type ReceivedRequest, type Script, scriptedServer } from './scripted-server.js';

const never = new AbortController().signal;
const PART = 8 * MIB_BYTES;
const bytes = seededBytes(PART + 5, 3);
const [first, second] = [0, 1].map((index) =>
  preparedPart(bytes.subarray(index * PART, (index + 1) * PART), index, PART),
) as [ReturnType<typeof preparedPart>, ReturnType<typeof preparedPart>];
const base64 = (hex: string): string => Buffer.from(hex, 'hex').toString('base64');
const ofCrc = (data: Uint8Array): string => base64(crc32(data).toString(16).padStart(8, '0'));
const md5 = (data: Uint8Array): string => createHash('md5').update(data).digest('hex');

const WHOLE = ofCrc(bytes);
const BARE_COMPOSITE = ofCrc(Buffer.from(first.digests.crc32 + second.digests.crc32, 'hex'));
const COMPOSITE = `${BARE_COMPOSITE}-2`;
const ETAG = `${md5(Buffer.from(first.digests.md5 + second.digests.md5, 'hex'))}-2`;

const isCreate = ({ method, url }: ReceivedRequest): boolean => method === 'POST' && /[?&]uploads/.test(url);
const isPart = ({ method, url }: ReceivedRequest): boolean => method === 'PUT' && url.includes('partNumber=');
const isComplete = ({ method, url }: ReceivedRequest): boolean =>
  method === 'POST' && url.includes('uploadId=');

type Headers = Record<string, string>;

function xml(response: ServerResponse, status: number, body: string, headers: Headers = {}): void {
  response.writeHead(status, { 'x-amz-request-id': 'request-1', ...headers }).end(body);
}

function refuse(response: ServerResponse, status: number, code: string, message = 'No.'): void {
  xml(response, status, `<Error><Code>${code}</Code><Message>${message}</Message></Error>`);
}

/** The ways in which a store differs from AWS. */
interface Store {
  /** The headers of the answer to create; null: it refuses. */
  readonly confirm?: (asked: { algorithm: string | undefined; type: string | undefined }) => Headers | null;
  /** The checksum in the answer to a part; null: none. */
  readonly ofPart?: (sent: string | undefined) => string | null;
  /** The CRC32 in the answer to complete; null: none. */
  readonly whole?: string | null;
  readonly etag?: string;
  /** The answer to ListParts; null: the credentials may not list. */
  readonly list?: string | null;
}

const AWS_ANSWER = ({ algorithm, type }: { algorithm: string | undefined; type: string | undefined }) => ({
  ...(algorithm !== undefined && { 'x-amz-checksum-algorithm': algorithm }),
  ...(algorithm !== undefined && { 'x-amz-checksum-type': type ?? 'COMPOSITE' }),
});

function storeOf({
  confirm = AWS_ANSWER,
  ofPart = (sent) => sent ?? null,
  whole = WHOLE,
  etag = ETAG,
  list = '',
}: Store): Script {
  return (response, at) => {
    const sent = (name: string): string | undefined => at.headers[name] as string | undefined;
    if (isCreate(at)) {
      const asked = { algorithm: sent('x-amz-checksum-algorithm'), type: sent('x-amz-checksum-type') };
      const headers = confirm(asked);
      if (headers === null) return refuse(response, 400, 'InvalidRequest', 'Unsupported checksum header');
      const created = '<UploadId>up-1</UploadId>';
      xml(
        response,
        200,
        `<InitiateMultipartUploadResult>${created}</InitiateMultipartUploadResult>`,
        headers,
      );
    } else if (isPart(at)) {
      const name =
        sent('x-amz-checksum-crc32') === undefined ? 'x-amz-checksum-sha256' : 'x-amz-checksum-crc32';
      const checksum = ofPart(sent(name));
      xml(response, 200, '', { etag: `"${md5(at.body)}"`, ...(checksum !== null && { [name]: checksum }) });
    } else if (isComplete(at)) {
      const crc = whole === null ? '' : `<ChecksumCRC32>${whole}</ChecksumCRC32>`;
      xml(
        response,
        200,
        `<CompleteMultipartUploadResult><ETag>"${etag}"</ETag>${crc}</CompleteMultipartUploadResult>`,
      );
    } else if (at.method === 'HEAD') {
      response.writeHead(200, { etag: `"${etag}"`, 'content-length': String(bytes.length) }).end();
    } else if (list === null) refuse(response, 403, 'AccessDenied');
    else {
      xml(
        response,
        200,
        `<ListPartsResult><UploadId>up-1</UploadId><IsTruncated>false</IsTruncated>${list}</ListPartsResult>`,
      );
    }
  };
}

let certificate: () => Certificate;

async function openStore(t: TestContext, store: Store, changes: Partial<BucketTargetOptions> = {}) {
  const { url, requests } = await scriptedServer(t, storeOf(store), () => false, certificate());
  const trust = { verify: true, authorities: certificate().cert.toString() };
  return { target: bucketAt(t, url, { trust, ...changes }), requests };
}

/** Creates an upload and sends both parts. @returns what complete needs, with the hashes that a journal would have */
async function sendBoth(target: Target): Promise<{ uploadId: string; whole: Completion }> {
  const object = { storageClass: null, noOverwrite: false };
  const { uploadId } = await target.createUpload(
    { plan: { partSizeBytes: PART }, description: 'x', object },
    never,
  );
  const recorded = new Map<number, RecordedPart>();
  for (const part of [first, second]) {
    const { etag } = await target.sendPart(uploadId, part, never);
    const known = new Set(target.partHashes(uploadId));
    recorded.set(part.range.index, {
      treeHash: part.treeHash,
      linearHash: known.has('sha256') ? part.digests.sha256 : null,
      ...(known.has('crc32') && { crc32: part.digests.crc32 }),
      ...(etag !== null && { etag }),
    });
  }
  const sizes = { sizeBytes: bytes.length, partSizeBytes: PART };
  return { uploadId, whole: { ...sizes, treeHash: vaultTreeHash(bytes), parts: recorded } };
}

/** Returns how each part was sent: what the signature covers, and the headers that describe the bytes. */
function guards(requests: readonly ReceivedRequest[]): string[] {
  return requests.filter(isPart).map(({ headers, body }) => {
    const signed = headers['x-amz-content-sha256'];
    const sha256 = createHash('sha256').update(body).digest();
    const others = [
      ...(headers['x-amz-checksum-crc32'] === ofCrc(body) ? ['crc32'] : []),
      ...(headers['x-amz-checksum-sha256'] === sha256.toString('base64') ? ['sha256'] : []),
      ...(headers['content-md5'] === base64(md5(body)) ? ['md5'] : []),
    ];
    return [signed === sha256.toString('hex') ? 'signed' : signed, ...others].join(' ');
  });
}

describe('over TLS', { skip: missingOpenssl() }, () => {
  certificate = shared(async (t) => selfSigned(tempFolder(t), 'IP:127.0.0.1') as Certificate);

  test('a store with checksums gets the CRC32 of each part and of the whole, and no SHA-256 is computed', async (t) => {
    const { target, requests } = await openStore(t, {});
    const { uploadId, whole } = await sendBoth(target);
    assert.deepEqual(target.partHashes(uploadId), ['crc32']);
    const finished = await target.complete(uploadId, whole, never);
    assert.deepEqual(finished.object?.checksum, { algorithm: 'CRC32', type: 'FULL_OBJECT', value: WHOLE });
    assert.deepEqual(guards(requests), ['UNSIGNED-PAYLOAD crc32', 'UNSIGNED-PAYLOAD crc32']);
    const create = requests.find(isCreate)?.headers;
    assert.equal(create?.['x-amz-checksum-algorithm'], 'CRC32');
    assert.equal(create?.['x-amz-checksum-type'], 'FULL_OBJECT');
    const complete = requests.find(isComplete);
    for (const { digests } of [first, second]) {
      assert.ok(complete?.body.includes(`<ChecksumCRC32>${base64(digests.crc32)}</ChecksumCRC32>`));
    }
    assert.equal(complete?.headers['x-amz-checksum-crc32'], WHOLE);
    assert.equal(complete?.headers['x-amz-checksum-type'], 'FULL_OBJECT');
    assert.equal(complete?.headers['x-amz-mp-object-size'], String(bytes.length));
  });

  test('no hash is computed that the request of a part does not contain', async (t) => {
    const { target } = await openStore(t, {});
    const { uploadId } = await sendBoth(target);
    const digest: PreparedPart['digest'] = async (hash) =>
      hash === 'crc32' ? second.digests.crc32 : assert.fail(`${hash} is computed`);
    await target.sendPart(uploadId, { ...second, digest }, never);
  });

  for (const [title, value, type] of [
    ['of the checksums of the parts', COMPOSITE, 'COMPOSITE'],
    ['of the checksums of the parts, without their number', BARE_COMPOSITE, 'FULL_OBJECT'],
    ['of all bytes', WHOLE, 'FULL_OBJECT'],
  ] as const) {
    test(`a store may answer complete with the CRC32 ${title}`, async (t) => {
      // The ETag follows another rule, so that the checksum is the only proof.
      const { target } = await openStore(t, { whole: value, etag: `${'0'.repeat(32)}-2` });
      const { uploadId, whole } = await sendBoth(target);
      const { object, remarks } = await target.complete(uploadId, whole, never);
      const recorded = type === 'COMPOSITE' ? COMPOSITE : WHOLE;
      assert.deepEqual(object?.checksum, { algorithm: 'CRC32', type, value: recorded });
      assert.deepEqual(remarks, []);
    });
  }

  for (const [title, store] of [
    ['CRC32 of all bytes', { whole: 'AAAAAA==' }],
    ['CRC32 of the parts', { whole: 'AAAAAA==-2' }],
    ['number of parts beside the right CRC32', { whole: `${BARE_COMPOSITE}-3` }],
  ] as const) {
    test(`an object with another ${title} is not what was sent`, async (t) => {
      const { target } = await openStore(t, store);
      const { uploadId, whole } = await sendBoth(target);
      await assert.rejects(target.complete(uploadId, whole, never), (error) => {
        return isFailure(error, 'checksum') && error.facts.what === 'archive' && error.service !== null;
      });
    });
  }

  test('a part whose CRC32 comes back wrong was damaged, and can be sent again', async (t) => {
    const { target } = await openStore(t, { ofPart: () => 'AAAAAA==' });
    await assert.rejects(sendBoth(target), (error) => {
      assert.ok(isFailure(error, 'checksum'), String(error));
      const { what, expected, got } = error.facts;
      assert.deepEqual([what, expected, got], ['part', base64(first.digests.crc32), 'AAAAAA==']);
      return error.retryClass === 'corrupt';
    });
  });

  test('a part whose CRC32 the store does not confirm is sent again with its bytes under the signature', async (t) => {
    const { target, requests } = await openStore(t, { ofPart: () => null, whole: null });
    const { uploadId, whole } = await sendBoth(target);
    assert.deepEqual(guards(requests), ['UNSIGNED-PAYLOAD crc32', 'signed crc32', 'signed crc32']);
    assert.deepEqual(target.partHashes(uploadId), ['sha256', 'crc32']);
    assert.equal((await target.complete(uploadId, whole, never)).object?.etag, ETAG);
  });

  const refusals: [number, string][] = [
    [403, 'AccessDenied'],
    [403, 'SignatureDoesNotMatch'],
    [400, 'XAmzContentSHA256Mismatch'],
    [501, 'NotImplemented'],
  ];
  for (const [status, code] of refusals) {
    for (const dialect of [S3_DIALECT, OBS_DIALECT]) {
      const name = dialect === S3_DIALECT ? 's3' : 'obs';
      test(`${name}: ${code} to bytes that are not signed is answered with signed ones`, async (t) => {
        const { url, requests } = await scriptedServer(
          t,
          (response, at) => {
            const isUnsigned = at.headers['x-amz-content-sha256'] === 'UNSIGNED-PAYLOAD';
            if (isPart(at) && isUnsigned) return refuse(response, status, code);
            storeOf({})(response, at);
          },
          () => false,
          certificate(),
        );
        const trust = { verify: true, authorities: certificate().cert.toString() };
        await sendBoth(bucketAt(t, url, { trust, dialect }));
        const hash = name === 's3' ? 'crc32' : 'md5';
        assert.deepEqual(guards(requests), [`UNSIGNED-PAYLOAD ${hash}`, `signed ${hash}`, `signed ${hash}`]);
      });
    }
  }

  test('a refusal of signed bytes is final', async (t) => {
    const { url, requests } = await scriptedServer(
      t,
      (response, at) => (isPart(at) ? refuse(response, 403, 'AccessDenied') : storeOf({})(response, at)),
      () => false,
      certificate(),
    );
    const trust = { verify: true, authorities: certificate().cert.toString() };
    await assert.rejects(sendBoth(bucketAt(t, url, { trust })), (error) => isFailure(error, 'refused'));
    assert.deepEqual(guards(requests), ['UNSIGNED-PAYLOAD crc32', 'signed crc32']);
  });

  const SHA256 = { 'x-amz-checksum-algorithm': 'SHA256' };
  const stores: [string, Store, readonly (string | undefined)[], string][] = [
    [
      'knows CRC32 but does not name its type',
      { confirm: () => ({ 'x-amz-checksum-algorithm': 'CRC32' }), whole: COMPOSITE },
      ['CRC32'],
      'UNSIGNED-PAYLOAD crc32',
    ],
    [
      'keeps the CRC32 of the parts only',
      { confirm: () => AWS_ANSWER({ algorithm: 'CRC32', type: 'COMPOSITE' }), whole: COMPOSITE },
      ['CRC32'],
      'UNSIGNED-PAYLOAD crc32',
    ],
    [
      'refuses the type of a checksum',
      { confirm: (asked) => (asked.type === undefined ? AWS_ANSWER(asked) : null), whole: null },
      ['CRC32', 'SHA256'],
      'signed sha256',
    ],
    [
      'refuses all checksums',
      { confirm: ({ algorithm }) => (algorithm === undefined ? {} : null), whole: null },
      ['CRC32', 'SHA256', undefined],
      'signed',
    ],
    ['confirms no checksum', { confirm: () => ({}), whole: null }, ['CRC32'], 'signed'],
    ['confirms another checksum', { confirm: () => SHA256, whole: null }, ['CRC32'], 'signed sha256'],
  ];
  for (const [title, store, asked, guard] of stores) {
    test(`a store that ${title} gets parts with: ${guard}`, async (t) => {
      const { target, requests } = await openStore(t, store);
      const { uploadId, whole } = await sendBoth(target);
      assert.equal((await target.complete(uploadId, whole, never)).object?.etag, ETAG);
      const creates = requests.filter(isCreate);
      assert.deepEqual(
        creates.map(({ headers }) => headers['x-amz-checksum-algorithm']),
        asked,
      );
      assert.deepEqual(guards(requests), [guard, guard]);
      const complete = requests.find(isComplete);
      // A store that does not keep the checksum of all bytes is not given it.
      assert.equal(complete?.headers['x-amz-checksum-crc32'], undefined);
      assert.equal(complete?.body.includes('<ChecksumCRC32>'), guard.includes('crc32'));
    });
  }

  test('the signature covers the bytes if certificates are not verified', async (t) => {
    const trust = { verify: false, authorities: null };
    const { target, requests } = await openStore(t, { whole: null }, { trust });
    await sendBoth(target);
    assert.deepEqual(guards(requests), ['signed sha256', 'signed sha256']);
  });

  test('OBS gets the MD5 of each part and no SHA-256', async (t) => {
    const { target, requests } = await openStore(t, {}, { dialect: OBS_DIALECT });
    const { uploadId } = await sendBoth(target);
    assert.deepEqual(guards(requests), ['UNSIGNED-PAYLOAD md5', 'UNSIGNED-PAYLOAD md5']);
    assert.deepEqual(target.partHashes(uploadId), ['md5']);
  });

  test('a bucket that locks objects gets the MD5, and a signature over the bytes, if it knows no checksums', async (t) => {
    const requestHeaders = new Map([['x-amz-object-lock-mode', 'GOVERNANCE']]);
    const { target, requests } = await openStore(t, { confirm: () => ({}) }, { requestHeaders });
    await sendBoth(target);
    assert.deepEqual(guards(requests), ['signed md5', 'signed md5']);
  });

  const listed: [string, string, string, string | null][] = [
    ['SHA256', '<ChecksumAlgorithm>SHA256</ChecksumAlgorithm>', 'signed sha256', null],
    [
      'SHA256 that only a part shows',
      `<Part><PartNumber>1</PartNumber><Size>${PART}</Size><ChecksumSHA256>${base64(first.digests.sha256)}</ChecksumSHA256></Part>`,
      'signed sha256',
      null,
    ],
    [
      'CRC32 of all bytes',
      '<ChecksumAlgorithm>CRC32</ChecksumAlgorithm><ChecksumType>FULL_OBJECT</ChecksumType>',
      'UNSIGNED-PAYLOAD crc32',
      WHOLE,
    ],
    [
      'CRC32 of the parts, as boto3 asks for it',
      '<ChecksumAlgorithm>CRC32</ChecksumAlgorithm><ChecksumType>COMPOSITE</ChecksumType>',
      'UNSIGNED-PAYLOAD crc32',
      null,
    ],
    [
      'CRC64NVME',
      '<ChecksumAlgorithm>CRC64NVME</ChecksumAlgorithm><ChecksumType>FULL_OBJECT</ChecksumType>',
      'signed',
      null,
    ],
    ['no checksum', '', 'signed', null],
  ];
  for (const [title, list, guard, whole] of listed) {
    test(`an upload of an earlier run or another program with ${title} gets parts with: ${guard}`, async (t) => {
      const { target, requests } = await openStore(t, { list, whole: null });
      await target.sendPart('up-1', second, never);
      assert.deepEqual(guards(requests), [guard]);
      const { digests, treeHash } = first;
      const recorded = { treeHash, linearHash: digests.sha256, crc32: digests.crc32, etag: digests.md5 };
      const { digests: last } = second;
      const parts = new Map<number, RecordedPart>([
        [0, recorded],
        [1, { treeHash: second.treeHash, linearHash: last.sha256, crc32: last.crc32, etag: last.md5 }],
      ]);
      const sizes = { sizeBytes: bytes.length, partSizeBytes: PART, treeHash: vaultTreeHash(bytes) };
      await target.complete('up-1', { ...sizes, parts }, never);
      assert.equal(requests.find(isComplete)?.headers['x-amz-checksum-crc32'] ?? null, whole);
    });
  }

  test('a list of parts shows the CRC32 of each', async (t) => {
    const list = `<Part><PartNumber>1</PartNumber><Size>${PART}</Size><ChecksumCRC32>${base64(first.digests.crc32)}</ChecksumCRC32></Part>`;
    const { target } = await openStore(t, { list });
    const { parts } = await target.listPartsPage('up-1', { limit: null, marker: null }, never);
    assert.equal(parts[0]?.crc32, first.digests.crc32);
  });

  test('credentials that may not list send the checksum that the upload turns out to have', async (t) => {
    const { url, requests } = await scriptedServer(
      t,
      (response, at) => {
        const isCrc = at.headers['x-amz-checksum-crc32'] !== undefined;
        const message =
          'Checksum Type mismatch occurred, expected checksum Type: sha256, actual checksum Type: crc32';
        if (isPart(at) && isCrc) return refuse(response, 400, 'InvalidRequest', message);
        storeOf({ list: null, whole: null })(response, at);
      },
      () => false,
      certificate(),
    );
    const trust = { verify: true, authorities: certificate().cert.toString() };
    const target = bucketAt(t, url, { trust });
    await target.sendPart('up-1', first, never);
    await target.sendPart('up-1', second, never);
    assert.deepEqual(guards(requests), ['signed crc32', 'signed sha256', 'signed sha256']);
    const recordedParts = [first, second].map(({ treeHash, digests }, index) => {
      return [index, { treeHash, linearHash: digests.sha256, etag: digests.md5 }] as const;
    });
    const sizes = { sizeBytes: bytes.length, partSizeBytes: PART, treeHash: vaultTreeHash(bytes) };
    await target.complete('up-1', { ...sizes, parts: new Map(recordedParts) }, never);
    assert.ok(requests.find(isComplete)?.body.includes('<ChecksumSHA256>'));
  });
});
