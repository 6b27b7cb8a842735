import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { test } from 'node:test';
import { isFailure } from '../../src/core/failures.js';
import { json, refusal, scriptedServer, targetAt } from './scripted-server.js';

const never = new AbortController().signal;
const request = { plan: { sizeBytes: 5, partSizeBytes: 4_194_304, partCount: 1 }, description: 'a  b' };
const hash = 'a'.repeat(64);
const arn = 'arn:aws:glacier:eu-west-1:012345678901:vaults/photos';

function isKind(kind: 'unreachable' | 'not-found' | 'refused'): (error: unknown) => boolean {
  return (error) => {
    assert.ok(isFailure(error, kind), String(error));
    return true;
  };
}

test('locate returns the account from the vault ARN, and URL, region and endpoint from the options', async (t) => {
  const server = await scriptedServer(t, (response) =>
    json(response, 200, { VaultARN: arn, VaultName: 'photos' }),
  );
  const target = targetAt(t, `${server.url}/`, { endpointForState: '/data' });
  const identity = await target.locate(false, never);
  assert.deepEqual(identity, {
    url: 'glacier://photos',
    region: 'eu-west-1',
    endpoint: '/data',
    account: '012345678901',
  });
  assert.equal(server.requests[0]?.url, '/-/vaults/photos');
  assert.equal(server.requests[0]?.headers['x-amz-glacier-version'], '2012-06-01');
});

test('locate returns no account if the credentials may not describe the vault', async (t) => {
  const server = await scriptedServer(t, refusal('AccessDeniedException', 'not authorized', 403));
  assert.equal((await targetAt(t, server.url).locate(false, never)).account, null);
});

test('locate reports a missing vault, and creates it only if the options and the call allow that', async (t) => {
  let exists = false;
  const server = await scriptedServer(t, (response, { method }) => {
    if (method === 'PUT') exists = true;
    if (exists) json(response, method === 'PUT' ? 201 : 200, { VaultARN: arn });
    else refusal('ResourceNotFoundException', `Vault not found for ARN: ${arn}`, 404)(response, {} as never);
  });
  const readOnly = targetAt(t, server.url);
  await assert.rejects(readOnly.locate(true, never), (error) => {
    assert.ok(isFailure(error, 'not-found'));
    assert.deepEqual([error.facts.what, error.facts.name], ['vault', 'photos']);
    return true;
  });
  const creating = targetAt(t, server.url, { mayCreateVault: true });
  await assert.rejects(creating.locate(false, never), isKind('not-found'));
  assert.equal((await creating.locate(true, never)).account, '012345678901');
});

test('create sends part size and description, and returns the upload id', async (t) => {
  const server = await scriptedServer(t, (response) =>
    json(response, 201, {}, { 'x-amz-multipart-upload-id': '-abc_1' }),
  );
  assert.deepEqual(
    await targetAt(t, server.url, { accountId: '111122223333' }).createUpload(request, never),
    {
      uploadId: '-abc_1',
    },
  );
  const [sent] = server.requests;
  assert.equal(sent?.method, 'POST');
  assert.equal(sent?.url, '/111122223333/vaults/photos/multipart-uploads');
  assert.equal(sent?.headers['x-amz-part-size'], '4194304');
  assert.equal(sent?.headers['x-amz-archive-description'], 'a  b');
});

test('complete sends size and tree hash, and compares the hash in the response if there is one', async (t) => {
  let responseHash = hash;
  const server = await scriptedServer(t, (response) => {
    const checksum = responseHash === '' ? {} : { 'x-amz-sha256-tree-hash': responseHash };
    json(
      response,
      201,
      {},
      { 'x-amz-archive-id': 'arc-1', location: '/a/vaults/photos/archives/arc-1', ...checksum },
    );
  });
  const target = targetAt(t, server.url);
  const whole = { sizeBytes: 5, partSizeBytes: 8, treeHash: hash, parts: new Map() };
  const location = '/a/vaults/photos/archives/arc-1';
  assert.deepEqual(await target.complete('_up', whole, never), {
    archiveId: 'arc-1',
    location,
    treeHash: hash,
  });
  assert.equal(server.requests[0]?.url, '/-/vaults/photos/multipart-uploads/_up');
  assert.equal(server.requests[0]?.headers['x-amz-archive-size'], '5');
  assert.equal(server.requests[0]?.headers['x-amz-sha256-tree-hash'], hash);
  responseHash = '';
  assert.equal((await target.complete('_up', whole, never)).treeHash, null);
  responseHash = 'b'.repeat(64);
  await assert.rejects(target.complete('_up', whole, never), (error) => {
    assert.ok(isFailure(error, 'checksum'));
    assert.deepEqual(error.facts, { what: 'archive', index: null, expected: hash, got: responseHash });
    assert.equal(error.retryClass, 'corrupt');
    assert.equal(error.service?.resource, 'arc-1', 'the failure contains the id of the wrong archive');
    return true;
  });
});

test('abort returns status and request id', async (t) => {
  const server = await scriptedServer(t, (response) => {
    response.writeHead(204, { 'x-amzn-RequestId': 'r-9' });
    response.end();
  });
  assert.deepEqual(await targetAt(t, server.url).abort('-up', never), {
    httpStatus: 204,
    requestId: 'r-9',
    hostId: null,
  });
  assert.equal(server.requests[0]?.method, 'DELETE');
  assert.equal(server.requests[0]?.url, '/-/vaults/photos/multipart-uploads/-up');
});

test('a page of parts has inclusive ranges, and null for missing values', async (t) => {
  const server = await scriptedServer(t, (response) =>
    json(response, 200, {
      ArchiveDescription: null,
      CreationDate: '2016-08-28T09:00:52.061Z',
      Marker: 'm/2 +',
      MultipartUploadId: 'up',
      PartSizeInBytes: 2_097_152,
      Parts: [
        { RangeInBytes: '0-2097151', SHA256TreeHash: hash },
        { RangeInBytes: '2097152-2097152', SHA256TreeHash: null },
      ],
      VaultARN: arn,
    }),
  );
  const target = targetAt(t, server.url);
  assert.deepEqual(await target.listPartsPage('up', { limit: 50, marker: 'a/b =' }, never), {
    partSizeBytes: 2_097_152,
    description: null,
    createdAt: '2016-08-28T09:00:52.061Z',
    parts: [
      { startByte: 0, endByte: 2_097_151, treeHash: hash, etag: null },
      { startByte: 2_097_152, endByte: 2_097_152, treeHash: null, etag: null },
    ],
    marker: 'm/2 +',
  });
  const requested = new URL(server.requests[0]?.url ?? '', server.url);
  assert.equal(requested.searchParams.get('limit'), '50');
  assert.equal(requested.searchParams.get('marker'), 'a/b =');
  await target.listPartsPage('up', { limit: null, marker: null }, never);
  assert.equal(
    server.requests[1]?.url,
    '/-/vaults/photos/multipart-uploads/up',
    'no limit is sent for the default',
  );
});

test('a page of uploads is parsed, and the last page has no marker', async (t) => {
  const createdAt = '2012-03-19T23:20:59.130Z';
  const server = await scriptedServer(t, (response) =>
    json(
      response,
      200,
      {
        Marker: null,
        UploadsList: [
          {
            ArchiveDescription: 'a',
            CreationDate: createdAt,
            MultipartUploadId: '-1',
            PartSizeInBytes: 4,
            VaultARN: arn,
          },
          {
            ArchiveDescription: null,
            CreationDate: createdAt,
            MultipartUploadId: '_2',
            PartSizeInBytes: null,
          },
        ],
      },
      { date: 'Thu, 26 Nov 2026 05:00:43 GMT' },
    ),
  );
  const page = await targetAt(t, server.url).listUploadsPage({ limit: 2, marker: null }, never);
  assert.deepEqual(page, {
    uploads: [
      {
        uploadId: '-1',
        key: null,
        description: 'a',
        partSizeBytes: 4,
        createdAt,
        vaultArn: arn,
        storageClass: null,
      },
      {
        uploadId: '_2',
        key: null,
        description: null,
        partSizeBytes: null,
        createdAt,
        vaultArn: null,
        storageClass: null,
      },
    ],
    marker: null,
    answeredMs: Date.parse('2026-11-26T05:00:44Z'),
  });
});

type Incomplete = readonly [
  string,
  (target: ReturnType<typeof targetAt>) => Promise<unknown>,
  (response: ServerResponse) => void,
];
const empty = (response: ServerResponse): void => json(response, 200, {});
const page = { limit: null, marker: null };
const whole = { sizeBytes: 1, partSizeBytes: 8, treeHash: hash, parts: new Map() };
for (const [title, act, respond] of [
  ['an upload without its id', (target) => target.createUpload(request, never), empty],
  ['an archive without its id', (target) => target.complete('u', whole, never), empty],
  ['a vault without its ARN', (target) => target.locate(false, never), empty],
  ...[7, 'x', {}, [null], [7], ['x'], [[]], [{ RangeInBytes: 7 }]].map(
    (Parts): Incomplete => [
      `${JSON.stringify(Parts)} instead of a list of parts`,
      (target) => target.listPartsPage('u', page, never),
      (response) => json(response, 200, { Parts, PartSizeInBytes: 1_048_576 }),
    ],
  ),
  ...[7, 'x', {}, [null], [7], ['x'], [[]], [{ MultipartUploadId: 7, CreationDate: 7 }]].map(
    (UploadsList): Incomplete => [
      `${JSON.stringify(UploadsList)} instead of a list of uploads`,
      (target) => target.listUploadsPage(page, never),
      (response) => json(response, 200, { UploadsList }),
    ],
  ),
  ...[7, {}, [], true].map(
    (Marker): Incomplete => [
      `${JSON.stringify(Marker)} instead of a marker`,
      (target) => target.listPartsPage('u', page, never),
      (response) => json(response, 200, { Parts: [], PartSizeInBytes: 1_048_576, Marker }),
    ],
  ),
  ['a list without its parts', (target) => target.listPartsPage('u', page, never), empty],
  ['a list without its uploads', (target) => target.listUploadsPage(page, never), empty],
  ['the page of a proxy for an abort', (target) => target.abort('u', never), empty],
  [
    'a part with a malformed range',
    (target) => target.listPartsPage('u', page, never),
    (response) => json(response, 200, { PartSizeInBytes: 1, Parts: [{ RangeInBytes: 'bytes 0-5/*' }] }),
  ],
  [
    'a part whose range ends before it starts',
    (target) => target.listPartsPage('u', page, never),
    (response) => json(response, 200, { PartSizeInBytes: 1, Parts: [{ RangeInBytes: '5-0' }] }),
  ],
  [
    'an upload in a list without its id',
    (target) => target.listUploadsPage(page, never),
    (response) => json(response, 200, { UploadsList: [{ CreationDate: '2012-03-19T23:20:59.130Z' }] }),
  ],
  [
    'HTML with status 200',
    (target) => target.listUploadsPage(page, never),
    (response) =>
      response.writeHead(200, { 'content-type': 'text/html' }).end('<html>Welcome, please log in</html>'),
  ],
  [
    'a list that is cut off',
    (target) => target.listUploadsPage(page, never),
    (response) => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': '500' });
      response.write('{"Marker":null,');
      setImmediate(() => response.destroy());
    },
  ],
] as Incomplete[]) {
  test(`a success with ${title} is incomplete and can be retried`, async (t) => {
    const server = await scriptedServer(t, respond);
    await assert.rejects(act(targetAt(t, server.url)), (error) => {
      assert.ok(isFailure(error, 'unreachable'), String(error));
      assert.equal(error.retryClass, 'unavailable');
      return true;
    });
  });
}
