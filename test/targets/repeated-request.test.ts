import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { Readable } from 'node:stream';
import { test } from 'node:test';
import { GlacierClient, UploadMultipartPartCommand } from '@aws-sdk/client-glacier';
import { S3Client, UploadPartCommand } from '@aws-sdk/client-s3';
import { PartBody } from '../../src/targets/aws/part-body.js';
import { type Repetition, sendRepeated } from '../../src/targets/aws/repeated-request.js';
import { handlerWithThreads, SendingThreads } from '../../src/targets/aws/sending-threads.js';
import { preparedPart } from '../support/prepared-part.js';
import { type ReceivedRequest, type Script, scriptedServer } from './scripted-server.js';

const accept: Script = (response) => {
  response.writeHead(200, { etag: '"e"' });
  response.end('some more words');
};
const NO_LINE = {
  connectTimeoutMs: 1000,
  readTimeoutMs: 1000,
  concurrency: 1,
  proxies: () => null,
  trust: { verify: true, authorities: null },
};
const credentials = { accessKeyId: 'AKID', secretAccessKey: 'secret', sessionToken: 'token' };
const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

/** Returns the request line and headers without the values that are different in every request. */
function stableFields({ method, url, headers }: ReceivedRequest): {
  line: string;
  headers: IncomingHttpHeaders;
} {
  const { authorization, 'x-amz-date': _, 'amz-sdk-invocation-id': id, ...rest } = headers;
  assert.match(String(authorization), /^AWS4-HMAC-SHA256 Credential=AKID/);
  assert.match(String(id), /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
  const names = /SignedHeaders=(\S+),/.exec(String(authorization))?.[1];
  return { line: `${method} ${url} ${names}`, headers: rest };
}

const bodyOf = (bytes: Buffer): PartBody =>
  new PartBody(preparedPart(bytes, 0, bytes.length), () => assert.fail());

function vaultRepetition(index: number, bytes: Buffer): Repetition {
  const range = `bytes ${index * 4}-${index * 4 + 3}/*`;
  const headers = {
    'content-range': range,
    'x-amz-content-sha256': sha256(bytes),
    'x-amz-sha256-tree-hash': String(index).repeat(64),
    'content-length': String(bytes.length),
  };
  const command = (body: Uint8Array | Readable) =>
    new UploadMultipartPartCommand({
      accountId: '-',
      vaultName: 'photos',
      uploadId: 'u',
      range,
      body,
      checksum: headers['x-amz-sha256-tree-hash'],
    });
  return { key: 'u', command, variation: { headers, body: bodyOf(bytes) } };
}

function bucketRepetition(index: number, bytes: Buffer, bucket = 'bucket'): Repetition {
  const query = { partNumber: String(index + 1) };
  const headers = { 'x-amz-content-sha256': sha256(bytes), 'content-length': String(bytes.length) };
  const command = (body: Uint8Array | Readable) =>
    new UploadPartCommand({
      Bucket: bucket,
      Key: 'a/b c',
      UploadId: 'u/+=',
      PartNumber: index + 1,
      Body: body as Readable,
      ContentLength: bytes.length,
    });
  return { key: 'u', command, variation: { headers, query, body: bodyOf(bytes) } };
}

/** Lets a client send the bodies of parts. One processor has no sending threads. */
function withBodies<C extends GlacierClient | S3Client>(client: C): C {
  const threads = new SendingThreads({ threads: 1, env: {}, ...NO_LINE });
  client.config.requestHandler = handlerWithThreads(client.config.requestHandler as never, threads) as never;
  return client;
}

/** Creates both clients of the SDK with the same settings. */
function clients(endpoint: string) {
  const settings = { endpoint, region: 'eu-north-1', credentials, maxAttempts: 1 };
  const glacier = new GlacierClient(settings);
  const s3 = new S3Client({
    ...settings,
    forcePathStyle: true,
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
  });
  return { glacier: withBodies(glacier), s3: withBodies(s3) };
}

for (const [name, repetition] of Object.entries({ glacier: vaultRepetition, s3: bucketRepetition })) {
  test(`${name}: a repeated request is equal to the one that the SDK would send`, async (t) => {
    const server = await scriptedServer(t, accept);
    const client = clients(server.url)[name as 'glacier' | 's3'] as S3Client;
    t.after(() => client.destroy());
    const parts = [Buffer.from('abcd'), Buffer.from('efgh'), Buffer.from('ijkl')];
    for (const [index, bytes] of parts.entries()) await sendRepeated(client, repetition(index, bytes), {});
    for (const [index, bytes] of parts.entries())
      await client.send(repetition(index, bytes).command(bytes as never) as UploadPartCommand, {});
    const [repeated, sdkRequests] = [server.requests.slice(0, 3), server.requests.slice(3)];
    assert.deepEqual(repeated.map(stableFields), sdkRequests.map(stableFields));
    assert.deepEqual(
      repeated.map(({ body }) => String(body)),
      ['abcd', 'efgh', 'ijkl'],
    );
    assert.equal(new Set(repeated.map(({ headers }) => headers['amz-sdk-invocation-id'])).size, 3);
  });
}

test('requests with different keys have a template each', async (t) => {
  const server = await scriptedServer(t, accept);
  const { s3 } = clients(server.url);
  t.after(() => s3.destroy());
  const bytes = Buffer.from('abcd');
  await sendRepeated(s3, bucketRepetition(0, bytes), {});
  await sendRepeated(s3, { ...bucketRepetition(0, bytes, 'another'), key: 'v' }, {});
  assert.deepEqual(
    server.requests.map(({ url }) => url.split('/')[1]),
    ['bucket', 'another'],
  );
});

test('each request is signed with the credentials that are valid at that time', async (t) => {
  const server = await scriptedServer(t, accept);
  const keys = ['FIRST', 'SECOND', 'THIRD'];
  let lookups = 0;
  const client = withBodies(
    new GlacierClient({
      endpoint: server.url,
      region: 'eu-north-1',
      // These credentials are already expired, so the SDK looks them up for every request.
      credentials: async () => ({
        accessKeyId: keys[Math.min(lookups++, 2)] as string,
        secretAccessKey: 's',
        expiration: new Date(0),
      }),
    }),
  );
  t.after(() => client.destroy());
  for (let index = 0; index < 3; index += 1)
    await sendRepeated(client, vaultRepetition(index, Buffer.from('abcd')), {});
  const signers = server.requests.map(
    ({ headers }) => /Credential=(\w+)/.exec(String(headers.authorization))?.[1],
  );
  assert.equal(new Set(signers.slice(-2)).has('THIRD'), true, signers.join());
  assert.ok(lookups >= 3, `${lookups} times`);
});

test('after a failure to build the template, the next request builds it again', async (t) => {
  const server = await scriptedServer(t, accept);
  let failures = 1;
  const client = withBodies(
    new GlacierClient({
      endpoint: server.url,
      region: 'eu-north-1',
      credentials: async () => {
        if (failures-- > 0) throw new Error('no credentials yet');
        return credentials;
      },
    }),
  );
  t.after(() => client.destroy());
  const repetition = vaultRepetition(0, Buffer.from('abcd'));
  await assert.rejects(sendRepeated(client, repetition, {}), /no credentials yet/);
  assert.equal((await sendRepeated(client, repetition, {})).statusCode, 200);
});

test('the response that refuses a request corrects the clock', async (t) => {
  let requests = 0;
  const server = await scriptedServer(t, (response, received) => {
    requests += 1;
    if (requests > 1) return accept(response, received);
    response.writeHead(403, { date: new Date(Date.now() + 3_600_000).toUTCString() });
    response.end(JSON.stringify({ code: 'InvalidSignatureException', message: 'Signature not yet current' }));
  });
  const { glacier } = clients(server.url);
  t.after(() => glacier.destroy());
  const repetition = (): Repetition => vaultRepetition(0, Buffer.from('abcd'));
  await assert.rejects(sendRepeated(glacier, repetition(), {}), /not yet current/);
  await sendRepeated(glacier, repetition(), {});
  const dates = server.requests.map(({ headers }) => String(headers['x-amz-date']));
  const hours = dates.map((date) => Number(date.slice(9, 11)));
  assert.equal(((hours[1] ?? 0) - (hours[0] ?? 0) + 24) % 24, 1, dates.join());
});

test('the SDK itself sends requests that are not signed with the account’s own key', async (t) => {
  const server = await scriptedServer(t, (response, received) => {
    if (!received.url.includes('session')) return accept(response, received);
    response.writeHead(200, { 'content-type': 'application/xml' });
    response.end(
      '<CreateSessionResult><Credentials><SessionToken>st</SessionToken><SecretAccessKey>sk</SecretAccessKey>' +
        '<AccessKeyId>SESSION</AccessKeyId><Expiration>2099-01-01T00:00:00Z</Expiration></Credentials></CreateSessionResult>',
    );
  });
  const s3 = clients(server.url).s3;
  t.after(() => s3.destroy());
  const repetition = bucketRepetition(0, Buffer.from('abcd'), 'bucket--use1-az4--x-s3');
  const response = await sendRepeated(s3, repetition, {});
  assert.equal(response.headers['etag'], '"e"');
  const [session, upload] = server.requests;
  assert.match(String(session?.url), /session/);
  assert.match(String(upload?.headers.authorization), /Credential=SESSION/);
});
