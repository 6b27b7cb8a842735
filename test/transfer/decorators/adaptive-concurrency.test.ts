import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isFailure, TransferError } from '../../../src/core/failures.js';
import { MIB_BYTES } from '../../../src/core/units.js';
import { withAdaptiveConcurrency } from '../../../src/transfer/decorators/adaptive-concurrency.js';
import type { TransferEvent } from '../../../src/transfer/events.js';
import type { PreparedPart } from '../../../src/transfer/ports/source.js';
import type { PartWatch, Target } from '../../../src/transfer/ports/target.js';
import { FakeClock } from '../../support/fake-clock.js';
import { memoryTarget } from '../../support/memory-target.js';
import { serviceAnswer } from '../../support/memory-vault.js';
import { preparedPart } from '../../support/prepared-part.js';

const never = new AbortController().signal;
const PART_BYTES = 16 * MIB_BYTES;
const PART_TIME_MS = 270_000;

/** A line that carries so many bytes a second, shared fairly by whoever is on it, in a time of its own. */
class Line {
  nowMs = 1_000_000;
  bytesPerSecond: number;
  mostAtOnce = 0;
  readonly #under = new Set<{
    leftBytes: number;
    end: (leftBytes: number) => void;
    endMs: number;
    lookMs: number;
    look: () => boolean;
  }>();

  constructor(bytesPerSecond: number) {
    this.bytesPerSecond = bytesPerSecond;
  }

  /** @returns the bytes that had not arrived when `timeMs` was over */
  carry(sizeBytes: number, timeMs: number, watch: PartWatch | null = null): Promise<number> {
    return new Promise((end) => {
      const look = (): boolean => {
        flight.lookMs += timeMs / 10;
        return watch?.(sizeBytes - flight.leftBytes) === true;
      };
      const lookMs = watch === null ? Number.POSITIVE_INFINITY : this.nowMs + timeMs / 10;
      const flight = { leftBytes: sizeBytes, end, endMs: this.nowMs + timeMs, lookMs, look };
      this.#under.add(flight);
      this.mostAtOnce = Math.max(this.mostAtOnce, this.#under.size);
    });
  }

  /** Lets time pass until nothing is on the line any more. */
  async run(): Promise<void> {
    for (;;) {
      for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
      if (this.#under.size === 0) return;
      const share = this.bytesPerSecond / 1000 / this.#under.size;
      const stepMs = Math.min(
        ...[...this.#under].map(({ leftBytes, endMs, lookMs }) =>
          Math.min(leftBytes / share, Math.min(endMs, lookMs) - this.nowMs),
        ),
      );
      this.nowMs += stepMs;
      for (const each of [...this.#under]) {
        each.leftBytes -= share * stepMs;
        const isEnded = each.lookMs - this.nowMs <= 0.001 && each.leftBytes > 0.5 && each.look();
        if (!isEnded && each.leftBytes > 0.5 && each.endMs - this.nowMs > 0.001) continue;
        this.#under.delete(each);
        each.end(each.leftBytes <= 0.5 ? 0 : each.leftBytes);
      }
    }
  }
}

interface Wish {
  readonly bytesPerSecond: number;
  readonly concurrency?: number;
  /** Whether a part under way tells how much of it has left. */
  readonly watched?: boolean;
  /** Whether a part that came too late tells how much of it had left. */
  readonly measured?: boolean;
  /** The service gives up on a part (408) that is not there after so long. */
  readonly patienceMs?: number;
}

function bench({ bytesPerSecond, concurrency = 4, measured = true, watched = false, patienceMs }: Wish) {
  const line = new Line(bytesPerSecond);
  const events: TransferEvent[] = [];
  const { target } = memoryTarget({ partTimeMs: PART_TIME_MS });
  const sendPart: Target['sendPart'] = async (_, { range, treeHash }, _signal, watch) => {
    const { index, sizeBytes } = range;
    const startedMs = line.nowMs;
    const leftBytes = await line.carry(sizeBytes, patienceMs ?? PART_TIME_MS, (watched && watch) || null);
    if (leftBytes === 0) return { treeHash, etag: null };
    if (patienceMs !== undefined) throw timedOut();
    const elapsedMs = line.nowMs - startedMs;
    const sentBytes = measured ? sizeBytes - leftBytes : null;
    throw new TransferError('too-slow', {
      ...{ index, sizeBytes, elapsedMs, partTimeMs: PART_TIME_MS, sentBytes },
      ...{ bytesPerSecond: null, fittingPartSizeBytes: null },
    });
  };
  const clock = {
    nowMs: () => 0,
    monotonicMs: () => line.nowMs,
    sleep: async () => {},
    random: () => 0.5,
  };
  const paced = withAdaptiveConcurrency(
    { ...target, sendPart },
    { concurrency, clock, report: (event) => events.push(event) },
  );
  let parts = 0;
  /** Sends so many parts, as many at once as there are lanes. @returns what became of each */
  const send = async (count: number): Promise<PromiseSettledResult<unknown>[]> => {
    const queue = Array.from({ length: count }, () => part(parts++));
    const results: Promise<PromiseSettledResult<unknown>>[] = [];
    const lane = async (): Promise<void> => {
      for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
        const sent = Promise.allSettled([paced.sendPart('up', next, never)]).then(([result]) => result);
        results.push(sent);
        await sent;
      }
    };
    const lanes = Promise.all(Array.from({ length: concurrency }, lane));
    await line.run();
    await lanes;
    return Promise.all(results);
  };
  const changes = () =>
    events.flatMap((event) =>
      event.type === 'notice' && 'from' in event ? [[event.notice, event.from, event.to]] : [],
    );
  return { line, events, paced, send, changes };
}

function timedOut(): TransferError {
  const service = serviceAnswer(408, 'RequestTimeoutException', 'Request timed out.');
  const facts = { operation: 'x', why: 'timed out', attempts: 1, elapsedMs: 0 };
  return new TransferError('unreachable', facts, { service, retryClass: 'unavailable' });
}

const small = preparedPart(Buffer.from('data'), 0, MIB_BYTES);

function part(index: number): PreparedPart {
  const startByte = index * PART_BYTES;
  const range = { index, startByte, endByte: startByte + PART_BYTES - 1, sizeBytes: PART_BYTES };
  return { ...small, range };
}

const isSent = (result: PromiseSettledResult<unknown>): boolean => result.status === 'fulfilled';

test('on a fast line the requested number of parts is sent at once, without a notice', async () => {
  const { send, line, events } = bench({ bytesPerSecond: 10 * MIB_BYTES });
  assert.ok((await send(40)).every(isSent));
  assert.equal(line.mostAtOnce, 4);
  assert.deepEqual(events, []);
});

test('if parts nearly time out, fewer are sent at once before one does', async () => {
  // Four at once take 256 s of their 270.
  const { send, changes, events } = bench({ bytesPerSecond: PART_BYTES / 64 });
  assert.ok((await send(20)).every(isSent));
  assert.deepEqual(changes(), [['fewer-at-once', 4, 2]]);
  assert.equal(events.filter(({ type }) => type === 'retry').length, 0);
});

for (const measured of [true, false]) {
  test(`parts that time out are sent again, fewer at once, and all arrive (${measured ? 'measured' : 'unmeasured'})`, async () => {
    // One alone takes 200 s.
    const { send, changes, events } = bench({ bytesPerSecond: PART_BYTES / 200, measured });
    assert.ok((await send(6)).every(isSent));
    assert.equal(changes().at(-1)?.[2], 1);
    assert.ok(changes().length <= 2, JSON.stringify(changes()));
    const late = events.filter(({ type }) => type === 'retry').length;
    assert.ok(late <= 4 + 2, `${late} parts came too late`);
  });
}

test('on a line that is far too slow, some parts in flight stop early, and none times out', async () => {
  // Four at once take 800 s, one alone 200 s of its 270; 16 at once take hours.
  for (const concurrency of [4, 16]) {
    const { send, changes, events, line } = bench({
      bytesPerSecond: PART_BYTES / 200,
      watched: true,
      concurrency,
    });
    const startedMs = line.nowMs;
    assert.ok((await send(concurrency + 2)).every(isSent));
    assert.deepEqual(changes(), [['fewer-at-once', concurrency, 1]]);
    assert.equal(events.filter(({ type }) => type === 'retry').length, 0);
    // A fifth of the first time was shared with parts that gave way.
    const bestMs = (concurrency + 2) * 200_000;
    assert.ok(line.nowMs - startedMs <= bestMs + 0.3 * PART_TIME_MS, `${line.nowMs - startedMs} ms`);
  }
});

test('on a slow line, as many parts in flight continue as can arrive in time', async () => {
  // Eight at once take 400 s: three of them take 150.
  const { send, changes, events } = bench({
    bytesPerSecond: PART_BYTES / 50,
    watched: true,
    concurrency: 8,
  });
  assert.ok((await send(20)).every(isSent));
  assert.deepEqual(changes()[0], ['fewer-at-once', 8, 3]);
  assert.equal(events.filter(({ type }) => type === 'retry').length, 0);
});

test('on a line that is fast enough, all parts in flight continue', async () => {
  for (const seconds of [1, 10, 40, 49]) {
    const { send, events } = bench({
      bytesPerSecond: PART_BYTES / seconds,
      watched: true,
      concurrency: 4,
    });
    assert.ok((await send(12)).every(isSent));
    assert.deepEqual(events, [], `${seconds} s`);
  }
});

test('when the line becomes faster, the number of parts at once rises to the requested number', async () => {
  const { send, changes, line } = bench({ bytesPerSecond: PART_BYTES / 200 });
  await send(4);
  line.bytesPerSecond = 10 * MIB_BYTES;
  line.mostAtOnce = 0;
  assert.ok((await send(12)).every(isSent));
  assert.deepEqual(changes().at(-1), ['more-at-once', 1, 4]);
  assert.equal(line.mostAtOnce, 4);
});

test('a service that times out while it waits for parts gets fewer at once, and one that refuses at once does not', async () => {
  // Four at once take 80 s, two 40 s.
  const patient = bench({ bytesPerSecond: PART_BYTES / 20, patienceMs: 60_000 });
  const results = await patient.send(20);
  assert.deepEqual(patient.changes(), [
    ['fewer-at-once', 4, 2],
    // Eight parts later it may have been a passing trouble.
    ['more-at-once', 2, 4],
    ['fewer-at-once', 4, 2],
  ]);
  assert.ok(results.filter(isSent).length >= 12);
  const hasty = bench({ bytesPerSecond: PART_BYTES / 20, patienceMs: 2000 });
  await hasty.send(8);
  assert.deepEqual(hasty.changes(), []);
});

test('the number of parts at once stays the same on a line of constant speed', async () => {
  for (const seconds of [30, 50, 70, 90, 120, 170, 240]) {
    const { send, changes } = bench({ bytesPerSecond: PART_BYTES / seconds, concurrency: 8 });
    assert.ok((await send(60)).every(isSent));
    const raised = changes().filter(([notice]) => notice === 'more-at-once').length;
    assert.ok(raised <= 1 && changes().length <= 4, `${seconds} s: ${JSON.stringify(changes())}`);
  }
});

test('a part that times out alone on the line ends as too slow, and the error names a size that can arrive', async () => {
  // 16 MiB in 400 s: 8 MiB take 200 s of 270.
  const { paced, line, events } = bench({ bytesPerSecond: PART_BYTES / 400, concurrency: 1 });
  const sending = assert.rejects(paced.sendPart('up', part(3), never), (error) => {
    assert.ok(isFailure(error, 'too-slow'));
    assert.equal(error.facts.index, 3);
    assert.equal(error.retryClass, null);
    assert.equal(error.facts.fittingPartSizeBytes, 8 * MIB_BYTES);
    return true;
  });
  await line.run();
  await sending;
  assert.equal(events.filter(({ type }) => type === 'retry').length, 1);
});

test('if no part size is small enough for the line, the error names no size', async () => {
  const { paced, line } = bench({ bytesPerSecond: 3000, concurrency: 1 });
  const sending = assert.rejects(paced.sendPart('up', part(0), never), (error) => {
    assert.ok(isFailure(error, 'too-slow'));
    return error.facts.fittingPartSizeBytes === null;
  });
  await line.run();
  await sending;
});

test('a signal stops a part that waits for its turn', async () => {
  const { paced, line } = bench({ bytesPerSecond: PART_BYTES, concurrency: 1 });
  const stop = new AbortController();
  const first = paced.sendPart('up', part(0), never);
  const second = paced.sendPart('up', part(1), stop.signal);
  const third = paced.sendPart('up', part(2), never);
  stop.abort(new Error('enough'));
  await assert.rejects(second, /enough/);
  await line.run();
  await Promise.all([first, third]);
});

test('failures of other kinds do not change the number of parts at once', async () => {
  const { target, hooks } = memoryTarget({ partTimeMs: PART_TIME_MS });
  const events: TransferEvent[] = [];
  const clock = new FakeClock();
  const paced = withAdaptiveConcurrency(target, {
    concurrency: 1,
    clock,
    report: (event) => events.push(event),
  });
  const failure = new TransferError('unreachable', {
    operation: 'x',
    why: 'reset',
    attempts: 1,
    elapsedMs: 0,
  });
  const { uploadId } = await paced.createUpload(
    { plan: { partSizeBytes: MIB_BYTES }, description: 'd' },
    never,
  );
  hooks.before = () => {
    throw failure;
  };
  for (let times = 0; times < 3; times += 1) {
    await assert.rejects(paced.sendPart(uploadId, small, never), (error) => error === failure);
  }
  hooks.before = null;
  await paced.sendPart(uploadId, small, never);
  assert.deepEqual(events, []);
});

test('a target without a time limit for parts takes as many at once as there are lanes, over all its keys', async () => {
  const { target } = memoryTarget({ partTimeMs: null });
  const sending: (() => void)[] = [];
  const sendPart: Target['sendPart'] = async (_, { treeHash }) => {
    await new Promise<void>((resolve) => sending.push(resolve));
    return { treeHash, etag: null };
  };
  const inner: Target = { ...target, sendPart, at: () => inner };
  const tools = { concurrency: 2, clock: new FakeClock(), report: () => {} };
  const paced = withAdaptiveConcurrency(inner, tools);
  const sent = ['a', 'b', 'c'].map((key) => paced.at(key).sendPart('up', part(0), never));
  await new Promise(setImmediate);
  assert.equal(sending.length, 2);
  sending[0]?.();
  await sent[0];
  await new Promise(setImmediate);
  assert.equal(sending.length, 3);
  for (const end of sending) end();
  await Promise.all(sent);
});
