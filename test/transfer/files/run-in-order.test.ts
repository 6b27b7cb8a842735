import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runInOrder } from '../../../src/transfer/files/run-in-order.js';

const never = new AbortController().signal;
const turn = (): Promise<void> => new Promise(setImmediate);

test('outcomes are delivered in the order of the jobs, whichever ends first', async () => {
  const ends = new Map<number, () => void>();
  const delivered: number[] = [];
  const run = runInOrder({
    jobs: [0, 1, 2],
    signal: never,
    start: async (job) => ({
      outcome: new Promise<number>((resolve) => ends.set(job, () => resolve(job))),
    }),
    deliver: async (outcome) => void delivered.push(outcome),
  });
  await turn();
  assert.equal(ends.size, 3);
  ends.get(2)?.();
  ends.get(1)?.();
  await turn();
  assert.deepEqual(delivered, []);
  ends.get(0)?.();
  await run;
  assert.deepEqual(delivered, [0, 1, 2]);
});

test('after the signal no job starts, and those that have started are delivered', async () => {
  const stop = new AbortController();
  const delivered: number[] = [];
  function* jobs() {
    for (let job = 0; ; job += 1) {
      if (job === 3) stop.abort();
      yield job;
    }
  }
  await runInOrder({
    jobs: jobs(),
    signal: stop.signal,
    start: async (job) => ({ outcome: turn().then(() => job) }),
    deliver: async (outcome) => void delivered.push(outcome),
  });
  assert.deepEqual(delivered, [0, 1, 2]);
});

test('a failure of the list is thrown when what was found before is delivered', async () => {
  const delivered: number[] = [];
  async function* jobs() {
    yield 0;
    throw new Error('the list broke');
  }
  const run = runInOrder({
    jobs: jobs(),
    signal: never,
    start: async (job) => ({ outcome: turn().then(() => job) }),
    deliver: async (outcome) => void delivered.push(outcome),
  });
  await assert.rejects(run, /the list broke/);
  assert.deepEqual(delivered, [0]);
});

test('not more than a thousand outcomes wait for an earlier one', async () => {
  let first = (): void => {};
  let started = 0;
  const run = runInOrder({
    jobs: Array(1500).keys(),
    signal: never,
    start: async (job) => {
      started += 1;
      const outcome = job > 0 ? Promise.resolve() : new Promise<void>((resolve) => (first = resolve));
      return { outcome };
    },
    deliver: async () => {},
  });
  for (let turns = 0; turns < 1500; turns += 1) await Promise.resolve();
  await turn();
  assert.equal(started, 1000);
  first();
  await run;
  assert.equal(started, 1500);
});
