/** Bytes that a program gives, as the stream that an upload reads. */

import { fileURLToPath } from 'node:url';
import { types } from 'node:util';
import { onAbort } from '../core/abort-signals.js';
import { cleanUp } from '../core/clean-up.js';
import { TransferError } from '../core/failures.js';
import type { ByteStream } from '../transfer/ports/source.js';
import type { Source } from './options.js';
import { failureOf } from './taken-source.js';

function refused(why: string): TransferError<'usage'> {
  const hint =
    'a source is a path, a file: URL, a Uint8Array, a stream, or an async iterable of bytes or text';
  return new TransferError('usage', { what: 'source', why, hint });
}

/** @returns the path of a file; null: the source is bytes */
export function pathOf(source: Source): string | null {
  if (typeof source === 'string') {
    if (source === '') throw refused('it names no file');
    return source;
  }
  // A test runner may have a URL class of its own.
  const { href, protocol } = Object(source ?? {}) as Partial<URL>;
  if (typeof href !== 'string' || typeof protocol !== 'string') return null;
  if (protocol !== 'file:') throw refused(`${protocol} is not the protocol of a file`);
  return fileURLToPath(href);
}

/**
 * @param signal ends the reading, also while the program gives nothing
 * @throws TransferError `usage` for anything that has no bytes
 */
export function byteStreamOf(source: Source, signal: AbortSignal): ByteStream {
  return streamOf(chunksIn(source), signal);
}

type Chunks = Pick<AsyncIterator<Uint8Array | string>, 'next'> & {
  /** Tells the program that nobody reads any more. */
  end(): unknown;
};

interface AnyStream extends AsyncIterable<Uint8Array | string> {
  /** A stream of Node has it. */
  destroy(): unknown;
  /** A web stream has it. */
  getReader(): { read(): Promise<unknown>; cancel(): Promise<unknown> };
  readonly locked: boolean;
}

/** While a chunk is awaited, only a stream's own method ends the reading: `return` of an iterator would wait for it. */
function chunksIn(source: Source): Chunks {
  const {
    destroy,
    getReader,
    locked,
    [Symbol.asyncIterator]: open,
  } = Object(source ?? {}) as Partial<AnyStream>;
  if (types.isUint8Array(source)) return chunksOf(() => once(source), source);
  if (typeof getReader === 'function') {
    if (locked === true) throw refused('another reader has locked the stream');
    const reader = getReader.call(source);
    const next = async () => (await reader.read()) as IteratorResult<Uint8Array>;
    return { next, end: () => reader.cancel() };
  }
  if (typeof open !== 'function') throw refused('it is neither a file nor a stream of bytes');
  const chunks = chunksOf(() => open.call(source), source);
  return typeof destroy === 'function' ? { ...chunks, end: () => destroy.call(source) } : chunks;
}

function chunksOf(open: () => AsyncIterator<Uint8Array | string>, source: Source): Chunks {
  let iterator: AsyncIterator<Uint8Array | string> | null = null;
  return {
    async next() {
      iterator ??= open();
      const result = await iterator.next();
      const failure = result.done === true ? failureOf(source) : null;
      if (failure !== null) throw failure.error;
      return result;
    },
    end: () => iterator?.return?.(),
  };
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

function streamOf(chunks: Chunks, signal: AbortSignal): ByteStream {
  let isDone = false;
  let closing: Promise<void> | null = null;

  async function* read(): AsyncGenerator<Uint8Array> {
    for (;;) {
      const { done, value } = await untilAborted(chunks.next(), signal).catch((error: unknown) => {
        // An iterator that failed has ended.
        if (!signal.aborted) isDone = true;
        throw error;
      });
      if (done === true) {
        isDone = true;
        return;
      }
      yield bytesOf(value);
    }
  }

  /** The program may take its time, which the call does not wait for. */
  async function end(): Promise<void> {
    if (!isDone) void cleanUp(() => chunks.end());
  }

  return {
    bytes: read(),
    confirmEnd: async () => undefined,
    close() {
      closing ??= end();
      return closing;
    },
  };
}

/** A race with the signal would keep a reaction on it for each chunk. */
function untilAborted<T>(next: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) reject(signal.reason);
    const stopListening = onAbort(signal, () => reject(signal.reason));
    next.then(resolve, reject).finally(stopListening);
  });
}

function bytesOf(chunk: unknown): Uint8Array {
  if (typeof chunk === 'string') return Buffer.from(chunk);
  if (types.isUint8Array(chunk)) return chunk;
  throw refused(`a chunk is ${chunk === null ? 'null' : `of type ${typeof chunk}`}, and not bytes`);
}
