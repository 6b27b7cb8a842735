import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { ask, exchange } from '../support/raw-client.js';
import { sha256 } from '../support/signer.js';
import { errorOf, MIB, partHeaders } from '../support/vault-client.js';
import { withEmulator } from '../support/with-emulator.js';

const LIST = { method: 'GET', path: '/-/vaults' } as const;
const MINUTE_MS = 60_000;

test('a request without Authorization is refused in the words and key order of the authentication layer', async (t) => {
  const { emulator } = await withEmulator(t);
  const answer = await exchange(emulator.url, LIST, { 'x-amz-glacier-version': '2012-06-01' });
  assert.equal(answer.status, 400);
  assert.equal(
    answer.text,
    '{"message":"Missing Authentication Token","code":"MissingAuthenticationTokenException","type":"Client"}',
  );
});

test('an unknown access key is refused', async (t) => {
  const { emulator } = await withEmulator(t);
  const answer = await ask(emulator.url, {
    ...LIST,
    credentials: { accessKeyId: 'AKIDUNKNOWN', secretAccessKey: emulator.secretAccessKey },
  });
  assert.equal(errorOf(answer), '400 UnrecognizedClientException');
});

test('a wrong secret, and a header changed after it was signed, are refused', async (t) => {
  const { emulator } = await withEmulator(t);
  const { accessKeyId } = emulator;
  const wrong = await ask(emulator.url, { ...LIST, credentials: { accessKeyId, secretAccessKey: 'no' } });
  assert.equal(errorOf(wrong), '403 InvalidSignatureException');
  const changed = await ask(emulator.url, {
    method: 'POST',
    path: '/-/vaults/v/multipart-uploads',
    headers: { 'x-amz-part-size': '1048576' },
    tamper: (headers) => {
      headers['x-amz-part-size'] = '2097152';
    },
  });
  assert.equal(errorOf(changed), '403 InvalidSignatureException');
});

test("credentials of one's own take the place of the demo pair", async (t) => {
  const own = { accessKeyId: 'AKIDOWN', secretAccessKey: 'own' };
  const { emulator } = await withEmulator(t, own);
  assert.equal((await ask(emulator.url, { ...LIST, credentials: own })).status, 200);
  assert.equal(errorOf(await ask(emulator.url, LIST)), '400 UnrecognizedClientException');
});

test('a clock that is more than five minutes off is refused, one that is four minutes off is not', async (t) => {
  const { emulator } = await withEmulator(t);
  const at = (offMs: number) => ask(emulator.url, { ...LIST, timeMs: Date.now() + offMs });
  assert.equal((await at(-4 * MINUTE_MS)).status, 200);
  assert.equal((await at(4 * MINUTE_MS)).status, 200);
  const late = await at(-6 * MINUTE_MS);
  assert.equal(late.status, 403);
  assert.match(
    late.text,
    /^\{"message":"Signature expired: \d{8}T\d{6}Z is now earlier than \d{8}T\d{6}Z \(\d{8}T\d{6}Z - 5 min\.\)","code":"InvalidSignatureException","type":"Client"\}$/,
  );
  assert.equal(errorOf(await at(6 * MINUTE_MS)), '403 InvalidSignatureException');
});

test('the clock is judged after the body is in, and an expired part is not recorded', async (t) => {
  const { client } = await withEmulator(t, { signatureWindowMs: 2_000 });
  const uploadId = await client.initiate(MIB);
  const bytes = Buffer.alloc(MIB, 'x');
  async function* slowly() {
    yield bytes.subarray(0, 1000);
    await wait(3_200);
    yield bytes.subarray(1000);
  }
  const answer = await client.part(uploadId, 0, bytes, {
    body: Readable.from(slowly()),
    payloadHash: sha256(bytes),
  });
  assert.equal(errorOf(answer), '403 InvalidSignatureException');
  assert.match(answer.text, /Signature expired/);
  assert.deepEqual(JSON.parse((await client.listParts(uploadId)).text).Parts, []);
});

test('a body that is not the announced one is refused with both hashes, on every kind of call', async (t) => {
  const { client } = await withEmulator(t);
  const uploadId = await client.initiate(MIB);
  const announced = sha256('something else');
  const bytes = Buffer.from('hello world');
  const part = await client.part(uploadId, 0, bytes, { payloadHash: announced });
  const text =
    'The value passed in as x-amz-content-sha256 does not match the computed payload hash. ' +
    `Computed digest: ${sha256(bytes)} expected hash: ${announced}`;
  for (const answer of [
    part,
    await client.ask({ method: 'POST', path: '/jobs', body: bytes, payloadHash: announced }),
  ]) {
    assert.equal(answer.status, 403);
    assert.deepEqual(JSON.parse(answer.text), {
      code: 'InvalidSignatureException',
      message: text,
      type: 'Client',
    });
  }
  assert.deepEqual(JSON.parse((await client.listParts(uploadId)).text).Parts, []);
});

test('an unsigned payload is refused', async (t) => {
  const { client } = await withEmulator(t);
  const uploadId = await client.initiate(MIB);
  const answer = await client.part(uploadId, 0, Buffer.from('x'), { payloadHash: 'UNSIGNED-PAYLOAD' });
  assert.equal(errorOf(answer), '403 InvalidSignatureException');
});

test('a part that announces no payload hash is told which header is missing', async (t) => {
  const { client } = await withEmulator(t);
  const uploadId = await client.initiate(MIB);
  const answer = await client.part(uploadId, 0, Buffer.from('x'), {
    headers: { 'x-amz-content-sha256': null },
  });
  assert.equal(errorOf(answer), '400 MissingParameterValueException');
});

test('lenient serves a caller without any signature, and still checks a payload hash that is given', async (t) => {
  const { emulator, client } = await withEmulator(t, { signature: 'lenient' });
  const version = { 'x-amz-glacier-version': '2012-06-01' };
  assert.equal((await exchange(emulator.url, LIST, version)).status, 200);
  const uploadId = await client.initiate(MIB);
  const bytes = Buffer.from('hello world');
  const wish = { method: 'PUT', path: `/-/vaults/v/multipart-uploads/${uploadId}`, body: bytes };
  const headers = { ...version, ...partHeaders(0, bytes) };
  assert.equal((await exchange(emulator.url, wish, headers)).status, 204);
  const lie = await exchange(emulator.url, wish, { ...headers, 'x-amz-content-sha256': sha256('no') });
  assert.equal(errorOf(lie), '403 InvalidSignatureException');
});

test('the account may be - or the own number; another is refused', async (t) => {
  const { emulator } = await withEmulator(t);
  const at = (account: string) => ask(emulator.url, { method: 'GET', path: `/${account}/vaults` });
  assert.equal((await at(emulator.accountId)).status, 200);
  const foreign = await at('123456789012');
  assert.equal(foreign.status, 403);
  assert.equal(
    foreign.text,
    '{"message":"Access denied for account ID: 123456789012","code":"AccessDeniedException","type":"Client"}',
  );
});

test('the API version must be named, and be the one there is', async (t) => {
  const { emulator } = await withEmulator(t);
  const at = (version: string | null) =>
    ask(emulator.url, { ...LIST, headers: { 'x-amz-glacier-version': version } });
  assert.equal(
    (await at(null)).text,
    '{"code":"MissingParameterValueException","message":"Required parameter missing: API version","type":"Client"}',
  );
  assert.equal(errorOf(await at('2011-01-01')), '400 InvalidParameterValueException');
});
