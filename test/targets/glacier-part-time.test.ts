import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { isFailure } from '../../src/core/failures.js';
import { treeHashOf } from '../../src/core/tree-hash.js';
import { MIB_BYTES } from '../../src/core/units.js';
import { readValidityMs } from '../../src/targets/glacier/part-time.js';
import { seededBytes } from '../support/bytes.js';
import { preparedPart } from '../support/prepared-part.js';
import { json, type ReceivedRequest, refusal, scriptedServer, targetAt } from './scripted-server.js';

const never = new AbortController().signal;
const BYTES = seededBytes(MIB_BYTES, 3);
const PART = preparedPart(BYTES, 0, MIB_BYTES);

/** Formats a time as `YYYYMMDDTHHMMSSZ`. */
function basic(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19).replace(/[-:]/g, '')}Z`;
}

/** Returns the service's message for an expired signature, with its own clock and the validity of signatures. */
function expired(signedMs: number, serviceMs: number, validityMs: number): string {
  return `Signature expired: ${basic(signedMs)} is now earlier than ${basic(serviceMs - validityMs)} (${basic(serviceMs)} - ${validityMs / 60_000} min.)`;
}

function signedMs({ headers }: ReceivedRequest): number {
  const text = String(headers['x-amz-date']);
  return Date.parse(text.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'));
}

test('a part that takes longer than its time limit is ended as too slow', async (t) => {
  // Reads the first bytes of the body, and then nothing.
  const server = await scriptedServer(
    t,
    () => assert.fail('the body never ends'),
    (request) => {
      request.once('data', () => request.pause());
      return true;
    },
  );
  const target = targetAt(t, server.url, { partTimeMs: 300, readTimeoutMs: 20_000 });
  assert.equal(target.partTimeMs, 300);
  const startedMs = Date.now();
  await assert.rejects(
    target.sendPart('up', preparedPart(seededBytes(16 * MIB_BYTES, 1), 7, 16 * MIB_BYTES), never),
    (error) => {
      assert.ok(isFailure(error, 'too-slow'), String(error));
      const { index, sizeBytes, elapsedMs, partTimeMs } = error.facts;
      assert.deepEqual(
        { index, sizeBytes, partTimeMs },
        { index: 7, sizeBytes: 16 * MIB_BYTES, partTimeMs: 300 },
      );
      assert.ok(elapsedMs >= 299, String(elapsedMs));
      return true;
    },
  );
  assert.ok(Date.now() - startedMs < 5000);
});

test('a part reports how much of it was sent, and ends when its watch returns true', async (t) => {
  const server = await scriptedServer(
    t,
    () => assert.fail('the body never ends'),
    (request) => {
      request.once('data', () => request.pause());
      return true;
    },
  );
  const target = targetAt(t, server.url, { partTimeMs: 5000, readTimeoutMs: 20_000 });
  const bytes = seededBytes(16 * MIB_BYTES, 1);
  const part = {
    ...preparedPart(bytes, 7, 16 * MIB_BYTES),
    body: () =>
      Readable.from(Array.from({ length: 256 }, (_, i) => bytes.subarray(i * 65_536, (i + 1) * 65_536))),
  };
  const reported: number[] = [];
  // Before the first byte is sent, a busy machine may report 0 any number of times.
  const watch = (sentBytes: number): boolean => sentBytes > 0 && reported.push(sentBytes) === 3;
  await assert.rejects(target.sendPart('up', part, never, watch), (error) => {
    assert.ok(isFailure(error, 'too-slow'), String(error));
    assert.ok(error.facts.elapsedMs < 4900, String(error.facts.elapsedMs));
    return true;
  });
  assert.equal(reported.length, 3);
  assert.ok(
    reported.every((sentBytes) => sentBytes < bytes.length),
    String(reported),
  );
});

test('the time limit of a part is 270 s by default', (t) => {
  assert.equal(targetAt(t, 'http://127.0.0.1:9').partTimeMs, 270_000);
});

test('a signature that expires while its part is sent makes the part too slow, and lowers the time limit', async (t) => {
  const server = await scriptedServer(t, (response, received) => {
    setTimeout(() => {
      refusal(
        'InvalidSignatureException',
        expired(signedMs(received), Date.now(), 1000),
        403,
      )(response, received);
    }, 1100);
  });
  const target = targetAt(t, server.url);
  for (let attempt = 1; attempt <= 2; attempt += 1) {
    await assert.rejects(target.sendPart('up', PART, never), (error) => {
      assert.ok(isFailure(error, 'too-slow'), String(error));
      // The service refused the first part after all its bytes; calve ended the second one at the new time limit.
      assert.deepEqual([error.facts.partTimeMs, error.facts.sentBytes], [900, BYTES.length]);
      return true;
    });
  }
  assert.equal(server.requests.length, 2);
});

test('a signature that is refused at once means a wrong clock, and the next one uses the service’s time', async (t) => {
  for (const aheadMs of [200_000, -150_000, 3_600_000]) {
    const server = await scriptedServer(t, (response, received) => {
      const serviceMs = Date.now() + aheadMs;
      if (Math.abs(signedMs(received) - serviceMs) > 5000) {
        const message = expired(signedMs(received), serviceMs, 100_000);
        const date = new Date(serviceMs).toUTCString();
        json(response, 403, { message, code: 'InvalidSignatureException', type: 'Client' }, { date });
        return;
      }
      response
        .writeHead(204, { 'x-amz-sha256-tree-hash': PART.treeHash, date: new Date(serviceMs).toUTCString() })
        .end();
    });
    const target = targetAt(t, server.url);
    await assert.rejects(target.sendPart('up', PART, never), { retryClass: 'resign' });
    await target.sendPart('up', PART, never);
    await target.sendPart('up', PART, never);
    assert.equal(server.requests.length, 3);
  }
});

test('the validity of signatures is read from the service’s own message only', () => {
  const nowMs = Date.parse('2026-11-21T10:00:00.000Z');
  assert.equal(readValidityMs(expired(nowMs - 540_000, nowMs, 300_000)), 300_000);
  for (const message of [
    'The request signature we calculated does not match',
    'Signature not yet current: 20261121T101000Z is still later than 20261121T100500Z (20261121T100000Z + 5 min.)',
    'Signature expired: 20269999T999999Z is now earlier than 20269999T999999Z (20269999T999999Z - 5 min.)',
    'Signature expired: 20261121T101000Z is now earlier than 20261121T100500Z (20261121T100000Z - 5 min.)',
    null,
  ]) {
    assert.equal(readValidityMs(message), null, String(message));
  }
});

test('the part in these tests has the right hashes', () => {
  assert.equal(PART.treeHash, treeHashOf(BYTES));
  assert.equal(PART.digests.sha256, createHash('sha256').update(BYTES).digest('hex'));
});
