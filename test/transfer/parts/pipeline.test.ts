import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import process from 'node:process';
import { type TestContext, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import fc from 'fast-check';
import { type PartPlan, partRange } from '../../../src/core/part-plan.js';
import {
  type FileParts,
  HASH_AHEAD_PARTS,
  type Pipeline,
  runPipeline,
} from '../../../src/transfer/parts/pipeline.js';
import type { PreparedPart, Source } from '../../../src/transfer/ports/source.js';
import { preparedPart } from '../../support/prepared-part.js';

const never = new AbortController().signal;

/** Moves a file's parts through the pipeline. */
function moveParts({ source, plan, indexes, ...rest }: FileParts & Omit<Pipeline, 'jobs'>): Promise<void> {
  const jobs = [...indexes].map((index) => {
    const range = partRange(plan, index);
    const release = (): void => undefined;
    return {
      range,
      release,
      prepare: (signal: AbortSignal) => source.prepare(range, plan.partSizeBytes, signal),
    };
  });
  return runPipeline({ jobs: () => jobs, ...rest });
}

/** Fails the test on any rejection that nobody handled, and on any warning (a leak of listeners is one). */
function watchProcess(t: TestContext): void {
  const seen: unknown[] = [];
  const note = (what: unknown): void => void seen.push(what);
  process.on('unhandledRejection', note);
  process.on('warning', note);
  t.after(async () => {
    for (let n = 0; n < 3; n += 1) await turn();
    process.off('unhandledRejection', note);
    process.off('warning', note);
    assert.deepEqual(seen, []);
  });
}

function planOf(partCount: number): PartPlan {
  return { sizeBytes: partCount * 4, partSizeBytes: 4, partCount };
}

function allOf(plan: PartPlan): number[] {
  return Array.from({ length: plan.partCount }, (_, index) => index);
}

/** A source without a file that counts what is prepared, and what is given back. */
function fakeSource(beforePart: (index: number, signal: AbortSignal) => Promise<void> = async () => {}) {
  const counts = { prepared: [] as number[], released: [] as number[], out: 0, mostOut: 0 };
  const prepare: Source['prepare'] = async (range, partSizeBytes, signal) => {
    counts.prepared.push(range.index);
    counts.out += 1;
    counts.mostOut = Math.max(counts.mostOut, counts.out);
    try {
      await beforePart(range.index, signal);
      await turn();
      signal.throwIfAborted();
    } catch (error) {
      counts.out -= 1;
      throw error;
    }
    const part = preparedPart(Buffer.alloc(range.sizeBytes, range.index), range.index, partSizeBytes);
    const release = (): void => {
      counts.released.push(range.index);
      counts.out -= 1;
    };
    return { ...part, release };
  };
  const unused = async (): Promise<never> => assert.fail('not for moving parts');
  const source: Source = {
    path: '/photos.tar',
    baseName: 'photos.tar',
    fingerprint: { sizeBytes: 0, mtimeNs: '0', ctimeNs: '0', device: '0', inode: '0' },
    mtimeMs: 0,
    prepare,
    treeHash: unused,
    compareNow: unused,
    expectParts: unused,
    close: unused,
  };
  return { source, counts };
}

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

test('ten thousand parts through 64 lanes leave no listeners on a signal that is used further', async (t) => {
  watchProcess(t);
  const plan = planOf(10_000);
  const { source } = fakeSource();
  const { signal } = new AbortController();
  let delivered = 0;
  const deliver = async (part: PreparedPart, lane: AbortSignal): Promise<void> => {
    assert.deepEqual(part.range, partRange(plan, part.range.index));
    const note = (): void => {};
    lane.addEventListener('abort', note);
    await turn();
    lane.removeEventListener('abort', note);
    delivered += 1;
  };
  await moveParts({ source, plan, indexes: allOf(plan), concurrency: 64, signal, deliver });
  assert.equal(delivered, 10_000);
  assert.equal(getEventListeners(signal, 'abort').length, 0);
});
