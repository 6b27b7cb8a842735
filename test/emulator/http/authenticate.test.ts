import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { sendSigned, sendUnsigned } from '../support/raw-client.js';
import { sha256 } from '../support/signer.js';
import { errorOf, MIB, partHeaders } from '../support/vault-client.js';
import { withEmulator } from '../support/with-emulator.js';

const LIST = { method: 'GET', path: '/-/vaults' } as const;
const MINUTE_MS = 60_000;

test('a request without Authorization gets the error text and key order of the authentication layer', async (t) => {
  const { emulator } = await withEmulator(t);
  const answer = await sendUnsigned(emulator.url, LIST, { 'x-amz-glacier-version': '2012-06-01' });
  assert.equal(answer.status, 400);
  assert.equal(
    answer.text,
    '{"message":"Missing Authentication Token","code":"MissingAuthenticationTokenException","type":"Client"}',
  );
});

test('an unknown access key is refused', async (t) => {
  const { emulator } = await withEmulator(t);
  const answer = await sendSigned(emulator.url, {
    ...LIST,
    credentials: { accessKeyId: 'AKIDUNKNOWN', secretAccessKey: emulator.secretAccessKey },
  });
  assert.equal(errorOf(answer), '400 UnrecognizedClientException');
});

test('a wrong secret, and a header changed after it was signed, are refused', async (t) => {
  const { emulator } = await withEmulator(t);
  const { accessKeyId } = emulator;
  const wrong = await sendSigned(emulator.url, {
    ...LIST,
    credentials: { accessKeyId, secretAccessKey: 'no' },
  });
  assert.equal(errorOf(wrong), '403 InvalidSignatureException');
  const changed = await sendSigned(emulator.url, {
    method: 'POST',
    path: '/-/vaults/v/multipart-uploads',
    headers: { 'x-amz-part-size': '1048576' },
    tamper: (headers) => {
      headers['x-amz-part-size'] = '2097152';
    },
  });
  assert.equal(errorOf(changed), '403 InvalidSignatureException');
});

test('configured credentials replace the demo credentials', async (t) => {
  const own = { accessKeyId: 'AKIDOWN', secretAccessKey: 'own' };
  const { emulator } = await withEmulator(t, own);
  assert.equal((await sendSigned(emulator.url, { ...LIST, credentials: own })).status, 200);
  assert.equal(errorOf(await sendSigned(emulator.url, LIST)), '400 UnrecognizedClientException');
});

test('a clock that is six minutes off is refused, and one that is four minutes off is accepted', async (t) => {
  const { emulator } = await withEmulator(t);
  const at = (offMs: number) => sendSigned(emulator.url, { ...LIST, timeMs: Date.now() + offMs });
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

test('the clock is checked after the body has arrived, and an expired part is not recorded', async (t) => {
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

test('a body that differs from the announced hash gets an error with both hashes, whether it is streamed or not', async (t) => {
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
    await client.request({ method: 'POST', path: '/jobs', body: bytes, payloadHash: announced }),
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

test('a part without a payload hash gets an error about the missing header', async (t) => {
  const { client } = await withEmulator(t);
  const uploadId = await client.initiate(MIB);
  const answer = await client.part(uploadId, 0, Buffer.from('x'), {
    headers: { 'x-amz-content-sha256': null },
  });
  assert.equal(errorOf(answer), '400 MissingParameterValueException');
});

test('lenient accepts a request without a signature, and still checks its payload hash', async (t) => {
  const { emulator, client } = await withEmulator(t, { signature: 'lenient' });
  const version = { 'x-amz-glacier-version': '2012-06-01' };
  assert.equal((await sendUnsigned(emulator.url, LIST, version)).status, 200);
  const uploadId = await client.initiate(MIB);
  const bytes = Buffer.from('hello world');
  const part = { method: 'PUT', path: `/-/vaults/v/multipart-uploads/${uploadId}`, body: bytes };
  const headers = { ...version, ...partHeaders(0, bytes) };
  assert.equal((await sendUnsigned(emulator.url, part, headers)).status, 204);
  const different = await sendUnsigned(emulator.url, part, {
    ...headers,
    'x-amz-content-sha256': sha256('no'),
  });
  assert.equal(errorOf(different), '403 InvalidSignatureException');
});

test("the account may be - or the emulator's own number; any other is refused", async (t) => {
  const { emulator } = await withEmulator(t);
  const at = (account: string) => sendSigned(emulator.url, { method: 'GET', path: `/${account}/vaults` });
  assert.equal((await at(emulator.accountId)).status, 200);
  const foreign = await at('123456789012');
  assert.equal(foreign.status, 403);
  assert.equal(
    foreign.text,
    '{"message":"Access denied for account ID: 123456789012","code":"AccessDeniedException","type":"Client"}',
  );
});

test('the API version is required and must be 2012-06-01', async (t) => {
  const { emulator } = await withEmulator(t);
  const at = (version: string | null) =>
    sendSigned(emulator.url, { ...LIST, headers: { 'x-amz-glacier-version': version } });
  assert.equal(
    (await at(null)).text,
    '{"code":"MissingParameterValueException","message":"Required parameter missing: API version","type":"Client"}',
  );
  assert.equal(errorOf(await at('2011-01-01')), '400 InvalidParameterValueException');
});
