import assert from 'node:assert/strict';
import crypto, { createHash, createHmac } from 'node:crypto';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { Readable } from 'node:stream';
import { type TestContext, test } from 'node:test';
import { isFailure, TransferError } from '../../src/core/failures.js';
import { treeHashOf } from '../../src/core/tree-hash.js';
import { MIB_BYTES } from '../../src/core/units.js';
import type { PreparedPart } from '../../src/transfer/ports/source.js';
import { seededBytes } from '../support/bytes.js';
import {
  type ReceivedRequest,
  refusal,
  type Script,
  scriptedServer,
  secretAccessKey,
  targetAt,
} from './scripted-server.js';

const never = new AbortController().signal;
const sha256 = (data: string | Buffer): string => createHash('sha256').update(data).digest('hex');

function partOf(bytes: Buffer, changes: Partial<PreparedPart> = {}): PreparedPart {
  return {
    range: { index: 1, startByte: MIB_BYTES, endByte: MIB_BYTES + bytes.length - 1, sizeBytes: bytes.length },
    treeHash: treeHashOf(bytes),
    digests: { sha256: sha256(bytes) },
    body: () => bytes,
    location: null,
    digest: async (hash) => createHash(hash).update(bytes).digest('hex'),
    assertUnchanged: async () => undefined,
    release: () => undefined,
    ...changes,
  };
}

/** Listens on loopback until the test ends, without HTTP. */
async function rawPort(t: TestContext, onSocket: (socket: Socket) => void): Promise<number> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    onSocket(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

/** Responds as a service that checks nothing. */
const accept: Script = (response, { headers }) => {
  response.writeHead(204, { 'x-amz-sha256-tree-hash': String(headers['x-amz-sha256-tree-hash']) });
  response.end();
};

/** Returns the signature of a request, and the expected one by the published rules of Signature Version 4. */
function signatureOf({ method, url, headers }: ReceivedRequest): { given: string; expected: string } {
  const authorization = String(headers.authorization);
  const [, scope = '', signed = '', given = ''] =
    /Credential=[^/]+\/(\S+), SignedHeaders=(\S+), Signature=([0-9a-f]+)/.exec(authorization) ?? [];
  const canonicalHeaders = signed.split(';').map((name) => `${name}:${String(headers[name]).trim()}\n`);
  const payloadHash = headers['x-amz-content-sha256'];
  const canonical = [method, url, '', canonicalHeaders.join(''), signed, payloadHash].join('\n');
  const toSign = ['AWS4-HMAC-SHA256', headers['x-amz-date'], scope, sha256(canonical)].join('\n');
  const key = scope
    .split('/')
    .reduce(
      (secret: string | Buffer, word) => createHmac('sha256', secret).update(word).digest(),
      `AWS4${secretAccessKey}`,
    );
  return { given, expected: createHmac('sha256', key).update(toSign).digest('hex') };
}

test('a part is sent with its range, its length and both hashes, all signed, and with its bytes unchanged', async (t) => {
  const server = await scriptedServer(t, accept);
  const bytes = seededBytes(2 * MIB_BYTES + 7, 1);
  const part = partOf(bytes);
  const receipt = await targetAt(t, server.url).sendPart('-up_1', part, never);
  assert.deepEqual(receipt, { treeHash: part.treeHash, etag: null });
  const [request] = server.requests;
  assert.ok(request);
  assert.equal(`${request.method} ${request.url}`, 'PUT /-/vaults/photos/multipart-uploads/-up_1');
  assert.equal(request.headers['content-range'], `bytes ${MIB_BYTES}-${3 * MIB_BYTES + 6}/*`);
  assert.equal(request.headers['content-length'], String(bytes.length));
  assert.equal(request.headers['transfer-encoding'], undefined);
  assert.equal(request.headers.expect, undefined);
  assert.equal(request.headers['x-amz-content-sha256'], part.digests.sha256);
  assert.equal(request.headers['x-amz-sha256-tree-hash'], part.treeHash);
  assert.match(
    String(request.headers.authorization),
    /SignedHeaders=\S*content-range\S*x-amz-content-sha256\S*x-amz-sha256-tree-hash/,
  );
  const { given, expected } = signatureOf(request);
  assert.equal(given, expected);
  assert.ok(bytes.equals(request.body));
});

test('the hashes of a part are sent as given, even wrong ones, and the body is not hashed again', async (t) => {
  const server = await scriptedServer(t, accept);
  const target = targetAt(t, server.url);
  const bytes = seededBytes(3 * MIB_BYTES, 2);
  const falsePart = partOf(bytes, { digest: async () => '1'.repeat(64), treeHash: '2'.repeat(64) });
  await target.sendPart('warm', partOf(Buffer.from('x')), never);
  const updates = t.mock.method(crypto.Hash.prototype, 'update');
  await target.sendPart('up', falsePart, never);
  const hashedBytes = updates.mock.calls.map((call) =>
    Buffer.byteLength(call.arguments[0] as unknown as Buffer),
  );
  updates.mock.restore();
  assert.ok(
    hashedBytes.every((count) => count < 4096),
    `hashed pieces of ${hashedBytes} bytes`,
  );
  assert.equal(server.requests[1]?.headers['x-amz-content-sha256'], '1'.repeat(64));
  assert.equal(server.requests[1]?.headers['x-amz-sha256-tree-hash'], '2'.repeat(64));
  const { given, expected } = signatureOf(server.requests[1] as ReceivedRequest);
  assert.equal(given, expected);
});

test('a stream is sent with its length, never chunked, and is destroyed afterwards', async (t) => {
  const server = await scriptedServer(t, accept);
  const bytes = seededBytes(2 * MIB_BYTES + 1, 3);
  const streams: Readable[] = [];
  const chunked = (): Readable => {
    const stream = Readable.from([bytes.subarray(0, 5), bytes.subarray(5)], { objectMode: false });
    streams.push(stream);
    return stream;
  };
  const target = targetAt(t, server.url);
  for (let attempt = 0; attempt < 2; attempt += 1) {
    await target.sendPart('up', partOf(bytes, { body: chunked }), never);
    assert.equal(server.requests[attempt]?.headers['content-length'], String(bytes.length));
    assert.equal(server.requests[attempt]?.headers['transfer-encoding'], undefined);
    assert.ok(bytes.equals(server.requests[attempt]?.body as Buffer));
  }
  assert.ok(streams.every((stream) => stream.destroyed));
});

test('a body in shared memory is sent unchanged', async (t) => {
  const server = await scriptedServer(t, accept);
  const memory = new SharedArrayBuffer(MIB_BYTES);
  const bytes = Buffer.from(memory, 0, 1000);
  seededBytes(1000, 4).copy(bytes);
  await targetAt(t, server.url).sendPart('up', partOf(bytes), never);
  assert.ok(bytes.equals(server.requests[0]?.body as Buffer));
});

test('a body that cannot be read fails the part with its own error, and the connection is closed', async (t) => {
  const server = await scriptedServer(t, accept);
  const reason = new TransferError('source', { path: '/f', why: 'changed', detail: null });
  const broken = (): Readable =>
    Readable.from(
      (async function* () {
        yield Buffer.alloc(1000);
        throw reason;
      })(),
      { objectMode: false },
    );
  const part = partOf(Buffer.alloc(MIB_BYTES), { body: broken });
  await assert.rejects(targetAt(t, server.url).sendPart('up', part, never), (error) => error === reason);
  assert.equal(server.requests.length, 0);
});

test('a connection is used again for the next part', async (t) => {
  const server = await scriptedServer(t, accept);
  const target = targetAt(t, server.url);
  for (let index = 0; index < 4; index += 1) await target.sendPart('up', partOf(Buffer.from('abc')), never);
  assert.equal(new Set(server.requests.map((request) => request.socket)).size, 1);
});

test('a different tree hash in the response means a damaged part; without one the response is incomplete', async (t) => {
  let treeHash: string | null = 'f'.repeat(64);
  const server = await scriptedServer(t, (response) => {
    response.writeHead(204, treeHash === null ? {} : { 'x-amz-sha256-tree-hash': treeHash }).end();
  });
  const target = targetAt(t, server.url);
  const part = partOf(Buffer.from('abc'));
  await assert.rejects(target.sendPart('up', part, never), (error) => {
    assert.ok(isFailure(error, 'checksum'));
    assert.deepEqual(error.facts, { what: 'part', index: 1, expected: part.treeHash, got: treeHash });
    assert.equal(error.retryClass, 'corrupt');
    return true;
  });
  treeHash = null;
  await assert.rejects(target.sendPart('up', part, never), (error) => isFailure(error, 'unreachable'));
});

test('a tree hash in upper case is accepted', async (t) => {
  const part = partOf(Buffer.from('abc'));
  const server = await scriptedServer(t, (response) => {
    response.writeHead(204, { 'x-amz-sha256-tree-hash': part.treeHash.toUpperCase() }).end();
  });
  assert.equal((await targetAt(t, server.url).sendPart('up', part, never)).treeHash, part.treeHash);
});

for (const [code, message, status] of [
  [
    'InvalidParameterValueException',
    `Checksum mismatch: expected ${'a'.repeat(64)}, computed ${'b'.repeat(64)}`,
    400,
  ],
  [
    'InvalidSignatureException',
    `The value passed in as x-amz-content-sha256 does not match the computed payload hash. Computed digest: ${'b'.repeat(64)} expected hash: ${'a'.repeat(64)}`,
    403,
  ],
] as const) {
  test(`a part that the service refuses with ${status} because of its hash is a damaged part`, async (t) => {
    const server = await scriptedServer(t, refusal(code, message, status));
    const part = partOf(Buffer.from('abc'));
    await assert.rejects(targetAt(t, server.url).sendPart('up', part, never), (error) => {
      assert.ok(isFailure(error, 'checksum'), String(error));
      assert.deepEqual(error.facts, { what: 'part', index: 1, expected: part.treeHash, got: 'b'.repeat(64) });
      assert.equal(error.retryClass, 'corrupt');
      return true;
    });
  });
}

for (const kind of ['memory', 'stream'] as const) {
  test(`a signal during a body from ${kind} ends the request at once with the reason of the signal`, async (t) => {
    const stop = new AbortController();
    let arrivedBytes = 0;
    let cutOff = (): void => undefined;
    const serverSawCut = new Promise<void>((resolve) => {
      cutOff = resolve;
    });
    const server = await scriptedServer(t, accept, (request) => {
      request.on('data', (chunk: Buffer) => {
        arrivedBytes += chunk.length;
        stop.abort(new Error('stopped by hand'));
      });
      request.once('error', cutOff);
      return true;
    });
    const bytes = seededBytes(16 * MIB_BYTES, 5);
    const body = kind === 'memory' ? () => bytes : () => Readable.from([bytes], { objectMode: false });
    const sending = targetAt(t, server.url).sendPart('up', partOf(bytes, { body }), stop.signal);
    await assert.rejects(sending, /stopped by hand/);
    await serverSawCut;
    assert.ok(arrivedBytes < bytes.length);
  });
}

test('a refusal before the body was read closes the connection', async (t) => {
  const body = '{"code":"ServiceUnavailableException","message":"later","type":"Server"}';
  // Responds at once, and neither reads more nor closes the connection.
  const port = await rawPort(t, (socket) => {
    socket.once('data', () => {
      socket.pause();
      socket.write(
        `HTTP/1.1 503 Busy\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
      );
    });
  });
  const target = targetAt(t, `http://127.0.0.1:${port}`, {
    concurrency: 1,
  });
  const part = partOf(seededBytes(16 * MIB_BYTES, 6));
  // There are more attempts than connections.
  for (let attempt = 0; attempt < 7; attempt += 1) {
    const startedMs = Date.now();
    await assert.rejects(target.sendPart('up', part, never), (error) => isFailure(error, 'unreachable'));
    assert.ok(Date.now() - startedMs < 1500, `attempt ${attempt} waited for a connection`);
  }
});

test('a slow line does not time out while bytes move, even if the whole part takes longer than the time-out', async (t) => {
  const bytes = seededBytes(24 * MIB_BYTES, 8);
  const part = partOf(bytes);
  // Reads 2 MiB, pauses for less than the time-out, and reads on; together the pauses are longer than the time-out.
  const port = await rawPort(t, (socket) => {
    let sincePauseBytes = 0;
    let arrivedBytes = 0;
    socket.on('data', (chunk) => {
      arrivedBytes += chunk.length;
      sincePauseBytes += chunk.length;
      if (arrivedBytes > bytes.length)
        socket.write(`HTTP/1.1 204 Yes\r\nx-amz-sha256-tree-hash: ${part.treeHash}\r\n\r\n`);
      if (sincePauseBytes < 2 * MIB_BYTES) return;
      sincePauseBytes = 0;
      socket.pause();
      setTimeout(() => socket.resume(), 100);
    });
  });
  const startedMs = Date.now();
  await targetAt(t, `http://127.0.0.1:${port}`, { readTimeoutMs: 500 }).sendPart('up', part, never);
  assert.ok(Date.now() - startedMs > 700, 'the test was too fast to show anything');
});
