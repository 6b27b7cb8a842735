import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GIB_BYTES, MIB_BYTES } from '../../src/core/units.js';
import { type Fleet, simulate } from './model.js';

/** A file that one machine sends in 1024 seconds, with nothing but its line in the way. */
const PLAIN: Fleet = {
  ...{ sizeBytes: GIB_BYTES, partSizeBytes: MIB_BYTES, machines: 1, sharesPerMachine: 1 },
  ...{ bytesPerSecond: MIB_BYTES, concurrency: 4, answerSeconds: 0, startSeconds: 0, finishSeconds: 0 },
  ...{ failuresPerHour: 0, restartSeconds: 0, seed: 1 },
  ...{ rereadBytesPerSecond: Number.POSITIVE_INFINITY, requestsPerSecond: Number.POSITIVE_INFINITY },
};

function secondsOf(more: Partial<Fleet>): number {
  return Number(simulate({ ...PLAIN, ...more }).seconds.toFixed(3));
}

test('the time is that of the bytes on the lines, and starting and finishing once', () => {
  assert.equal(secondsOf({}), 1024);
  assert.equal(secondsOf({ machines: 8 }), 128);
  assert.equal(secondsOf({ machines: 8, startSeconds: 5, finishSeconds: 10 }), 143);
  assert.equal(secondsOf({ machines: 8, sharesPerMachine: 4, startSeconds: 5 }), 148);
});

test('a service that takes 2 requests a second takes 1,024 parts in 512 seconds, from however many machines', () => {
  const { seconds, losses } = simulate({ ...PLAIN, machines: 64, requestsPerSecond: 2 });
  assert.ok(seconds > 510 && seconds < 530, String(seconds));
  assert.ok(losses['request limit'] > seconds / 2);
});

test('with fewer parts than machines, the others do nothing', () => {
  const few = { machines: 8, sizeBytes: 4 * MIB_BYTES };
  assert.equal(secondsOf(few), 1);
  assert.equal(simulate({ ...PLAIN, ...few }).efficiency, 0.5);
});

test('parts that share a line end together, so that four lanes wait for an answer a quarter as often as one', () => {
  assert.equal(secondsOf({ concurrency: 1, answerSeconds: 1 }), 2048);
  assert.equal(secondsOf({ concurrency: 4, answerSeconds: 1 }), 1280);
});

test('a failure costs the restart and the parts in flight, and the same seed gives the same failures', () => {
  const failing = { failuresPerHour: 20, restartSeconds: 30 };
  const [once, again] = [simulate({ ...PLAIN, ...failing }), simulate({ ...PLAIN, ...failing })];
  assert.deepEqual(once, again);
  assert.ok(once.failures > 0);
  // A machine may fail again before it is back.
  assert.ok(once.seconds > 1024 + 30 && once.seconds <= 1024 + once.failures * 34, `${once.seconds}`);
  assert.notEqual(secondsOf({ ...failing, seed: 2 }), secondsOf(failing));
});

test('a task that reads its parts again pays for it after each failure', () => {
  const failing = { failuresPerHour: 20, restartSeconds: 30 };
  assert.ok(secondsOf({ ...failing, rereadBytesPerSecond: 2 * MIB_BYTES }) > secondsOf(failing) + 100);
});
