import assert from 'node:assert/strict';
import { createReadStream } from 'node:fs';
import { PassThrough, Readable } from 'node:stream';
import { ReadableStream, type UnderlyingSource } from 'node:stream/web';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { hash, resume, type Source, upload, verify } from '../../src/library/index.js';
import { MIB_BYTES, openBench, rejection, TARGET } from './support.js';

/** A test fails if an error of a stream is not handled: the runner reports it as the error of the test. */

const broken = (): Readable => createReadStream('/nonexistent/stream');

function destroyedSoon(error?: Error): PassThrough {
  const stream = new PassThrough();
  setTimeout(() => stream.destroy(error), 1);
  return stream;
}

function failedBefore(): Readable {
  const stream = new Readable({ read: () => undefined });
  stream.on('error', () => undefined);
  stream.destroy(new Error('boom'));
  return stream;
}

async function* throwing(): AsyncGenerator<Uint8Array> {
  yield Buffer.alloc(MIB_BYTES);
  throw new Error('boom');
}

const webStream = (source: UnderlyingSource<Uint8Array>): ReadableStream<Uint8Array> =>
  new ReadableStream(source);

/** The iterator of `readable-stream` 3 ends like that, also for a stream that failed or was closed early. */
function endedQuietly(stream: Readable): Readable {
  stream[Symbol.asyncIterator] = async function* (): AsyncGenerator<Uint8Array, undefined> {
    yield Buffer.alloc(2 * MIB_BYTES);
    await sleep(5);
    return undefined;
  };
  return stream;
}

const FAILING: readonly [name: string, open: () => Source, cause: RegExp][] = [
  ['a file that is missing', broken, /ENOENT: no such file or directory, open/],
  ['a stream that is destroyed with an error', () => destroyedSoon(new Error('boom')), /^boom$/],
  ['a stream that is destroyed without one', destroyedSoon, /Premature close/],
  ['a stream that failed before', failedBefore, /^boom$/],
  ['an iterable that throws', throwing, /^boom$/],
  [
    'an iterable that cannot be opened',
    () => ({
      [Symbol.asyncIterator]: () => {
        throw new Error('boom');
      },
    }),
    /^boom$/,
  ],
  ['a web stream', () => webStream({ start: (c) => c.error(new Error('boom')) }), /^boom$/],
  [
    'a web stream that fails late',
    () => webStream({ pull: () => Promise.reject(new Error('boom')) }),
    /^boom$/,
  ],
  ['a stream whose iterator hides its error', () => endedQuietly(destroyedSoon(new Error('boom'))), /^boom$/],
  [
    'a stream whose iterator hides its early end',
    () => endedQuietly(destroyedSoon()),
    /closed before its end/,
  ],
];

describe('A stream that fails', { concurrency: 2 }, () => {
  test('ends the call with its own error as the cause, and never the process', async (t) => {
    const { place } = await openBench(t);
    const options = { ...place, name: 'q', partSize: MIB_BYTES };
    for (const [name, open, cause] of FAILING) {
      const calls = [() => upload(open(), TARGET, options), () => hash(open(), place)];
      for (const call of calls) {
        const error = await rejection(call());
        assert.equal(error.kind, 'source', `${name}: ${error.message}`);
        assert.match((error.cause as Error).message, cause, name);
        assert.match(error.message, /^the stream failed: /, name);
        assert.equal(error.hint, 'check why its writer failed', name);
      }
    }
  });

  test('is closed by a call that is refused before it reads, and does no harm', async (t) => {
    const { place } = await openBench(t);
    const stopped = AbortSignal.abort();
    const refused: readonly ((source: Source) => Promise<unknown>)[] = [
      (source) => upload(source, TARGET, { ...place, partSize: '3M' }),
      (source) => upload(source, TARGET, { ...place, nonsense: 1 } as never),
      (source) => upload(source, 'photos', place),
      (source) => upload(source, TARGET, { ...place, signal: stopped }),
      (source) => hash(source, { ...place, partSize: '3M' } as never),
      (source) => hash(source, { signal: stopped }),
      (source) => resume(source as never, place),
      (source) => resume(source, TARGET, { ...place, uploadId: 'a', partSize: '3M' }),
      (source) => resume(source, TARGET, { ...place, uploadId: 'unknown' }),
      (source) => verify(source as never, place),
    ];
    for (const call of refused) {
      const stream = broken();
      const late = new Readable({ read: () => undefined, destroy: (_, done) => done(new Error('late')) });
      let isCancelled = false;
      const web = webStream({
        cancel: () => {
          isCancelled = true;
          throw new Error('late');
        },
      });
      const errors = await Promise.all(
        [stream, late, web].map((source) => rejection(call(source as Source))),
      );
      for (const { kind, message } of errors) {
        assert.ok(['usage', 'stopped', 'not-found', 'busy', 'source'].includes(kind), `${kind}: ${message}`);
      }
      assert.deepEqual([stream.destroyed, late.destroyed, isCancelled], [true, true, true], String(call));
    }
    await sleep(5);
  });

  test('while a call that was stopped closes it, does no harm', async (t) => {
    const { place } = await openBench(t);
    const silent = new Readable({ read: () => undefined, destroy: (_, done) => done(new Error('late')) });
    const stop = new AbortController();
    const call = upload(silent, TARGET, { ...place, signal: stop.signal });
    setTimeout(() => stop.abort(), 20);
    assert.equal((await rejection(call)).kind, 'stopped');
    await sleep(5);
    assert.equal(silent.destroyed, true);
  });
});

test('a stream that another reader has locked is refused', async () => {
  const web = webStream({});
  web.getReader();
  assert.match((await rejection(hash(web))).message, /^source: another reader has locked the stream/);
});

test('a stream that is given to many calls gets one listener', async () => {
  const stream = new PassThrough();
  for (let i = 0; i < 12; i += 1) {
    assert.equal((await rejection(hash(stream, { nonsense: 1 } as never))).kind, 'usage');
  }
  assert.equal(stream.listenerCount('error'), 1);
});
