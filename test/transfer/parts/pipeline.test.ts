import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import fc from 'fast-check';
import { HASH_AHEAD_PARTS } from '../../../src/transfer/parts/pipeline.js';
import type { PreparedPart } from '../../../src/transfer/ports/source.js';
import { allOf, fakeSource, moveParts, planOf, watchProcess } from './fake-parts.js';

const never = new AbortController().signal;

test('every part is prepared, delivered and released exactly once, in whatever order requests end', async (t) => {
  watchProcess(t);
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 40 }),
      fc.integer({ min: 1, max: 8 }),
      fc.infiniteStream(fc.nat(3)),
      async (partCount, concurrency, pauses) => {
        const plan = planOf(partCount);
        const { source, counts } = fakeSource();
        const delivered: number[] = [];
        const deliver = async ({ range }: PreparedPart): Promise<void> => {
          for (let n = pauses.next().value ?? 0; n > 0; n -= 1) await turn();
          delivered.push(range.index);
        };
        await moveParts({ source, plan, indexes: allOf(plan), concurrency, signal: never, deliver });
        const sorted = (indexes: number[]) => indexes.toSorted((a, b) => a - b);
        assert.deepEqual(sorted(delivered), allOf(plan));
        assert.deepEqual(sorted(counts.released), allOf(plan));
        assert.deepEqual(counts.prepared, allOf(plan), 'taken in the order that was asked for');
        assert.ok(counts.mostOut <= concurrency + HASH_AHEAD_PARTS, `${counts.mostOut} parts were out`);
      },
    ),
    { numRuns: 60 },
  );
});

test('at most as many parts are delivered at once as there are lanes, and all lanes are used', async () => {
  const plan = planOf(30);
  const { source } = fakeSource();
  let now = 0;
  let most = 0;
  const deliver = async (): Promise<void> => {
    most = Math.max(most, ++now);
    for (let n = 0; n < 5; n += 1) await turn();
    now -= 1;
  };
  await moveParts({ source, plan, indexes: allOf(plan), concurrency: 4, signal: never, deliver });
  assert.equal(most, 4);
});

test('with one lane, parts are delivered in exactly the given order', async () => {
  const plan = planOf(8);
  const indexes = [5, 1, 7, 0, 2];
  const { source } = fakeSource();
  const delivered: number[] = [];
  const deliver = async ({ range }: PreparedPart): Promise<void> => void delivered.push(range.index);
  await moveParts({ source, plan, indexes, concurrency: 1, signal: never, deliver });
  assert.deepEqual(delivered, indexes);
});

test('the first failure starts no new part, aborts the other lanes, and is reported after all have ended', async (t) => {
  watchProcess(t);
  const plan = planOf(50);
  const { source, counts } = fakeSource();
  const failure = new Error('disk on fire');
  let underWay = 0;
  const reasons: unknown[] = [];
  const delivered: number[] = [];
  const deliver = async ({ range }: PreparedPart, signal: AbortSignal): Promise<void> => {
    delivered.push(range.index);
    if (range.index === 3) {
      // Until the next parts are read, and wait for a lane.
      for (let n = 0; n < 5; n += 1) await turn();
      throw failure;
    }
    underWay += 1;
    try {
      await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    } catch (error) {
      reasons.push(error);
      // A lane that takes its time to end must be waited for.
      for (let n = 0; n < 20; n += 1) await turn();
      throw new Error(`lane ${range.index} ended late`);
    } finally {
      underWay -= 1;
    }
  };
  const work = { source, plan, indexes: allOf(plan), concurrency: 4, signal: never, deliver };
  await assert.rejects(moveParts(work), (error) => error === failure);
  assert.equal(underWay, 0, 'nothing moves behind the caller');
  assert.deepEqual(delivered.sort(), [0, 1, 2, 3], 'what was read ahead is not delivered any more');
  assert.deepEqual(reasons, [failure, failure, failure]);
  assert.ok(counts.prepared.length <= 4 + HASH_AHEAD_PARTS, 'nothing new was taken up');
  assert.equal(counts.out, 0);
});

test('a part that cannot be read ends the transfer with its own failure, and prepared parts are released', async (t) => {
  watchProcess(t);
  const plan = planOf(20);
  const { source, counts } = fakeSource(async (index) => {
    if (index === 5) throw new Error('short file');
  });
  const deliver = async (_: PreparedPart, signal: AbortSignal): Promise<void> => {
    for (let n = 0; n < 10 && !signal.aborted; n += 1) await turn();
    signal.throwIfAborted();
  };
  const work = { source, plan, indexes: allOf(plan), concurrency: 4, signal: never, deliver };
  await assert.rejects(moveParts(work), /short file/);
  assert.equal(counts.out, 0);
  assert.equal(new Set(counts.released).size, counts.released.length);
});

test('an aborted signal ends the transfer with its reason, and leaves no listener and no part behind', async (t) => {
  watchProcess(t);
  const plan = planOf(100);
  const { source, counts } = fakeSource();
  const stop = new AbortController();
  const reason = new Error('SIGINT');
  let delivered = 0;
  const deliver = async (_: PreparedPart, signal: AbortSignal): Promise<void> => {
    delivered += 1;
    if (delivered === 10) stop.abort(reason);
    await turn();
    signal.throwIfAborted();
  };
  const work = { source, plan, indexes: allOf(plan), concurrency: 4, signal: stop.signal, deliver };
  await assert.rejects(moveParts(work), (error) => error === reason);
  assert.ok(delivered < 20);
  assert.equal(counts.out, 0);
  assert.equal(getEventListeners(stop.signal, 'abort').length, 0);
});

test('if the signal is aborted before the transfer starts, nothing is read and nothing is sent', async () => {
  const plan = planOf(5);
  const { source, counts } = fakeSource();
  const reason = new Error('stopped');
  const deliver = async (): Promise<void> => assert.fail('nothing is to be delivered');
  const signal = AbortSignal.abort(reason);
  const work = { source, plan, indexes: allOf(plan), concurrency: 2, signal, deliver };
  await assert.rejects(moveParts(work), (error) => error === reason);
  assert.deepEqual(counts.prepared, []);
});
