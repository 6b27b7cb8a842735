/** Tests objects that a single request makes: its headers, and what guards the bytes, for each kind of store. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { describe, type TestContext, test } from 'node:test';
import { isFailure } from '../../src/core/failures.js';
import { OBS_DIALECT } from '../../src/targets/obs/dialect.js';
import type { BucketTargetOptions } from '../../src/targets/s3/target.js';
import type { Target } from '../../src/transfer/ports/target.js';
import { seededBytes } from '../support/bytes.js';
import { type Certificate, selfSigned } from '../support/certificates.js';
import { preparedPart } from '../support/prepared-part.js';
import { shared } from '../support/shared.js';
import { tempFolder } from '../support/temp.js';
import { missingOpenssl } from '../support/tls-front.js';
import { bucketAt, type ReceivedRequest, scriptedServer } from './scripted-server.js';

const never = new AbortController().signal;
const bytes = seededBytes(10_000, 3);
const part = preparedPart(bytes, 0, 2 ** 24);
const { sha256, md5, crc32: crc } = part.digests;
const PLAIN = { storageClass: null, noOverwrite: false };
const base64 = (hex: string): string => Buffer.from(hex, 'hex').toString('base64');

type Headers = Record<string, string>;

/** Answers to one request; null: as S3 does. */
type Answer = (request: ReceivedRequest) => { status?: number; code?: string; headers?: Headers } | null;

const CHECKSUMS = ['x-amz-checksum-crc32', 'x-amz-checksum-sha256'];

function repeated({ headers }: ReceivedRequest): Headers {
  const sent = CHECKSUMS.filter((name) => headers[name] !== undefined);
  return Object.fromEntries(sent.map((name) => [name, String(headers[name])]));
}

function reply(response: ServerResponse, request: ReceivedRequest, answer: Answer): void {
  const { status = 200, code, headers } = answer(request) ?? {};
  const etag = createHash('md5').update(request.body).digest('hex');
  const own = headers ?? { etag: `"${etag}"`, 'x-amz-version-id': 'v1', ...repeated(request) };
  const error = code === undefined ? '' : `<Error><Code>${code}</Code><Message>No.</Message></Error>`;
  const created = '<InitiateMultipartUploadResult><UploadId>u</UploadId></InitiateMultipartUploadResult>';
  response.writeHead(status, { 'x-amz-request-id': 'request-1', ...own });
  response.end(request.method === 'POST' ? created : error);
}

let certificate: () => Certificate;

async function open(t: TestContext, answer: Answer = () => null, changes: Partial<BucketTargetOptions> = {}) {
  const script = (response: ServerResponse, request: ReceivedRequest) => reply(response, request, answer);
  const { url, requests } = await scriptedServer(t, script, () => false, certificate());
  const trust = { verify: true, authorities: certificate().cert.toString() };
  return { target: bucketAt(t, url, { trust, ...changes }), requests };
}

/** Returns what the signature covers, and the headers that describe the bytes. */
function guards(requests: readonly ReceivedRequest[]): string[] {
  return requests.map(({ headers, body }) => {
    assert.deepEqual(body, bytes);
    const signed = headers['x-amz-content-sha256'];
    const others = [
      ...(headers['x-amz-checksum-crc32'] === base64(crc) ? ['crc32'] : []),
      ...(headers['x-amz-checksum-sha256'] === base64(sha256) ? ['sha256'] : []),
      ...(headers['content-md5'] === base64(md5) ? ['md5'] : []),
    ];
    return [signed === sha256 ? 'signed' : signed, ...others].join(' ');
  });
}

async function put(target: Target, times = 1) {
  let made = await target.putObject(part, PLAIN, never);
  for (let time = 1; time < times; time += 1) made = await target.putObject(part, PLAIN, never);
  return made;
}

describe('an object of a single request', { skip: missingOpenssl() }, () => {
  certificate = shared(async (t) => selfSigned(tempFolder(t), 'IP:127.0.0.1') as Certificate);

  test('goes to S3 with its CRC32 alone, and all that the answer says of it is recorded', async (t) => {
    const { target, requests } = await open(t);
    assert.deepEqual(target.partHashes(null), ['crc32']);
    const checksum = { algorithm: 'CRC32', type: 'FULL_OBJECT', value: base64(crc) } as const;
    assert.deepEqual(await put(target), {
      archiveId: 's3://photos/a/b.tar',
      location: null,
      treeHash: null,
      object: { etag: md5, versionId: 'v1', storageClass: 'STANDARD', checksum },
    });
    assert.deepEqual(guards(requests), ['UNSIGNED-PAYLOAD crc32']);
  });

  test('has the headers that the creation of an upload has', async (t) => {
    const requestHeaders = new Map([
      ['x-amz-object-lock-mode', 'GOVERNANCE'],
      ['x-amz-meta-origin', 'nas'],
      ['content-type', 'application/x-tar'],
    ]);
    const object = { sse: 'aws:kms', sseKmsKeyId: 'key-1', tagging: 'a=b' };
    for (const given of [new Map(), requestHeaders]) {
      const { target, requests } = await open(t, () => null, { object, requestHeaders: given });
      const options = { storageClass: 'DEEP_ARCHIVE', noOverwrite: false };
      await target.createUpload(
        { plan: { partSizeBytes: 2 ** 24 }, description: 'x', object: options },
        never,
      );
      await target.putObject(part, options, never);
      const [create, made] = ['POST', 'PUT'].map((method) => {
        const { headers = {} } = requests.find((request) => request.method === method) ?? {};
        const ofRequest =
          /^(host|connection|content-length|authorization|user-agent|x-amz-(user-agent|date|content-sha256|checksum-.*)|amz-sdk-.*)$/;
        const own = Object.entries(headers).filter(([name]) => !ofRequest.test(name));
        return Object.fromEntries(
          own.map((entry) => (entry[0] === 'x-amz-meta-calve-upload' ? [entry[0], 'id'] : entry)),
        );
      });
      assert.ok(create?.['x-amz-tagging'] === 'a=b' && create['x-amz-storage-class'] === 'DEEP_ARCHIVE');
      assert.deepEqual(made, create);
    }
  });

  test('is signed for its own key and has its own id, also as a copy of another request', async (t) => {
    const { target, requests } = await open(t);
    const keys = ['a b/ü+%.tar', "x/!'()*~", '/slash//es/', 'key'];
    for (const key of keys) await target.at(key).putObject(part, PLAIN, never);
    await Promise.all(
      keys.map((key) =>
        target
          .at(key)
          .createUpload({ plan: { partSizeBytes: 2 ** 24 }, description: 'x', object: PLAIN }, never),
      ),
    );
    const pathsOf = (method: string): string[] =>
      requests.filter((request) => request.method === method).map(({ url }) => url.split('?')[0] ?? '');
    assert.deepEqual(pathsOf('PUT').sort(), pathsOf('POST').sort());
    const puts = requests.filter(({ method }) => method === 'PUT');
    assert.equal(new Set(puts.map(({ headers }) => headers['x-amz-meta-calve-upload'])).size, keys.length);
  });

  test('goes to OBS with its MD5, and its ETag must be the same', async (t) => {
    const { target, requests } = await open(t, undefined, { dialect: OBS_DIALECT });
    assert.deepEqual((await put(target)).object, { etag: md5, versionId: 'v1', storageClass: null });
    assert.deepEqual(guards(requests), ['UNSIGNED-PAYLOAD md5']);
    const wrong = await open(t, () => ({ headers: { etag: `"${'0'.repeat(32)}"` } }), {
      dialect: OBS_DIALECT,
    });
    await assert.rejects(put(wrong.target), isCorrupt);
  });

  test('is signed over its SHA-256 if certificates are not verified', async (t) => {
    const trust = { verify: false, authorities: null };
    const { target, requests } = await open(t, undefined, { trust });
    const { object } = await put(target);
    assert.deepEqual(object?.checksum, { algorithm: 'SHA256', type: 'FULL_OBJECT', value: base64(sha256) });
    assert.deepEqual(guards(requests), ['signed sha256']);
  });

  test('whose checksum comes back wrong was damaged, and can be sent again', async (t) => {
    const { target } = await open(t, () => ({
      headers: { etag: '"e"', 'x-amz-checksum-crc32': 'AAAAAA==' },
    }));
    await assert.rejects(put(target), isCorrupt);
    const refused = await open(t, () => ({ status: 400, code: 'BadDigest' }));
    await assert.rejects(put(refused.target), isCorrupt);
  });

  const refuses =
    (...names: readonly string[]): Answer =>
    ({ headers }) =>
      names.some((name) => headers[name] !== undefined)
        ? { status: 400, code: 'InvalidRequest: checksum', headers: {} }
        : { headers: { etag: '"e"', ...repeated({ headers } as ReceivedRequest) } };
  for (const [title, answer, expected] of [
    [
      'does not confirm the CRC32 gets it once more under the signature, and the next ones are signed',
      () => ({ headers: { etag: '"e"' } }),
      ['UNSIGNED-PAYLOAD crc32', 'signed', 'signed'],
    ],
    [
      'refuses CRC32 gets SHA-256',
      refuses('x-amz-checksum-crc32'),
      ['UNSIGNED-PAYLOAD crc32', 'signed sha256', 'signed sha256'],
    ],
    [
      'refuses all checksums gets the bytes under the signature',
      refuses(...CHECKSUMS),
      ['UNSIGNED-PAYLOAD crc32', 'signed sha256', 'signed', 'signed'],
    ],
    [
      'refuses bytes that are not signed gets signed ones',
      ({ headers }) =>
        headers['x-amz-content-sha256'] === 'UNSIGNED-PAYLOAD' ? { status: 403, code: 'AccessDenied' } : null,
      ['UNSIGNED-PAYLOAD crc32', 'signed crc32', 'signed crc32'],
    ],
    [
      'requires MD5 for locked objects gets it, and the next ones have it at once',
      ({ headers }) =>
        headers['content-md5'] === undefined ? { status: 400, code: 'Missing Content-MD5' } : null,
      ['UNSIGNED-PAYLOAD crc32', 'UNSIGNED-PAYLOAD crc32 md5', 'UNSIGNED-PAYLOAD crc32 md5'],
    ],
  ] as const satisfies readonly (readonly [string, Answer, readonly string[]])[]) {
    test(`to a store that ${title}`, async (t) => {
      const { target, requests } = await open(t, answer);
      await put(target, 2);
      assert.deepEqual(guards(requests), expected);
    });
  }

  test('to a store that ignores the checksum over http: no later one computes it', async (t) => {
    const { url, requests } = await scriptedServer(t, (response, request) =>
      reply(response, request, () => ({ headers: { etag: '"e"' } })),
    );
    const target = bucketAt(t, url);
    assert.equal((await put(target, 2)).object?.checksum, undefined);
    assert.deepEqual(guards(requests), ['signed sha256', 'signed']);
    assert.deepEqual(target.partHashes(null), ['sha256']);
  });

  for (const [status, code, kind] of [
    [404, 'NoSuchBucket', 'not-found'],
    [503, 'SlowDown', 'unreachable'],
    [412, 'PreconditionFailed', 'refused'],
    [400, 'EntityTooLarge', 'limit'],
    [403, 'RequestTimeTooSkewed', 'unreachable'],
  ] as const) {
    test(`that is answered with ${code} fails as ${kind}`, async (t) => {
      const { target } = await open(t, () => ({ status, code, headers: {} }));
      await assert.rejects(put(target), (error) => isFailure(error, kind));
    });
  }

  test('without an ETag in the answer is no success', async (t) => {
    const { target } = await open(t, () => ({ headers: {} }));
    await assert.rejects(put(target), (error) => isFailure(error, 'unreachable'));
  });
});

function isCorrupt(error: unknown): boolean {
  return isFailure(error, 'checksum') && error.retryClass === 'corrupt';
}
