import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Agent, request as send } from 'node:http';
import { connect } from 'node:net';
import { test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { startEmulator } from '../../../src/emulator/server.js';
import { tempFolder } from '../../support/temp.js';
import { sendSigned } from '../support/raw-client.js';
import { MIB, partHeaders, signedPartHeaders } from '../support/vault-client.js';
import { withEmulator } from '../support/with-emulator.js';

const CREDENTIALS = { accessKeyId: 'AKIDHTTP', secretAccessKey: 'http' };

function signedPart(url: string, path: string, bytes: Buffer): Record<string, string> {
  return signedPartHeaders(url, { path, startByte: 0, bytes }, CREDENTIALS);
}

test('a client that sends Expect: 100-continue gets 100, and then sends its body', async (t) => {
  const { emulator } = await withEmulator(t, CREDENTIALS);
  const initiated = await sendSigned(emulator.url, {
    method: 'POST',
    path: '/-/vaults/v/multipart-uploads',
    headers: { 'x-amz-part-size': '1048576' },
    credentials: CREDENTIALS,
  });
  const path = `/-/vaults/v/multipart-uploads/${initiated.headers['x-amz-multipart-upload-id']}`;
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

test('a refused client that sent Expect: 100-continue gets the error before it sends its body', async (t) => {
  const { emulator } = await withEmulator(t, CREDENTIALS);
  const path = `/-/vaults/v/multipart-uploads/${'a'.repeat(92)}`;
  const bytes = Buffer.alloc(MIB, 'b');
  const headers = { ...signedPart(emulator.url, path, bytes), expect: '100-continue' };
  const request = send(emulator.url + path, { method: 'PUT', headers, agent: new Agent() });
  request.on('continue', () => assert.fail('the client got 100 Continue'));
  request.flushHeaders();
  const [response] = await once(request, 'response');
  assert.equal(response.statusCode, 404);
  assert.equal(response.headers.connection, 'close');
  response.resume();
  request.destroy();
});

test('an error that is sent during a large body arrives complete, and the connection closes', async (t) => {
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
  // The server no longer reads the rest of the body.
  request.on('error', () => {});
  t.after(() => request.destroy());
  const pieces: Buffer[] = [];
  for await (const piece of response) pieces.push(piece);
  assert.equal(response.statusCode, 404);
  assert.equal(response.headers.connection, 'close');
  assert.match(Buffer.concat(pieces).toString(), /^\{"code":"ResourceNotFoundException".*\}$/);
});

test('after an error whose request body was read, the connection serves the next request', async (t) => {
  const { emulator } = await withEmulator(t);
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  t.after(() => agent.destroy());
  const path = `/-/vaults/v/multipart-uploads/${'a'.repeat(92)}`;
  const bytes = Buffer.from('hello world');
  const ports = new Set<unknown>();
  agent.on('free', (socket) => ports.add(socket.localPort));
  for (let i = 0; i < 3; i++) {
    const refused = await sendSigned(emulator.url, {
      method: 'PUT',
      path,
      body: bytes,
      headers: partHeaders(0, bytes),
      agent,
    });
    assert.equal(refused.status, 404);
    const listed = await sendSigned(emulator.url, { method: 'GET', path: '/-/vaults', agent });
    assert.equal(listed.status, 200);
  }
  assert.equal(ports.size, 1);
});

test('a part whose client disconnects midway is not recorded, and it can be sent again', async (t) => {
  const { emulator, client } = await withEmulator(t);
  const uploadId = await client.initiate(MIB);
  const bytes = Buffer.alloc(MIB, 'c');
  const path = `/-/vaults/v/multipart-uploads/${uploadId}`;
  const headers = signedPartHeaders(emulator.url, { path, startByte: 0, bytes }, emulator);
  const request = send(emulator.url + path, { method: 'PUT', headers });
  request.on('error', () => {});
  request.write(bytes.subarray(0, 300_000));
  await wait(50);
  request.destroy();
  assert.equal((await client.part(uploadId, 0, bytes)).status, 204);
  const done = await client.complete(uploadId, bytes);
  assert.equal(done.status, 201);
  assert.ok((await client.fetch(String(done.headers['x-amz-archive-id']))).equals(bytes));
});

test('closing the emulator ends open connections and pending responses at once and frees the port', async (t) => {
  const dataDir = tempFolder(t);
  const emulator = await startEmulator({ dataDir, vaults: ['v'], faults: ['hang@list-vaults'] });
  const idle = connect(emulator.port, '127.0.0.1');
  idle.on('error', () => {});
  await once(idle, 'connect');
  const hanging = sendSigned(emulator.url, { method: 'GET', path: '/-/vaults' });
  const broken = assert.rejects(hanging);
  await wait(20);
  const startedMs = performance.now();
  await Promise.all([emulator.close(), once(idle, 'close')]);
  await broken;
  assert.ok(performance.now() - startedMs < 2_000);
  await emulator.close();
  const again = await startEmulator({ dataDir, port: emulator.port });
  await again.close();
});

test('latency delays each response', async (t) => {
  const { emulator } = await withEmulator(t, { latencyMs: 150 });
  const startedMs = performance.now();
  await sendSigned(emulator.url, { method: 'GET', path: '/-/vaults' });
  assert.ok(performance.now() - startedMs >= 145);
});

test('all connections share the bandwidth', async (t) => {
  const { client } = await withEmulator(t, { bandwidthBytesPerSecond: 4 * MIB });
  const uploadId = await client.initiate(MIB);
  const startedMs = performance.now();
  const answers = await Promise.all(
    [0, 1, 2, 3].map((i) => client.part(uploadId, i * MIB, Buffer.alloc(MIB))),
  );
  assert.deepEqual([...new Set(answers.map(({ status }) => status))], [204]);
  const tookMs = performance.now() - startedMs;
  assert.ok(tookMs > 900 && tookMs < 3_000, `${tookMs} ms for 4 MiB at 4 MiB/s`);
});
