/** Tests the threads that send the bodies of parts: the requests that they make, and what happens when one fails. */
import assert from 'node:assert/strict';
import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { isFailure, TransferError } from '../../src/core/failures.js';
import { sharedBytes } from '../../src/core/memory.js';
import { MIB_BYTES } from '../../src/core/units.js';
import { proxyRules } from '../../src/targets/aws/proxy.js';
import { SendingThreads } from '../../src/targets/aws/sending-threads.js';
import type { BytesLocation, PreparedPart } from '../../src/transfer/ports/source.js';
import type { Target } from '../../src/transfer/ports/target.js';
import { seededBytes } from '../support/bytes.js';
import { preparedPart } from '../support/prepared-part.js';
import { watchStderr } from '../support/printed.js';
import { tempFolder } from '../support/temp.js';
import { missingOpenssl, startTlsFront } from '../support/tls-front.js';
import { type Script, scriptedServer, targetAt } from './scripted-server.js';

const never = new AbortController().signal;
/** Larger than what the main thread sends before it starts a thread. */
const PART_BYTES = 33 * MIB_BYTES;
const bytes = seededBytes(PART_BYTES, 1);
const shared = sharedBytes(PART_BYTES);
shared.set(bytes);

function partIn(location: BytesLocation): PreparedPart {
  const body = () => assert.fail('the main thread reads the bytes');
  return { ...preparedPart(bytes, 0, PART_BYTES), location, body };
}

const inMemory = partIn({ kind: 'memory', bytes: shared });

function fileOf(t: TestContext, contents: Buffer): number {
  const path = join(tempFolder(t), 'file');
  writeFileSync(path, contents);
  const fd = openSync(path, 'r');
  t.after(() => closeSync(fd));
  return fd;
}

const accept: Script = (response, { headers }) => {
  response.writeHead(204, { 'x-amz-sha256-tree-hash': String(headers['x-amz-sha256-tree-hash']) });
  response.end();
};

/** Writes a module for a thread. */
function workerOf(t: TestContext, code: string): string {
  const path = join(tempFolder(t), 'worker.mjs');
  writeFileSync(path, `import { parentPort, workerData } from 'node:worker_threads';\n${code}\n`);
  return path;
}

function targetWith(
  t: TestContext,
  endpoint: string,
  workerPath?: string,
  changes: Parameters<typeof targetAt>[2] = {},
): Target {
  const worker = workerPath !== undefined && { workerPath, watchIntervalMs: 100 };
  return targetAt(t, endpoint, { threads: 2, readTimeoutMs: 20_000, ...worker, ...changes });
}

test('a part leaves from a thread with its bytes unchanged, from memory and from a file', async (t) => {
  const server = await scriptedServer(t, accept);
  const target = targetWith(t, server.url);
  const fd = fileOf(t, Buffer.concat([Buffer.alloc(7), bytes]));
  const inFile = partIn({ kind: 'file', fd, startByte: 7, sizeBytes: PART_BYTES, path: '/f' });
  for (const part of [inMemory, inFile]) {
    const sent: number[] = [];
    await target.sendPart('up', part, never, (sentBytes) => sent.push(sentBytes) < 0);
    assert.ok(sent.every((sentBytes) => sentBytes <= PART_BYTES));
  }
  for (const { body, headers } of server.requests) {
    assert.ok(bytes.equals(body));
    assert.equal(headers['content-length'], String(PART_BYTES));
  }
  assert.equal(server.requests.length, 2);
});

test('a warning in a thread is not printed', async (t) => {
  const printed = watchStderr(t);
  const server = await scriptedServer(t, accept);
  const code =
    "process.emitWarning('old'); console.warn('old'); setImmediate(() => parentPort.once('message', () => process.exit(3)));";
  await targetWith(t, server.url, workerOf(t, code))
    .sendPart('up', inMemory, never)
    .catch(() => undefined);
  assert.equal(printed(), '');
});

test('a small part needs no thread', async (t) => {
  const server = await scriptedServer(t, accept);
  const target = targetWith(t, server.url, workerOf(t, 'process.exit(3);'));
  await target.sendPart('up', preparedPart(seededBytes(100, 1), 0, MIB_BYTES), never);
  assert.equal(server.requests.length, 1);
});

test('a file that is too short for the part is a changed source, also from a thread', async (t) => {
  const server = await scriptedServer(t, accept);
  const fd = fileOf(t, bytes.subarray(0, MIB_BYTES));
  const part = partIn({ kind: 'file', fd, startByte: 0, sizeBytes: PART_BYTES, path: '/f' });
  await assert.rejects(targetWith(t, server.url).sendPart('up', part, never), (error) => {
    assert.ok(isFailure(error, 'source'), String(error));
    assert.deepEqual(error.facts, { path: '/f', why: 'changed', detail: 'the file ends at byte 1048576' });
    return true;
  });
});

test('a file that changes while a part is sent ends the request, from a thread and from the main thread', async (t) => {
  const server = await scriptedServer(t, () => undefined);
  const assertUnchanged = async (): Promise<void> => {
    throw new TransferError('source', { path: '/f', why: 'changed', detail: null });
  };
  const isChanged = (error: unknown): boolean => isFailure(error, 'source') && error.facts.why === 'changed';
  const fromThread = targetWith(t, server.url).sendPart('up', { ...inMemory, assertUnchanged }, never);
  const part = { ...inMemory, location: null, body: () => bytes, assertUnchanged };
  const fromMain = targetWith(t, server.url).sendPart('up', part, never);
  await Promise.all([assert.rejects(fromThread, isChanged), assert.rejects(fromMain, isChanged)]);
});

test('a refusal that comes before the whole part was sent is the same failure as without threads', async (t) => {
  const server = await scriptedServer(
    t,
    () => assert.fail('the body never ends'),
    (request, response) => {
      request.once('data', () => request.pause());
      response.writeHead(403, { 'content-type': 'application/json', 'x-amzn-requestid': 'r1' });
      response.end(JSON.stringify({ code: 'AccessDeniedException', message: 'no', type: 'Client' }));
      return true;
    },
  );
  const failures: unknown[] = [];
  for (const target of [targetWith(t, server.url), targetAt(t, server.url)]) {
    const part = { ...inMemory, body: () => bytes };
    await target.sendPart('up', part, never).catch((error: unknown) => failures.push(error));
  }
  const [fromThread, fromMain] = failures;
  assert.ok(isFailure(fromThread, 'refused') && isFailure(fromMain, 'refused'), String(failures));
  assert.deepEqual(fromThread.facts, fromMain.facts);
});

test('a thread uses the proxy', async (t) => {
  const proxy = await scriptedServer(t, accept);
  const env = { http_proxy: proxy.url };
  const changes = { env, proxies: proxyRules(env) };
  await targetWith(t, 'http://vault.example', undefined, changes).sendPart('up', inMemory, never);
  const [request] = proxy.requests;
  assert.match(String(request?.url), /^http:\/\/vault\.example\/-\/vaults\/photos/);
  assert.ok(request !== undefined && bytes.equals(request.body));
});

test('a thread refuses a certificate that is not trusted, and accepts one that is', {
  skip: missingOpenssl(),
}, async (t) => {
  const server = await scriptedServer(t, accept);
  const front = await startTlsFront(t, tempFolder(t), server.url, { bytesPerSecond: 2 ** 30 });
  await assert.rejects(targetWith(t, front.url).sendPart('up', inMemory, never), (error) => {
    assert.ok(isFailure(error, 'refused'), String(error));
    assert.equal(error.facts.why, 'untrusted-certificate');
    return true;
  });
  const trust = { verify: true, authorities: readFileSync(front.certificatePath, 'utf8') };
  await targetWith(t, front.url, undefined, { trust }).sendPart('up', inMemory, never);
  assert.equal(server.requests.length, 1);
});

test('a thread ends a request on which no byte moves', async (t) => {
  const server = await scriptedServer(
    t,
    () => assert.fail('the body never ends'),
    (request) => {
      request.once('data', () => request.pause());
      return true;
    },
  );
  const target = targetWith(t, server.url, undefined, { readTimeoutMs: 500 });
  await assert.rejects(target.sendPart('up', inMemory, never), (error) => {
    assert.ok(isFailure(error, 'unreachable'), String(error));
    assert.match(error.facts.why, /no byte moved for .*--read-timeout/);
    return true;
  });
});

test('an aborted part ends with the signal’s reason, and its bytes are not read any more', async (t) => {
  const server = await scriptedServer(
    t,
    () => assert.fail('the body never ends'),
    (request) => {
      request.once('data', () => request.pause());
      return true;
    },
  );
  const target = targetWith(t, server.url);
  const stop = new AbortController();
  const reason = new Error('stopped');
  const watch = (sentBytes: number): boolean => {
    if (sentBytes > 0) stop.abort(reason);
    return false;
  };
  await assert.rejects(target.sendPart('up', inMemory, stop.signal, watch), reason);
});

for (const [what, code, text] of [
  ['ends', "parentPort.on('message', () => process.exit(7));", /exit code 7/],
  ['throws', "parentPort.on('message', () => { throw new Error('out of order'); });", /out of order/],
  ['hangs', "parentPort.on('message', () => { for (;;); });", /stuck/],
] as const) {
  test(`a thread that ${what} is a failure that a retry may help, and the next part has a new thread`, async (t) => {
    const server = await scriptedServer(t, accept);
    const start = 'Atomics.add(new Int32Array(workerData.heartbeat), 0, 1);';
    const target = targetWith(t, server.url, workerOf(t, `${start}\n${code}`));
    for (let attempt = 0; attempt < 2; attempt += 1) {
      await assert.rejects(target.sendPart('up', inMemory, never), (error) => {
        assert.ok(isFailure(error, 'unreachable'), String(error));
        assert.match(error.facts.why, text);
        return true;
      });
    }
    assert.deepEqual(server.requests, []);
  });
}

test('a thread that ignores an abort is ended within two seconds', async (t) => {
  const server = await scriptedServer(t, accept);
  const target = targetWith(t, server.url, workerOf(t, "parentPort.on('message', () => undefined);"));
  const stop = new AbortController();
  const sending = target.sendPart('up', inMemory, stop.signal);
  setTimeout(() => stop.abort(new Error('stopped')), 50);
  const startedMs = performance.now();
  await assert.rejects(sending, /stopped/);
  assert.ok(performance.now() - startedMs < 2000);
});

test('where no thread can start, the main thread sends', async (t) => {
  const server = await scriptedServer(t, accept);
  const target = targetWith(t, server.url, workerOf(t, "throw new Error('no');"));
  const part = { ...inMemory, body: () => bytes };
  await assert.rejects(target.sendPart('up', part, never), (error) => isFailure(error, 'unreachable'));
  await target.sendPart('up', part, never);
  assert.equal(server.requests.length, 1);
});

test('one processor has no thread', async () => {
  const line = { connectTimeoutMs: 1, readTimeoutMs: 1, concurrency: 4, proxies: () => null };
  const trust = { verify: true, authorities: null };
  const threads = new SendingThreads({ ...line, trust, threads: 1, env: {} });
  const request = { method: 'PUT', protocol: 'http:', hostname: 'x', path: '/', query: {}, headers: {} };
  assert.equal(threads.send(request, { location: inMemory.location, sizeBytes: PART_BYTES } as never), null);
});
