/** The limits of an answer in time and in size, and what they must not break: lines that are slow, but move. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { type TestContext, test } from 'node:test';
import { isFailure } from '../../src/core/failures.js';
import { MIB_BYTES } from '../../src/core/units.js';
import { limitAnswer } from '../../src/targets/aws/answer-limits.js';
import type { Target } from '../../src/transfer/ports/target.js';
import { seededBytes } from '../support/bytes.js';
import { preparedPart } from '../support/prepared-part.js';
import { type RawAnswer, rawServer, TARGETS } from './hostile-calls.js';
import { targetAt } from './scripted-server.js';

const never = new AbortController().signal;
const OK = 'HTTP/1.1 200 OK\r\nx-amzn-requestid: r\r\n';
const page = { limit: null, marker: null };

function every(ms: number, work: () => void): () => void {
  const timer = setInterval(work, ms);
  return () => clearInterval(timer);
}

async function whyOf(call: Promise<unknown>): Promise<string> {
  const error = await call.then(
    () => null,
    (reason: unknown) => reason,
  );
  assert.ok(isFailure(error, 'unreachable'), String(error));
  assert.equal(error.retryClass, 'unavailable');
  return error.facts.why;
}

const target = async (t: TestContext, answer: RawAnswer, readTimeoutMs = 400): Promise<Target> =>
  targetAt(t, await rawServer(t, answer), { readTimeoutMs });

test('an answer that comes byte by byte fails after ten times --read-timeout', async (t) => {
  const vault = await target(t, (socket) => {
    socket.write(`${OK}transfer-encoding: chunked\r\n\r\n`);
    return every(20, () => socket.write('1\r\n \r\n'));
  });
  const why = await whyOf(vault.listUploadsPage(page, never));
  assert.equal(why, 'the answer was not complete after 4.0 s (10 times --read-timeout)');
});

test('an answer to complete may keep the connection alive with white space for longer', async (t) => {
  const s3 = TARGETS['s3']?.(
    t,
    await rawServer(t, (socket, request) => {
      if (!request.startsWith('POST')) return void socket.end(`${OK}content-length: 0\r\n\r\n`);
      socket.write(`${OK}transfer-encoding: chunked\r\n\r\n`);
      const stop = every(5, () => socket.write('1\r\n \r\n'));
      const body = '<R><ETag>"e"</ETag></R>';
      setTimeout(() => {
        stop();
        socket.write(`${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`);
      }, 900);
      return stop;
    }),
  ) as Target;
  const part = preparedPart(seededBytes(9, 3), 0, MIB_BYTES);
  const { treeHash, digests } = part;
  const parts = new Map([[0, { treeHash, linearHash: digests.sha256, etag: 'a'.repeat(32) }]]);
  const call = s3.complete('up', { sizeBytes: 9, partSizeBytes: MIB_BYTES, treeHash, parts }, never);
  // HEAD finds no ETag in this test; the answer to complete itself was read.
  assert.match(await whyOf(call), /^the response has no (ETag or length|list of parts)$/);
});

test('an answer without an end fails when it is larger than 8 MiB', async (t) => {
  const vault = await target(t, (socket) => {
    const piece = `10000\r\n${' '.repeat(0x1_00_00)}\r\n`;
    const write = (): void => {
      while (!socket.destroyed && socket.write(piece));
    };
    socket.on('drain', write);
    socket.write(`${OK}transfer-encoding: chunked\r\n\r\n`);
    write();
    return undefined;
  });
  assert.equal(await whyOf(vault.listUploadsPage(page, never)), 'the answer is larger than 8 MiB');
});

test('interim answers without an end fail after a hundred', async (t) => {
  const vault = await target(
    t,
    (socket) => every(1, () => socket.write('HTTP/1.1 100 Continue\r\n\r\n'.repeat(10))),
    5000,
  );
  const why = await whyOf(vault.listUploadsPage(page, never));
  assert.equal(why, 'the server sent more than 100 interim answers (HTTP 1xx)');
});

const slowPart = preparedPart(seededBytes(8 * MIB_BYTES, 3), 0, 8 * MIB_BYTES);

test('a body that leaves slowly may take longer than an answer, as long as its bytes move', async (t) => {
  const PIECES = 15;
  const url = await rawServer(t, (socket) => {
    let read = 0;
    socket.on('data', (chunk: Uint8Array) => {
      read += chunk.length;
      if (read >= PIECES) socket.end(`${OK}content-length: 0\r\n\r\n`);
    });
    return undefined;
  });
  const sending = request(url, { method: 'PUT', headers: { 'content-length': PIECES } });
  limitAnswer(sending, { silenceMs: 10_000, answerMs: 3000, option: null });
  sending.flushHeaders();
  let left = PIECES;
  const stop = every(300, () => {
    left -= 1;
    if (left > 0) sending.write('a');
    else sending.end('a');
    if (left === 0) stop();
  });
  const [response] = (await once(sending, 'response')) as [IncomingMessage];
  response.resume();
  await once(response, 'end');
});

test('a server that talks but takes no byte of a part has not answered', async (t) => {
  const vault = await target(t, (socket) => {
    socket.pause();
    return every(5, () => socket.write('HTTP/1.1 100 Continue\r\n\r\n'));
  });
  await assert.rejects(vault.sendPart('up', slowPart, never), (error) => isFailure(error, 'unreachable'));
});
