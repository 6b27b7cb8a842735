/** Tests requests to a bucket and the handling of responses that Swift cannot send, because it is not AWS. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { test } from 'node:test';
import { isFailure, TransferError } from '../../src/core/failures.js';
import { MIB_BYTES } from '../../src/core/units.js';
import { OBS_DIALECT } from '../../src/targets/obs/dialect.js';
import { S3_DIALECT } from '../../src/targets/s3/dialect.js';
import type { Completion, CreateUploadRequest, Target } from '../../src/transfer/ports/target.js';
import { seededBytes } from '../support/bytes.js';
import { vaultTreeHash } from '../support/memory-vault.js';
import { type HashedPart, preparedPart } from '../support/prepared-part.js';
import { bucketAt, type ReceivedRequest, type Script, scriptedServer } from './scripted-server.js';

const never = new AbortController().signal;
const PART = 8 * MIB_BYTES;
const bytes = seededBytes(PART + 5, 3);
const parts = [0, 1].map((index) =>
  preparedPart(bytes.subarray(index * PART, (index + 1) * PART), index, PART),
);
const [first, second] = parts as [HashedPart, HashedPart];
const request: CreateUploadRequest = {
  plan: { partSizeBytes: PART },
  description: 'x',
  object: { storageClass: null, noOverwrite: false },
};
const base64 = (hex: string): string => Buffer.from(hex, 'hex').toString('base64');

function xml(
  response: ServerResponse,
  status: number,
  body: string,
  headers: Record<string, string> = {},
): void {
  const marks = { 'x-amz-request-id': 'request-1', 'x-amz-id-2': 'host-1' };
  response.writeHead(status, { 'content-type': 'application/xml', ...marks, ...headers });
  response.end(body === '' ? '' : `<?xml version="1.0" encoding="UTF-8"?>\n${body}`);
}

function refuse(response: ServerResponse, status: number, code: string, message = 'No.'): void {
  const resource = '/photos/a/b.tar';
  xml(
    response,
    status,
    `<Error><Code>${code}</Code><Message>${message}</Message><Resource>${resource}</Resource></Error>`,
  );
}

const isCreate = ({ method, url }: ReceivedRequest): boolean => method === 'POST' && /[?&]uploads/.test(url);
const isPart = ({ method, url }: ReceivedRequest): boolean => method === 'PUT' && url.includes('partNumber=');
const isComplete = ({ method, url }: ReceivedRequest): boolean =>
  method === 'POST' && url.includes('uploadId=');

const CREATED = '<InitiateMultipartUploadResult><UploadId>up-1</UploadId></InitiateMultipartUploadResult>';
const WITH_CHECKSUMS = { 'x-amz-checksum-algorithm': 'SHA256', 'x-amz-checksum-type': 'COMPOSITE' };

function md5(data: Uint8Array): string {
  return createHash('md5').update(data).digest('hex');
}

const ETAG = `${md5(Buffer.concat([bytes.subarray(0, PART), bytes.subarray(PART)].map((part) => Buffer.from(md5(part), 'hex'))))}-2`;
const CHECKSUM = `${createHash('sha256')
  .update(Buffer.concat(parts.map(({ digests }) => Buffer.from(digests.sha256, 'hex'))))
  .digest('base64')}-2`;

function completed(checksum: string | null, etag = ETAG): string {
  const sum = checksum === null ? '' : `<ChecksumSHA256>${checksum}</ChecksumSHA256>`;
  return `<CompleteMultipartUploadResult><Location>l</Location><ETag>&quot;${etag}&quot;</ETag>${sum}</CompleteMultipartUploadResult>`;
}

/** Responds as AWS does: with checksums, and with the object as it was sent. */
function aws(change: { readonly checksum?: string; readonly head?: Record<string, string> } = {}): Script {
  return (response, received) => {
    if (isCreate(received)) return xml(response, 200, CREATED, WITH_CHECKSUMS);
    if (isPart(received)) {
      const checksum = received.headers['x-amz-checksum-sha256'];
      const checksumHeader = checksum === undefined ? {} : { 'x-amz-checksum-sha256': String(checksum) };
      return xml(response, 200, '', { etag: `"${md5(received.body)}"`, ...checksumHeader });
    }
    if (isComplete(received)) return xml(response, 200, completed(change.checksum ?? CHECKSUM));
    const head = {
      etag: `"${ETAG}"`,
      'content-length': String(bytes.length),
      'x-amz-storage-class': 'GLACIER',
    };
    response.writeHead(200, { ...head, 'x-amz-version-id': 'v-1', ...change.head }).end();
  };
}

async function sendAll(target: Target): Promise<{ uploadId: string; whole: Completion }> {
  const { uploadId, object } = await target.createUpload(request, never);
  const sent = await Promise.all(parts.map((part) => target.sendPart(uploadId, part, never)));
  const recorded = parts.map(({ treeHash, digests }, index) => {
    return [index, { treeHash, linearHash: digests.sha256, etag: sent[index]?.etag ?? '' }] as const;
  });
  const treeHash = vaultTreeHash(bytes);
  const whole = { sizeBytes: bytes.length, partSizeBytes: PART, treeHash, parts: new Map(recorded) };
  return { uploadId, whole: object === undefined ? whole : { ...whole, object } };
}

test('a store with checksums gets the SHA-256 of each part, and complete sends them all', async (t) => {
  const { url, requests } = await scriptedServer(t, aws());
  const target = bucketAt(t, url);
  const { uploadId, whole } = await sendAll(target);
  const finished = await target.complete(uploadId, whole, never);
  assert.deepEqual(finished.object, {
    ...{ etag: ETAG, versionId: 'v-1', storageClass: 'GLACIER' },
    checksum: { algorithm: 'SHA256', type: 'COMPOSITE', value: CHECKSUM },
  });
  assert.equal(finished.archiveId, 's3://photos/a/b.tar');
  const [create] = requests.filter(isCreate);
  assert.equal(create?.headers['x-amz-checksum-algorithm'], 'SHA256');
  assert.match(String(create?.headers['x-amz-meta-calve-upload']), /^[0-9a-f-]{36}$/);
  for (const part of requests.filter(isPart)) {
    const prepared = part.url.includes('partNumber=1') ? first : second;
    assert.equal(part.headers['x-amz-checksum-sha256'], base64(prepared.digests.sha256));
    // The signature covers the same hash: no other hash is computed, and the body is not chunked.
    assert.equal(part.headers['x-amz-content-sha256'], prepared.digests.sha256);
    assert.equal(part.headers['content-length'], String(prepared.range.sizeBytes));
    for (const absent of [
      'expect',
      'transfer-encoding',
      'x-amz-checksum-crc32',
      'content-md5',
      'content-encoding',
    ]) {
      assert.equal(part.headers[absent], undefined, absent);
    }
  }
  const [complete] = requests.filter(isComplete);
  const body = complete?.body.toString() ?? '';
  assert.ok(
    parts.every(({ digests }) => body.includes(base64(digests.sha256))),
    body,
  );
  assert.equal(complete?.headers['x-amz-mp-object-size'], String(bytes.length));
  assert.equal(complete?.headers['if-none-match'], undefined);
});

test('a store without checksums gets none, and only OBS gets MD5', async (t) => {
  for (const dialect of [S3_DIALECT, OBS_DIALECT]) {
    const { url, requests } = await scriptedServer(t, (response, at) =>
      isCreate(at) ? xml(response, 200, CREATED) : aws()(response, at),
    );
    const target = bucketAt(t, url, { dialect });
    const { uploadId } = await target.createUpload(request, never);
    await target.sendPart(uploadId, second, never);
    const [part] = requests.filter(isPart);
    assert.equal(part?.headers['x-amz-checksum-sha256'], undefined);
    const sent = part?.headers['content-md5'];
    assert.equal(sent, dialect === OBS_DIALECT ? base64(second.digests.md5) : undefined);
    assert.equal(
      requests.filter(isCreate)[0]?.headers['x-amz-checksum-algorithm'],
      dialect === OBS_DIALECT ? undefined : 'SHA256',
    );
  }
});

const MD5_REQUIRED = [
  'Content-MD5 OR x-amz-checksum- HTTP header is required for Put Part requests with Object Lock parameters',
  'Content-MD5 HTTP header is required for Put Part requests with Object Lock parameters',
  'Missing required header for this request: Content-Md5',
];
for (const message of MD5_REQUIRED) {
  test(`a store without checksums that requires MD5 gets it, from the first refusal on: ${message}`, async (t) => {
    const { url, requests } = await scriptedServer(t, (response, at) => {
      if (isCreate(at)) return xml(response, 200, CREATED);
      const lacksMd5 = isPart(at) && at.headers['content-md5'] === undefined;
      if (lacksMd5) return refuse(response, 400, 'InvalidRequest', message);
      // An ETag that is no MD5 of the part, as stores that encrypt by default have it.
      xml(response, 200, '', { etag: `"${md5(Buffer.from('other'))}"` });
    });
    const target = bucketAt(t, url);
    const { uploadId } = await target.createUpload(request, never);
    await target.sendPart(uploadId, first, never);
    await target.at('another').sendPart(uploadId, second, never);
    const sent = requests.filter(isPart).map(({ headers }) => headers['content-md5']);
    assert.deepEqual(sent, [undefined, base64(first.digests.md5), base64(second.digests.md5)]);
  });
}

test('a store without checksums gets MD5 at once if a header locks the object; one with checksums gets none', async (t) => {
  const requestHeaders = new Map([['x-amz-object-lock-mode', 'GOVERNANCE']]);
  for (const hasChecksums of [false, true]) {
    const { url, requests } = await scriptedServer(t, (response, at) =>
      isCreate(at) ? xml(response, 200, CREATED, hasChecksums ? WITH_CHECKSUMS : {}) : aws()(response, at),
    );
    const target = bucketAt(t, url, { requestHeaders });
    const { uploadId } = await target.createUpload(request, never);
    await target.sendPart(uploadId, first, never);
    const sent = requests.filter(isPart).map(({ headers }) => headers['content-md5']);
    assert.deepEqual(sent, [hasChecksums ? undefined : base64(first.digests.md5)]);
  }
});

test('a part whose MD5 the store finds wrong is not a store that requires MD5', async (t) => {
  const { url, requests } = await scriptedServer(t, (response, at) => {
    if (isCreate(at)) return xml(response, 200, CREATED);
    refuse(response, 400, 'InvalidDigest', 'The Content-MD5 you specified was invalid.');
  });
  const target = bucketAt(t, url);
  const { uploadId } = await target.createUpload(request, never);
  await assert.rejects(target.sendPart(uploadId, second, never), (error) => isFailure(error, 'refused'));
  assert.equal(requests.filter(isPart).length, 1);
});

const withoutChecksums: [string, number, string][] = [
  ['InvalidArgument', 400, "Unsupported header 'x-amz-checksum-algorithm' received for this API call."],
  ['NotImplemented', 501, 'A header you provided implies functionality that is not implemented.'],
];
for (const [code, status, message] of withoutChecksums) {
  test(`an upload that the store refuses because of checksums (${status} ${code}) is created without them`, async (t) => {
    const { url, requests } = await scriptedServer(t, (response, at) => {
      if (Object.keys(at.headers).some((name) => name.includes('checksum'))) {
        return refuse(response, status, code, message);
      }
      if (isCreate(at)) return xml(response, 200, CREATED);
      if (isComplete(at)) return xml(response, 200, completed(null));
      aws()(response, at);
    });
    const target = bucketAt(t, url);
    const { uploadId, whole } = await sendAll(target);
    assert.equal((await target.complete(uploadId, whole, never)).object?.etag, ETAG);
    assert.equal(requests.filter(isCreate).length, 2);
  });
}

test('a 501 for another reason is reported, and the request is sent once', async (t) => {
  const { url, requests } = await scriptedServer(t, (response) => refuse(response, 501, 'NotImplemented'));
  await assert.rejects(bucketAt(t, url, { dialect: OBS_DIALECT }).createUpload(request, never), (error) => {
    return isFailure(error, 'refused') && error.service?.httpStatus === 501 && error.retryClass === null;
  });
  assert.equal(requests.length, 1);
});

test('the parts of a resumed upload are listed to find out if it has checksums', async (t) => {
  const list =
    '<ListPartsResult><UploadId>up-1</UploadId><IsTruncated>false</IsTruncated><ChecksumAlgorithm>SHA256</ChecksumAlgorithm></ListPartsResult>';
  const { url, requests } = await scriptedServer(t, (response, at) =>
    at.method === 'GET' ? xml(response, 200, list) : aws()(response, at),
  );
  const target = bucketAt(t, url);
  await Promise.all(parts.map((part) => target.sendPart('up-1', part, never)));
  await target.sendPart('up-1', first, never);
  assert.ok(requests.filter(isPart).every(({ headers }) => headers['x-amz-checksum-sha256'] !== undefined));
  assert.ok(requests.filter(({ method }) => method === 'GET').length <= 2);
});

test('an upload keeps its checksums if the list of its parts does not mention them', async (t) => {
  const list = '<ListPartsResult><UploadId>up-1</UploadId><IsTruncated>false</IsTruncated></ListPartsResult>';
  const { url, requests } = await scriptedServer(t, (response, at) =>
    at.method === 'GET' ? xml(response, 200, list) : aws()(response, at),
  );
  const target = bucketAt(t, url);
  const { uploadId } = await target.createUpload(request, never);
  await target.listPartsPage(uploadId, { limit: null, marker: null }, never);
  await target.sendPart(uploadId, first, never);
  assert.equal(requests.find(isPart)?.headers['x-amz-checksum-sha256'], base64(first.digests.sha256));
});

const notOurs: [string, Script][] = [
  ['another checksum', aws({ checksum: `${base64('00'.repeat(32))}-2` })],
  ['another ETag under the key', aws({ head: { etag: '"00000000000000000000000000000000-2"' } })],
  ['another length under the key', aws({ head: { 'content-length': '5' } })],
];
for (const [title, script] of notOurs) {
  test(`an object with ${title} is not what was sent`, async (t) => {
    const { url } = await scriptedServer(t, script);
    const target = bucketAt(t, url);
    const { uploadId, whole } = await sendAll(target);
    await assert.rejects(target.complete(uploadId, whole, never), (error) => {
      assert.ok(isFailure(error, 'checksum'), String(error));
      assert.deepEqual(
        [error.facts.what, error.retryClass, error.service?.httpStatus],
        ['archive', null, 200],
      );
      return true;
    });
  });
}

test('a weak ETag, which a proxy may send, is the same as the strong one', async (t) => {
  const { url, requests } = await scriptedServer(t, (response, at) => {
    if (isPart(at)) return xml(response, 200, '', { etag: `W/"${md5(at.body)}"` });
    aws({ head: { etag: `W/"${ETAG}"` } })(response, at);
  });
  const target = bucketAt(t, url);
  const { uploadId, whole } = await sendAll(target);
  assert.equal((await target.complete(uploadId, whole, never)).object?.etag, ETAG);
  assert.doesNotMatch(requests.find(isComplete)?.body.toString() ?? '', /W\//);
});

test('the response to complete is accepted if the credentials may not read the object', async (t) => {
  const { url } = await scriptedServer(t, (response, received) => {
    if (received.method === 'HEAD') response.writeHead(403, { 'x-amz-request-id': 'r' }).end();
    else aws()(response, received);
  });
  const target = bucketAt(t, url);
  const { uploadId, whole } = await sendAll(target);
  const { object } = await target.complete(uploadId, whole, never);
  assert.equal(object?.checksum?.value, CHECKSUM);
  assert.deepEqual([object.etag, object.versionId, object.storageClass], [ETAG, null, 'STANDARD']);
});

test('a transient error in the body of a 200, after white space, can be retried', async (t) => {
  const { url } = await scriptedServer(t, (response, received) => {
    if (!isComplete(received)) return aws()(response, received);
    response.writeHead(200, { 'content-type': 'application/xml', 'x-amz-request-id': 'r' });
    response.write('<?xml version="1.0" encoding="UTF-8"?>\n');
    response.write('   \n  ');
    response.end(
      '<Error><Code>InternalError</Code><Message>We encountered an internal error.</Message></Error>',
    );
  });
  const target = bucketAt(t, url);
  const { uploadId, whole } = await sendAll(target);
  await assert.rejects(target.complete(uploadId, whole, never), (error) => {
    assert.ok(isFailure(error, 'unreachable'), String(error));
    assert.equal(error.retryClass, 'unavailable');
    return true;
  });
});

const EMPTY_LIST =
  '<ListPartsResult><UploadId>up-1</UploadId><IsTruncated>false</IsTruncated></ListPartsResult>';

/** Responds to complete as given, and to HEAD with an object that has the id of the upload, if it was made. */
function unclear(complete: (response: ServerResponse) => void, made: boolean, isListed: boolean): Script {
  let ownId = '';
  return (response, at) => {
    if (isCreate(at)) ownId = String(at.headers['x-amz-meta-calve-upload']);
    if (isComplete(at)) return complete(response);
    if (at.method === 'HEAD' && !made) return void response.writeHead(404, { 'x-amz-request-id': 'r' }).end();
    if (at.method === 'GET' && !isListed) return refuse(response, 404, 'NoSuchUpload');
    if (at.method === 'GET') return xml(response, 200, EMPTY_LIST);
    aws({ head: { 'x-amz-meta-calve-upload': ownId } })(response, at);
  };
}

const withoutEtag = (response: ServerResponse): void =>
  xml(response, 200, '<CompleteMultipartUploadResult><ETag></ETag></CompleteMultipartUploadResult>');
const inProgress = (response: ServerResponse): void => refuse(response, 500, 'InternalError', 'In progress.');

for (const [title, complete] of [
  ['has no ETag', withoutEtag],
  ['is a server error', inProgress],
  ['is cut off', (response: ServerResponse) => void response.destroy()],
] as const) {
  test(`a complete whose response ${title} is done if the object has the id of the upload`, async (t) => {
    const { url, requests } = await scriptedServer(t, unclear(complete, true, false));
    const target = bucketAt(t, url);
    const { uploadId, whole } = await sendAll(target);
    assert.equal((await target.complete(uploadId, whole, never)).object?.etag, ETAG);
    assert.equal(requests.filter(isComplete).length, 1);
  });

  test(`a complete whose response ${title} is sent again if the upload is still there`, async (t) => {
    const { url } = await scriptedServer(t, unclear(complete, false, true));
    const target = bucketAt(t, url);
    const { uploadId, whole } = await sendAll(target);
    await assert.rejects(target.complete(uploadId, whole, never), (error) => {
      assert.ok(isFailure(error, 'unreachable') && error.retryClass === 'unavailable', String(error));
      return true;
    });
  });
}

for (const [title, complete] of [
  ['has no ETag', withoutEtag],
  ['is a server error', inProgress],
] as const) {
  test(`a complete whose response ${title} fails as not-found if the upload is gone without an object`, async (t) => {
    const { url } = await scriptedServer(t, unclear(complete, false, false));
    const target = bucketAt(t, url);
    const { uploadId, whole } = await sendAll(target);
    await assert.rejects(target.complete(uploadId, whole, never), (error) => {
      assert.ok(isFailure(error, 'not-found') && error.facts.what === 'upload', String(error));
      return true;
    });
  });
}

test('--no-overwrite keeps an object that appears before complete, also if the store ignores the condition', async (t) => {
  let isThere = false;
  const { url, requests } = await scriptedServer(t, (response, at) => {
    if (at.method === 'HEAD' && !isThere) response.writeHead(404).end();
    else aws()(response, at);
  });
  const target = bucketAt(t, url);
  const object = { storageClass: null, noOverwrite: true };
  const created = await target.createUpload({ ...request, object }, never);
  const { whole } = await sendAll(target);
  isThere = true;
  const completing = target.complete('up-1', { ...whole, ...created }, never);
  await assert.rejects(completing, (error) => isFailure(error, 'exists'));
  assert.equal(requests.filter(isComplete).length, 0);
});

test('--no-overwrite completes without the condition, and reports it, if the store answers 501', async (t) => {
  let isThere = false;
  const { url, requests } = await scriptedServer(t, (response, at) => {
    if (at.method === 'HEAD' && !isThere) return void response.writeHead(404).end();
    if (isComplete(at) && at.headers['if-none-match'] !== undefined) {
      return refuse(response, 501, 'NotImplemented');
    }
    if (isComplete(at)) isThere = true;
    aws()(response, at);
  });
  const target = bucketAt(t, url);
  const object = { storageClass: null, noOverwrite: true };
  const created = await target.createUpload({ ...request, object }, never);
  const { whole } = await sendAll(target);
  const finished = await target.complete('up-1', { ...whole, ...created }, never);
  assert.deepEqual([finished.remarks, finished.object?.etag], [['looked-instead'], ETAG]);
  assert.equal(requests.filter(isComplete).length, 2);
});

test('an empty 404 to HEAD is an answer, also from a store that sends no request ids', async (t) => {
  const { url } = await scriptedServer(t, (response, at) => {
    if (at.method === 'HEAD') response.writeHead(404).end();
    else aws()(response, at);
  });
  const object = { storageClass: null, noOverwrite: true };
  const created = await bucketAt(t, url).createUpload({ ...request, object }, never);
  assert.equal(created.uploadId, 'up-1');
});

test('headers that calve does not need make no response unreadable', async (t) => {
  const odd = {
    'x-amz-abort-date': '2026-12-01T00:00:00.000Z',
    'last-modified': 'yesterday',
    expires: '0',
    'x-amz-mp-parts-count': 'two',
    'x-amz-missing-meta': 'some',
    'x-amz-object-lock-retain-until-date': 'never',
    'x-amz-server-side-encryption-bucket-key-enabled': 'perhaps',
    'x-amz-delete-marker': 'no',
  };
  const { url } = await scriptedServer(t, (response, at) => {
    for (const [name, value] of Object.entries(odd)) response.setHeader(name, value);
    if (at.method === 'GET') xml(response, 200, EMPTY_LIST);
    else aws()(response, at);
  });
  const target = bucketAt(t, url);
  const { uploadId, whole } = await sendAll(target);
  assert.deepEqual((await target.listPartsPage(uploadId, { limit: null, marker: null }, never)).parts, []);
  assert.equal((await target.complete(uploadId, whole, never)).object?.etag, ETAG);
});

const errorsInBody: [string, TransferError['kind']][] = [
  ['PreconditionFailed', 'refused'],
  ['NoSuchUpload', 'not-found'],
  ['InvalidPart', 'checksum'],
  ['AccessDenied', 'refused'],
];
for (const [code, kind] of errorsInBody) {
  test(`${code} in the body of a 200 is not transient: ${kind}`, async (t) => {
    const { url, requests } = await scriptedServer(t, (response, at) => {
      if (at.method === 'HEAD') return void response.writeHead(404, { 'x-amz-request-id': 'r' }).end();
      if (!isComplete(at)) return aws()(response, at);
      xml(response, 200, `<Error><Code>${code}</Code><Message>No.</Message></Error>`);
    });
    const target = bucketAt(t, url);
    const { uploadId, whole } = await sendAll(target);
    await assert.rejects(target.complete(uploadId, whole, never), (error) => {
      assert.ok(error instanceof TransferError && error.kind === kind, String(error));
      assert.deepEqual([error.retryClass, error.service?.httpStatus, error.service?.code], [null, 200, code]);
      return true;
    });
    assert.equal(requests.filter(isComplete).length, 1);
  });
}

const kinds: [string, number, TransferError['kind'], Partial<Record<string, unknown>>][] = [
  ['SlowDown', 503, 'unreachable', { retryClass: 'throttled' }],
  ['TooManyRequests', 429, 'unreachable', { retryClass: 'throttled' }],
  ['InternalError', 500, 'unreachable', { retryClass: 'unavailable' }],
  ['RequestTimeout', 400, 'unreachable', { retryClass: 'unavailable' }],
  ['OperationAborted', 409, 'unreachable', { retryClass: 'unavailable' }],
  ['RequestTimeTooSkewed', 403, 'unreachable', { retryClass: 'resign' }],
  ['ExpiredToken', 400, 'refused', { retryClass: null, why: 'wrong-credentials' }],
  ['AccessDenied', 403, 'refused', { retryClass: null, why: 'denied' }],
  ['InvalidAccessKeyId', 403, 'refused', { retryClass: null, why: 'wrong-credentials' }],
  ['SignatureDoesNotMatch', 403, 'refused', { retryClass: null, why: 'wrong-credentials' }],
  ['PermanentRedirect', 301, 'refused', { retryClass: null, why: 'wrong-region' }],
  ['VirtualHostDomainRequired', 403, 'refused', { retryClass: null, why: 'rejected' }],
  ['InArrearOrInsufficientBalance', 403, 'refused', { retryClass: null, why: 'rejected' }],
  ['NotImplemented', 501, 'refused', { retryClass: null, why: 'rejected' }],
  ['QuotaExceeded', 403, 'refused', { retryClass: null, why: 'quota' }],
  ['XMinioStorageFull', 507, 'refused', { retryClass: null, why: 'quota' }],
  ['EntityTooLarge', 413, 'limit', { retryClass: null, why: 'too-large' }],
  ['EntityTooLarge', 400, 'limit', { retryClass: null, why: 'too-large' }],
  ['TooManyParts', 400, 'limit', { retryClass: null, why: 'part-number', partsMax: null }],
  ['InvalidPartNumber', 400, 'limit', { retryClass: null, why: 'part-number' }],
  ['InvalidArgument', 400, 'refused', { retryClass: null, why: 'rejected' }],
  ['InvalidStorageClass', 400, 'refused', { retryClass: null, why: 'rejected' }],
  ['NoSuchUpload', 404, 'not-found', { retryClass: null, what: 'upload' }],
  ['NoSuchBucket', 404, 'not-found', { retryClass: null, what: 'bucket' }],
  ['constructor', 400, 'refused', { retryClass: null, why: 'rejected' }],
  ['BadDigest', 400, 'checksum', { retryClass: 'corrupt', what: 'part' }],
  ['XAmzContentSHA256Mismatch', 400, 'checksum', { retryClass: 'corrupt', what: 'part' }],
];
for (const [code, status, kind, wanted] of kinds) {
  test(`${status} ${code} to a part: ${kind}`, async (t) => {
    const { url } = await scriptedServer(t, (response) => refuse(response, status, code));
    const target = bucketAt(t, url, { dialect: OBS_DIALECT });
    await assert.rejects(target.sendPart('up-1', second, never), (error) => {
      assert.ok(error instanceof TransferError && error.kind === kind, String(error));
      const got = { ...error.facts, retryClass: error.retryClass };
      assert.deepEqual({ ...got, ...wanted }, got);
      assert.deepEqual(
        { ...error.service, message: null, reason: null, headers: null, bucketRegion: null },
        {
          httpStatus: status,
          code,
          message: null,
          requestId: 'request-1',
          hostId: 'host-1',
          resource: '/photos/a/b.tar',
          reason: null,
          indicator: null,
          headers: null,
          bucketRegion: null,
        },
      );
      return true;
    });
  });
}

for (const [message, partsMax] of [
  ['Part number must be an integer between 1 and 1, inclusive', 1],
  ['The partNumber is too large for this store', null],
  ['Part number must be an integer between 1 and 1,000, inclusive', 'refused'],
] as const) {
  test(`a part number is beyond the limit of the store, or is not: ${message}`, async (t) => {
    const { url } = await scriptedServer(t, (response) => refuse(response, 400, 'InvalidArgument', message));
    const target = bucketAt(t, url, { dialect: OBS_DIALECT });
    await assert.rejects(target.sendPart('up-1', second, never), (error) => {
      if (partsMax === 'refused') return isFailure(error, 'refused');
      return isFailure(error, 'limit') && error.facts.limit === 'store' && error.facts.partsMax === partsMax;
    });
    await assert.rejects(target.sendPart('up-1', first, never), (error) => isFailure(error, 'refused'));
  });
}

test('the region of a bucket in another region is reported, even if the response to HEAD has no body', async (t) => {
  const { url } = await scriptedServer(t, (response) => {
    response.writeHead(301, { 'x-amz-request-id': 'r', 'x-amz-bucket-region': 'eu-central-1' }).end();
  });
  await assert.rejects(bucketAt(t, url).locate(false, never), (error) => {
    assert.ok(isFailure(error, 'refused'), String(error));
    assert.deepEqual(
      [error.facts.why, error.facts.detail],
      ['wrong-region', 'the bucket is in eu-central-1'],
    );
    return true;
  });
});

test('credentials that may not read the bucket can still upload to it', async (t) => {
  const { url } = await scriptedServer(t, (response) => {
    response.writeHead(403, { 'x-amz-request-id': 'r' }).end();
  });
  const identity = { url: 's3://photos/a/b.tar', region: 'eu-west-1', endpoint: url, account: null };
  assert.deepEqual(await bucketAt(t, url).locate(false, never), identity);
});

test('--no-overwrite completes only if no object exists, and accepts an object that this upload created', async (t) => {
  let ownId = '';
  const { url, requests } = await scriptedServer(t, (response, at) => {
    if (isCreate(at)) ownId = String(at.headers['x-amz-meta-calve-upload']);
    if (isComplete(at)) return refuse(response, 412, 'PreconditionFailed');
    if (at.method === 'HEAD' && ownId === '')
      return void response.writeHead(404, { 'x-amz-request-id': 'r' }).end();
    aws({ head: { 'x-amz-meta-calve-upload': ownId } })(response, at);
  });
  const target = bucketAt(t, url);
  const object = { storageClass: null, noOverwrite: true };
  const created = await target.createUpload({ ...request, object }, never);
  const { whole } = await sendAll(target);
  ownId = created.object?.ownId ?? '';
  const finished = await target.complete('up-1', { ...whole, ...created }, never);
  assert.equal(finished.object?.etag, ETAG);
  assert.equal(requests.find(isComplete)?.headers['if-none-match'], '*');
  ownId = 'another upload';
  await assert.rejects(target.complete('up-1', { ...whole, ...created }, never), (error) => {
    return isFailure(error, 'exists');
  });
});

test('a list of uploads has the time of the store, to the end of its second, or no time if its date cannot be read', async (t) => {
  const list =
    '<ListMultipartUploadsResult><Bucket>photos</Bucket><IsTruncated>false</IsTruncated></ListMultipartUploadsResult>';
  const dates = ['Thu, 26 Nov 2026 05:00:43 GMT', 'yesterday', null];
  const { url } = await scriptedServer(t, (response) => {
    const date = dates.shift() ?? null;
    response.sendDate = false;
    xml(response, 200, list, date === null ? {} : { date });
  });
  const target = bucketAt(t, url);
  for (const time of [Date.parse('2026-11-26T05:00:44Z'), null, null]) {
    const { answeredMs } = await target.listUploadsPage({ limit: null, marker: null }, never);
    assert.equal(answeredMs, time);
  }
});

const pages: [string, string][] = [
  ['an HTML page', '<html><body>Sign in</body></html>'],
  ['an empty body', ''],
  ['a list that is cut off', '<ListPartsResult><UploadId>up-1</UploadId></ListPartsResult>'],
];
for (const [title, body] of pages) {
  test(`${title} with status 200 is not a list of parts or of uploads`, async (t) => {
    const { url } = await scriptedServer(t, (response) => xml(response, 200, body));
    const target = bucketAt(t, url);
    const page = { limit: null, marker: null };
    for (const ask of [target.listPartsPage('up-1', page, never), target.listUploadsPage(page, never)]) {
      await assert.rejects(ask, (error) => isFailure(error, 'unreachable') && error.retryClass !== null);
    }
  });
}

function partList(sizes: readonly (readonly [number, number])[], truncated = false, more = ''): string {
  const listed = sizes.map(
    ([number, size]) =>
      `<Part><PartNumber>${number}</PartNumber><Size>${size}</Size><ETag>"${md5(Buffer.from([number]))}"</ETag><LastModified>2026-11-21T06:00:00.000Z</LastModified></Part>`,
  );
  const next = truncated ? `<NextPartNumberMarker>${sizes.at(-1)?.[0]}</NextPartNumberMarker>` : '';
  return `<ListPartsResult><UploadId>up-1</UploadId>${next}<IsTruncated>${truncated}</IsTruncated>${more}${listed.join('')}</ListPartsResult>`;
}

for (const [algorithm, type, isRefused] of [
  ['CRC32C', 'COMPOSITE', true],
  ['CRC32', 'COMPOSITE', false],
  ['CRC32', 'FULL_OBJECT', false],
  ['CRC64NVME', 'FULL_OBJECT', false],
] as const) {
  test(`an upload of another program with ${algorithm} (${type}) ${isRefused ? 'is refused before a part is sent' : 'can be resumed'}`, async (t) => {
    const more = `<ChecksumAlgorithm>${algorithm}</ChecksumAlgorithm><ChecksumType>${type}</ChecksumType>`;
    const { url, requests } = await scriptedServer(t, (response, at) =>
      at.method === 'GET' ? xml(response, 200, partList([[1, PART]], false, more)) : aws()(response, at),
    );
    const sent = bucketAt(t, url).sendPart('up-1', second, never);
    if (isRefused) {
      await assert.rejects(sent, (error) => {
        return isFailure(error, 'refused') && /CRC32C checksums/.test(error.facts.detail ?? '');
      });
    } else await sent;
    assert.equal(requests.filter(isPart).length, isRefused ? 0 : 1);
    assert.ok(requests.filter(isPart).every(({ headers }) => headers['x-amz-checksum-sha256'] === undefined));
  });
}

test('a single part on a page that is not the last shows the part size', async (t) => {
  const { url } = await scriptedServer(t, (response) =>
    xml(response, 200, partList([[1, 3 * MIB_BYTES]], true)),
  );
  const page = await bucketAt(t, url).listPartsPage('up-1', { limit: null, marker: null }, never);
  assert.equal(page.partSizeBytes, 3 * MIB_BYTES);
});

const shown: [string, readonly (readonly [number, number])[], number | null][] = [
  [
    'the first of several',
    [
      [1, 2 * PART],
      [3, 5],
    ],
    2 * PART,
  ],
  [
    'a later one of several',
    [
      [4, 2 * PART],
      [5, 2 * PART],
    ],
    2 * PART,
  ],
  ['a single first part, which may be short', [[1, PART + 1]], 2 * PART],
  ['a tiny file', [[1, 5]], PART],
  ['no part', [], null],
];
for (const [title, listed, wanted] of shown) {
  test(`the size of an upload's parts follows from ${title}`, async (t) => {
    const { url } = await scriptedServer(t, (response) => xml(response, 200, partList(listed)));
    const page = await bucketAt(t, url).listPartsPage('up-1', { limit: 1, marker: null }, never);
    assert.equal(page.partSizeBytes, wanted);
    assert.equal(page.parts.length, Math.min(1, listed.length));
    assert.equal(page.marker, listed.length > 1 ? String(listed[0]?.[0]) : null);
    const [part] = page.parts;
    if (part !== undefined) assert.equal(part.startByte, ((listed[0]?.[0] ?? 1) - 1) * (wanted ?? 0));
  });
}

test("create sends the storage class by the protocol's name, the encryption and the tags", async (t) => {
  const { url, requests } = await scriptedServer(t, aws());
  const object = { sse: 'aws:kms', sseKmsKeyId: 'key-1', tagging: 'kind=backup&host=nas' };
  const target = bucketAt(t, url, { dialect: OBS_DIALECT, object });
  const created = await target.createUpload(
    { ...request, object: { storageClass: 'COLD', noOverwrite: false } },
    never,
  );
  assert.equal(created.object?.storageClass, 'COLD');
  const { headers } = requests[0] as ReceivedRequest;
  assert.equal(headers['x-amz-storage-class'], 'GLACIER');
  assert.equal(headers['x-amz-server-side-encryption'], 'aws:kms');
  assert.equal(headers['x-amz-server-side-encryption-aws-kms-key-id'], 'key-1');
  assert.equal(headers['x-amz-tagging'], 'kind=backup&host=nas');
  await target.createUpload({ ...request, object: { storageClass: null, noOverwrite: false } }, never);
  assert.equal(requests[1]?.headers['x-amz-storage-class'], undefined);
});

test('a part whose ETag is another MD5 is sent again to OBS, unless the object is encrypted', async (t) => {
  const other = { etag: '"00000000000000000000000000000000"' };
  let headers: Record<string, string> = other;
  const { url } = await scriptedServer(t, (response) => xml(response, 200, '', headers));
  const target = bucketAt(t, url, { dialect: OBS_DIALECT });
  await assert.rejects(target.sendPart('up-1', second, never), (error) => {
    return isFailure(error, 'checksum') && error.retryClass === 'corrupt';
  });
  headers = { ...other, 'x-amz-server-side-encryption': 'aws:kms' };
  assert.equal((await target.sendPart('up-1', second, never)).etag, '0'.repeat(32));
});
