import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import { readdirSync, readlinkSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { PassThrough, type Readable } from 'node:stream';
import { buffer as collect } from 'node:stream/consumers';
import { type TestContext, test } from 'node:test';
import { isFailure, TransferError } from '../../src/core/failures.js';
import { partRange, planParts } from '../../src/core/part-plan.js';
import { treeHashOf } from '../../src/core/tree-hash.js';
import { MIB_BYTES } from '../../src/core/units.js';
import { limitedOpener } from '../../src/source/rate-limit.js';
import { openSourcePool } from '../../src/source/source-pool.js';
import { streamSources } from '../../src/source/stream-source.js';
import type {
  BufferedPart,
  ByteStream,
  PreparedPart,
  StreamSource,
} from '../../src/transfer/ports/source.js';
import { seededBytes } from '../support/bytes.js';
import { FakeClock } from '../support/fake-clock.js';
import { tempFolder } from '../support/temp.js';

const neverAborted = new AbortController().signal;
setMaxListeners(0, neverAborted);
const limits = {
  partSizeMinBytes: 1,
  partSizeMaxBytes: 2 ** 32,
  partsMax: 10_000,
  sizeMinBytes: 0,
  sizeMaxBytes: 2 ** 45,
};
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

function streamOf(bytes: AsyncIterable<Uint8Array>, close = async () => {}): ByteStream {
  return { bytes, confirmEnd: async () => undefined, close };
}

/** Yields the bytes in chunks of many lengths, as pipes do. Some chunks are empty. */
async function* chunksOf(bytes: Buffer): AsyncGenerator<Uint8Array> {
  let at = 0;
  for (let i = 0; at < bytes.length; i += 1) {
    const length = [65_536, 1, 0, 4096, 700_001][i % 5] as number;
    yield bytes.subarray(at, at + length);
    at += length;
  }
}

interface PoolOptions {
  readonly inMemoryPartMaxBytes?: number;
  readonly concurrency?: number;
}

function open(
  t: TestContext,
  stream: ByteStream,
  partSizeBytes: number,
  options: PoolOptions = {},
): Promise<StreamSource> {
  const pool = openSourcePool({ concurrency: options.concurrency ?? 2 });
  t.after(() => pool.close());
  const inMemoryPartMaxBytes = options.inMemoryPartMaxBytes ?? pool.inMemoryPartMaxBytes;
  const opening = streamSources({ ...pool, inMemoryPartMaxBytes }, tempFolder(t))(stream, partSizeBytes);
  t.after(async () => (await opening).close());
  return opening;
}

async function bodyOf(part: PreparedPart): Promise<Buffer> {
  const body = part.body();
  return body instanceof Uint8Array ? Buffer.from(body) : await collect(body as Readable);
}

/** Returns the spool files that this process has open. They have no name in a folder any more. */
function openSpoolFiles(): string[] {
  const all = readdirSync('/proc/self/fd').map((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`);
    } catch {
      return '';
    }
  });
  return all.filter((name) => name.includes('calve-spool'));
}

for (const [where, inMemoryPartMaxBytes] of Object.entries({ memory: 2 ** 30, 'the spool': 0 })) {
  for (const sizeBytes of [1, 2 * MIB_BYTES, 4 * MIB_BYTES, 5 * MIB_BYTES + 17]) {
    test(`a stream of ${sizeBytes} bytes comes in parts whose bytes and hashes are right, in ${where}`, async (t) => {
      const bytes = seededBytes(sizeBytes, sizeBytes);
      const source = await open(t, streamOf(chunksOf(bytes)), 2 * MIB_BYTES, {
        inMemoryPartMaxBytes,
      });
      const plan = planParts(sizeBytes, 2 * MIB_BYTES, limits);
      for (let index = 0; index < plan.partCount; index += 1) {
        const range = partRange(plan, index);
        const filled = (await source.next(neverAborted)) as BufferedPart;
        assert.equal(filled.sizeBytes, range.sizeBytes);
        const part = await filled.prepare(range, neverAborted, ['sha256']);
        const expected = bytes.subarray(range.startByte, range.endByte + 1);
        assert.equal(part.digests.sha256, sha256(expected));
        assert.equal(part.treeHash, treeHashOf(expected));
        // A hash that was not wanted is computed when it is asked for.
        assert.equal(await part.digest('md5'), createHash('md5').update(expected).digest('hex'));
        assert.equal(part.digests.md5, await part.digest('md5'));
        // A part that is sent again gives the same bytes again.
        for (let times = 0; times < 2; times += 1) assert.ok(expected.equals(await bodyOf(part)));
        part.release();
      }
      assert.equal(await source.next(neverAborted), null);
    });
  }
}

test('an empty stream has one empty part', async (t) => {
  const source = await open(t, streamOf(chunksOf(Buffer.alloc(0))), MIB_BYTES);
  assert.equal((await source.next(neverAborted))?.sizeBytes, 0);
  assert.equal(await source.next(neverAborted), null);
});

/**
 * Resolves with null when the promise is still pending after 1,000 turns of the event
 * loop. Nothing here takes longer.
 */
async function soon<T>(promise: Promise<T>): Promise<T | null> {
  let turns = 1000;
  const late = new Promise<null>((resolve) => {
    const turn = (): void => {
      turns -= 1;
      if (turns === 0) resolve(null);
      else setImmediate(turn);
    };
    turn();
  });
  return Promise.race([promise, late]);
}

test('no more parts are read ahead than there are buffers, and a released part makes room', async (t) => {
  const bytes = Buffer.alloc(20 * MIB_BYTES);
  const source = await open(t, streamOf(chunksOf(bytes)), MIB_BYTES, { concurrency: 1 });
  const filled: BufferedPart[] = [];
  let next = source.next(neverAborted);
  for (let part = await soon(next); part !== null; part = await soon(next)) {
    filled.push(part);
    next = source.next(neverAborted);
  }
  assert.ok(filled.length > 0 && filled.length <= 1 + availableParallelism(), `${filled.length} parts`);
  filled[0]?.release();
  assert.equal((await next)?.sizeBytes, MIB_BYTES);
});

test('the spool uses its files again, and closes them together with the source', {
  skip: process.platform !== 'linux',
}, async (t) => {
  const bytes = seededBytes(8 * MIB_BYTES, 8);
  const source = await open(t, streamOf(chunksOf(bytes)), MIB_BYTES, { inMemoryPartMaxBytes: 0 });
  for (let index = 0; ; index += 1) {
    const filled = await source.next(neverAborted);
    if (filled === null) break;
    const range = { index, startByte: 0, endByte: filled.sizeBytes - 1, sizeBytes: filled.sizeBytes };
    (await filled.prepare(range, neverAborted, ['sha256'])).release();
    assert.equal(openSpoolFiles().length, 1);
  }
  await source.close();
  assert.deepEqual(openSpoolFiles(), []);
});

test('a signal ends the wait for a silent writer, with the reason of the signal', async (t) => {
  const pipe = new PassThrough();
  const source = await open(
    t,
    streamOf(pipe, async () => void pipe.destroy()),
    MIB_BYTES,
  );
  pipe.write(Buffer.alloc(10));
  const stop = new AbortController();
  const next = source.next(stop.signal);
  const reason = new TransferError('stopped', { signal: 'SIGTERM' });
  setImmediate(() => stop.abort(reason));
  await assert.rejects(next, (error) => error === reason);
});

test('a stream that fails is an unreadable source', async (t) => {
  async function* broken(): AsyncGenerator<Uint8Array> {
    yield Buffer.alloc(10);
    throw new Error('EIO: a bad tape');
  }
  const source = await open(t, streamOf(broken()), MIB_BYTES);
  await assert.rejects(source.next(neverAborted), (error) => {
    assert.ok(isFailure(error, 'source'));
    assert.deepEqual([error.facts.why, error.facts.path], ['unreadable', '-']);
    return true;
  });
});

test('a rate limit applies to the parts of streams', async (t) => {
  const pool = openSourcePool({ concurrency: 1 });
  t.after(() => pool.close());
  const clock = new FakeClock();
  const openNone = async (): Promise<never> => assert.fail('no file is opened');
  const opener = { open: openNone, openStream: streamSources(pool, tempFolder(t)), close: pool.close };
  const limited = limitedOpener(opener, MIB_BYTES / 2, clock);
  const source = await limited.openStream(streamOf(chunksOf(Buffer.alloc(MIB_BYTES))), MIB_BYTES);
  t.after(() => source.close());
  const filled = (await source.next(neverAborted)) as BufferedPart;
  const range = { index: 0, startByte: 0, endByte: MIB_BYTES - 1, sizeBytes: MIB_BYTES };
  const part = await filled.prepare(range, neverAborted, ['sha256']);
  const startMs = clock.nowMs();
  assert.equal((await bodyOf(part)).length, MIB_BYTES);
  assert.ok(clock.nowMs() - startMs >= 1700, `${clock.nowMs() - startMs} ms`);
});
