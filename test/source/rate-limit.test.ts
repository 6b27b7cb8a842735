import assert from 'node:assert/strict';
import { once } from 'node:events';
import process from 'node:process';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { systemClock } from '../../src/cli/clock.js';
import { rateLimit } from '../../src/source/rate-limit.js';
import type { PreparedPart } from '../../src/transfer/ports/source.js';
import { seededBytes } from '../support/bytes.js';
import { FakeClock } from '../support/fake-clock.js';

const KIB = 1024;

function partOf(body: () => Uint8Array | NodeJS.ReadableStream): PreparedPart {
  return { body } as unknown as PreparedPart;
}

async function read(part: PreparedPart): Promise<Buffer> {
  return Buffer.concat(await (part.body() as Readable).toArray());
}

test('all parts together leave at the rate, byte for byte, from memory and from streams', async () => {
  const clock = new FakeClock();
  const limit = rateLimit(256 * KIB, clock);
  const bytes = [1, 2, 3, 4].map((seed) => seededBytes(512 * KIB, seed));
  const parts = bytes.map((each, index) =>
    limit.limited(
      partOf(() => (index % 2 === 0 ? each : Readable.from([each.subarray(0, 7), each.subarray(7)]))),
    ),
  );
  const startMs = clock.nowMs();
  const got = await Promise.all(parts.map(read));
  for (const [index, each] of got.entries()) assert.ok(each.equals(bytes[index] as Buffer), `part ${index}`);
  // 2 MiB at 0.25 MiB per second take 8 s. The first bytes may leave at once.
  const tookMs = clock.nowMs() - startMs;
  assert.ok(tookMs >= 7700 && tookMs <= 8100, `${tookMs} ms`);
});

test('time in which nothing was sent is not caught up', async () => {
  const clock = new FakeClock();
  const limit = rateLimit(64 * KIB, clock);
  const part = limit.limited(partOf(() => Buffer.alloc(64 * KIB)));
  await read(part);
  clock.advance(60_000);
  const startMs = clock.nowMs();
  await read(part);
  assert.ok(clock.nowMs() - startMs >= 700, `${clock.nowMs() - startMs} ms`);
});

test('a clock that is set back by half an hour delays nothing', async () => {
  const clock = new FakeClock();
  const limit = rateLimit(64 * KIB, clock);
  const part = limit.limited(partOf(() => Buffer.alloc(64 * KIB)));
  await read(part);
  clock.set(-1_800_000);
  const startMs = clock.monotonicMs();
  await read(part);
  assert.ok(clock.monotonicMs() - startMs < 1100, `${clock.monotonicMs() - startMs} ms`);
});

test('a body that is destroyed stops waiting for its turn', async () => {
  const clock = new FakeClock();
  const stream = rateLimit(1, clock)
    .limited(partOf(() => Buffer.alloc(10 * KIB)))
    .body() as Readable;
  const startMs = clock.nowMs();
  const closed = new Promise((resolve) => stream.once('close', resolve));
  stream.once('data', () => stream.destroy());
  await closed;
  assert.ok(clock.nowMs() - startMs < 1_000_000, 'it waited until the end');
});

test('a body that waits for its turn closes at once when it is destroyed, and leaves no timer', async () => {
  const timers = (): number => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
  const before = timers();
  const inner = Readable.from([Buffer.alloc(10 * KIB)]);
  const stream = rateLimit(1, systemClock)
    .limited(partOf(() => inner))
    .body() as Readable;
  // The second slice has its turn in 256 s.
  await once(stream, 'data');
  stream.destroy();
  await once(stream, 'close');
  assert.deepEqual([timers(), inner.destroyed], [before, true]);
});

test('a body that cannot be read fails with its error', async () => {
  const broken = new Readable({ read: () => broken.destroy(new Error('no disk')) });
  const part = rateLimit(1, new FakeClock()).limited(partOf(() => broken));
  await assert.rejects(read(part), /no disk/);
});
