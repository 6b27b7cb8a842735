import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Agent, request as send } from 'node:http';
import { connect } from 'node:net';
import { test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { startEmulator } from '../../../src/emulator/server.js';
import { tempFolder } from '../../support/temp.js';
import { ask } from '../support/raw-client.js';
import { amzDate, sha256, sign } from '../support/signer.js';
import { MIB, partHeaders } from '../support/vault-client.js';
import { withEmulator } from '../support/with-emulator.js';

/** Signed headers of a part, for clients that this file plays by hand. */
function signedPart(url: string, path: string, bytes: Buffer, more: Record<string, string> = {}) {
  const headers = {
    host: new URL(url).host,
    'x-amz-date': amzDate(Date.now()),
    'x-amz-glacier-version': '2012-06-01',
    'x-amz-content-sha256': sha256(bytes),
    ...partHeaders(0, bytes),
    ...more,
  };
  const payloadHash = sha256(bytes);
  const authorization = sign({ method: 'PUT', path, headers, payloadHash }, CREDENTIALS);
  return { ...headers, authorization };
}

const CREDENTIALS = { accessKeyId: 'AKIDHTTP', secretAccessKey: 'http' };

test('a client that asks first is told to go on, and only then sends its body', async (t) => {
  const { emulator } = await withEmulator(t, CREDENTIALS);
  const begun = await ask(emulator.url, {
    method: 'POST',
    path: '/-/vaults/v/multipart-uploads',
    headers: { 'x-amz-part-size': '1048576' },
    credentials: CREDENTIALS,
  });
  const path = `/-/vaults/v/multipart-uploads/${begun.headers['x-amz-multipart-upload-id']}`;
  const bytes = Buffer.alloc(MIB, 'b');
  const headers = { ...signedPart(emulator.url, path, bytes), expect: '100-continue' };
  const request = send(emulator.url + path, { method: 'PUT', headers, agent: new Agent() });
  request.flushHeaders();
  await once(request, 'continue');
  request.end(bytes);
  const [response] = await once(request, 'response');
  assert.equal(response.statusCode, 204);
  response.resume();
});

test('a client that asks first and is refused is told at once, and never sends its body', async (t) => {
  const { emulator } = await withEmulator(t, CREDENTIALS);
  const path = `/-/vaults/v/multipart-uploads/${'a'.repeat(92)}`;
  const bytes = Buffer.alloc(MIB, 'b');
  const headers = { ...signedPart(emulator.url, path, bytes), expect: '100-continue' };
  const request = send(emulator.url + path, { method: 'PUT', headers, agent: new Agent() });
  request.on('continue', () => assert.fail('it was told to go on'));
  request.flushHeaders();
  const [response] = await once(request, 'response');
  assert.equal(response.statusCode, 404);
  assert.equal(response.headers.connection, 'close');
  response.resume();
  request.destroy();
});

test('a refusal that comes while a large body is still on its way arrives whole, and the connection closes', async (t) => {
  const { emulator } = await withEmulator(t, CREDENTIALS);
  const path = `/-/vaults/v/multipart-uploads/${'a'.repeat(92)}`;
  const bytes = Buffer.alloc(64 * MIB);
  const headers = signedPart(emulator.url, path, bytes);
  const request = send(emulator.url + path, {
    method: 'PUT',
    headers,
    agent: new Agent({ keepAlive: true }),
  });
  request.end(bytes);
  const [response] = await once(request, 'response');
  // What it still had to send is for nothing.
  request.on('error', () => {});
  t.after(() => request.destroy());
  const pieces: Buffer[] = [];
  for await (const piece of response) pieces.push(piece);
  assert.equal(response.statusCode, 404);
  assert.equal(response.headers.connection, 'close');
  assert.match(Buffer.concat(pieces).toString(), /^\{"code":"ResourceNotFoundException".*\}$/);
});

test('after a refusal whose body was read, the connection serves the next request', async (t) => {
  const { emulator } = await withEmulator(t);
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  t.after(() => agent.destroy());
  const path = `/-/vaults/v/multipart-uploads/${'a'.repeat(92)}`;
  const bytes = Buffer.from('hello world');
  const ports = new Set<unknown>();
  agent.on('free', (socket) => ports.add(socket.localPort));
  for (let i = 0; i < 3; i++) {
    const refused = await ask(emulator.url, {
      method: 'PUT',
      path,
      body: bytes,
      headers: partHeaders(0, bytes),
      agent,
    });
    assert.equal(refused.status, 404);
    const listed = await ask(emulator.url, { method: 'GET', path: '/-/vaults', agent });
    assert.equal(listed.status, 200);
  }
  assert.equal(ports.size, 1);
});

test('a part whose client goes away in the middle is not recorded, and its slot can be filled by another', async (t) => {
  const { emulator, client } = await withEmulator(t);
  const uploadId = await client.initiate(MIB);
  const bytes = Buffer.alloc(MIB, 'c');
  const path = `/-/vaults/v/multipart-uploads/${uploadId}`;
  const { accessKeyId, secretAccessKey } = emulator;
  const headers = {
    host: new URL(emulator.url).host,
    'x-amz-date': amzDate(Date.now()),
    'x-amz-glacier-version': '2012-06-01',
    'x-amz-content-sha256': sha256(bytes),
    ...partHeaders(0, bytes),
  };
  const authorization = sign(
    { method: 'PUT', path, headers, payloadHash: sha256(bytes) },
    { accessKeyId, secretAccessKey },
  );
  const request = send(emulator.url + path, { method: 'PUT', headers: { ...headers, authorization } });
  request.on('error', () => {});
  request.write(bytes.subarray(0, 300_000));
  await wait(50);
  request.destroy();
  assert.equal((await client.part(uploadId, 0, bytes)).status, 204);
  const done = await client.complete(uploadId, bytes);
  assert.equal(done.status, 201);
  assert.ok((await client.fetch(String(done.headers['x-amz-archive-id']))).equals(bytes));
});

test('closing ends open connections and waiting answers at once, and the port is free again', async (t) => {
  const dataDir = tempFolder(t);
  const emulator = await startEmulator({ dataDir, vaults: ['v'], faults: ['hang@list-vaults'] });
  const idle = connect(emulator.port, '127.0.0.1');
  idle.on('error', () => {});
  await once(idle, 'connect');
  const hanging = ask(emulator.url, { method: 'GET', path: '/-/vaults' });
  const cut = assert.rejects(hanging);
  await wait(20);
  const began = performance.now();
  await Promise.all([emulator.close(), once(idle, 'close')]);
  await cut;
  assert.ok(performance.now() - began < 2_000);
  await emulator.close();
  const again = await startEmulator({ dataDir, port: emulator.port });
  await again.close();
});

test('latency delays each answer', async (t) => {
  const { emulator } = await withEmulator(t, { latencyMs: 150 });
  const began = performance.now();
  await ask(emulator.url, { method: 'GET', path: '/-/vaults' });
  assert.ok(performance.now() - began >= 145);
});

test('bandwidth is shared by all connections together', async (t) => {
  const { client } = await withEmulator(t, { bandwidthBytesPerSecond: 4 * MIB });
  const uploadId = await client.initiate(MIB);
  const began = performance.now();
  const answers = await Promise.all(
    [0, 1, 2, 3].map((i) => client.part(uploadId, i * MIB, Buffer.alloc(MIB))),
  );
  assert.deepEqual([...new Set(answers.map(({ status }) => status))], [204]);
  const tookMs = performance.now() - began;
  assert.ok(tookMs > 900 && tookMs < 3_000, `${tookMs} ms for 4 MiB at 4 MiB/s`);
});
