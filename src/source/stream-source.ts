/**
 * Bytes that come once as a source of parts: read in order, hashed in threads, kept until their part is sent, in
 * memory or, where parts are large, in the spool.
 */
import type { FileHandle } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import type { Readable } from 'node:stream';
import { TransferError } from '../core/failures.js';
import { STANDARD_INPUT_WORD } from '../core/identity.js';
import type { PartRange } from '../core/part-plan.js';
import type {
  BufferedPart,
  ByteStream,
  OpenStream,
  PreparedPart,
  StreamSource,
} from '../transfer/ports/source.js';
import type { Slot } from './buffer-slots.js';
import { sourceFailure } from './open-file.js';
import { md5Of, preparedPart } from './prepared-part.js';
import { rangeStream } from './range-stream.js';
import type { SourcePool } from './source-pool.js';
import { openSpool, spoolFailure } from './spool.js';
import { taskScope } from './task-scope.js';

/** @param directory for the parts that are not held in memory */
export function streamSources(pool: SourcePool, directory = tmpdir()): OpenStream {
  return async (stream, partSizeBytes) => streamSource(stream, partSizeBytes, pool, directory);
}

/** Where one part's bytes are: all in memory, or all in a file of the spool. */
type Place = { readonly memory: SharedArrayBuffer } | { readonly file: FileHandle };

/** Hands out a stream's bytes in pieces of any size. */
interface Pieces {
  /** The next bytes, at most so many; none at the stream's end. */
  next(maxBytes: number): Promise<Uint8Array>;
}

function piecesOf(bytes: AsyncIterable<Uint8Array>): Pieces {
  const chunks = bytes[Symbol.asyncIterator]();
  let rest: Uint8Array = new Uint8Array(0);
  return {
    async next(maxBytes) {
      while (rest.length === 0) {
        const { done, value } = await chunks.next();
        if (done === true) return rest;
        rest = value;
      }
      const piece = rest.subarray(0, maxBytes);
      rest = rest.subarray(piece.length);
      return piece;
    },
  };
}

async function nextPiece(pieces: Pieces, maxBytes: number, signal: AbortSignal): Promise<Uint8Array> {
  try {
    return await pieces.next(maxBytes);
  } catch (error) {
    signal.throwIfAborted();
    throw error instanceof TransferError ? error : sourceFailure(STANDARD_INPUT_WORD, error);
  }
}

async function keep(piece: Uint8Array, place: Place, position: number): Promise<void> {
  if ('memory' in place) {
    new Uint8Array(place.memory).set(piece, position);
    return;
  }
  for (let at = 0; at < piece.length; ) {
    const { bytesWritten } = await place.file.write(piece, at, piece.length - at, position + at);
    at += bytesWritten;
  }
}

function streamSource(
  stream: ByteStream,
  partSizeBytes: number,
  pool: SourcePool,
  directory: string,
): StreamSource {
  const { slots, inMemoryPartMaxBytes } = pool;
  const pieces = piecesOf(stream.bytes);
  const spool = openSpool(directory);
  const preparing = streamPreparing(pool);
  let count = 0;
  let ended = false;
  let closing: Promise<void> | null = null;

  /** @returns how many bytes there were: fewer than a part has only at the stream's end */
  async function fill(place: Place, signal: AbortSignal): Promise<number> {
    let filled = 0;
    while (filled < partSizeBytes) {
      const piece = await nextPiece(pieces, partSizeBytes - filled, signal);
      signal.throwIfAborted();
      if (piece.length === 0) {
        ended = true;
        break;
      }
      await keep(piece, place, filled).catch((error: unknown) => {
        throw spoolFailure(directory, error);
      });
      filled += piece.length;
    }
    return filled;
  }

  function bufferedPart(place: Place, slot: Slot, sizeBytes: number): BufferedPart {
    const release = once(() => {
      if ('file' in place) spool.giveBack(place.file);
      slot.release();
    });
    return {
      sizeBytes,
      release,
      prepare: (range, signal) =>
        preparing.prepare(range, place, { ...slot, release }, signal).catch((error: unknown) => {
          release();
          throw error;
        }),
    };
  }

  async function next(signal: AbortSignal): Promise<BufferedPart | null> {
    if (ended) return null;
    const slot = await slots.take(signal);
    // Whoever writes may be silent for hours; ended, the reading comes back.
    const stop = (): void => void stream.close();
    signal.addEventListener('abort', stop, { once: true });
    try {
      const isHeld = partSizeBytes <= inMemoryPartMaxBytes;
      const place = isHeld ? { memory: slot.buffer(partSizeBytes) } : { file: await spool.take() };
      const part = bufferedPart(place, slot, await fill(place, signal));
      count += 1;
      if (part.sizeBytes > 0 || count === 1) return part;
      part.release();
      return null;
    } catch (error) {
      slot.release();
      throw error;
    } finally {
      signal.removeEventListener('abort', stop);
    }
  }

  async function closeWhenQuiet(): Promise<void> {
    await stream.close();
    await preparing.end();
    await spool.close();
  }

  return {
    next,
    confirmEnd: (signal) => stream.confirmEnd(signal),
    close() {
      closing ??= closeWhenQuiet();
      return closing;
    },
  };
}

/** Hashes what is here, and gives bodies of it. */
function streamPreparing({ threads, md5 }: SourcePool) {
  const work = taskScope();
  const bodies = new Set<Readable>();

  function bodyOf(place: Place, sizeBytes: number): Buffer | Readable {
    if ('memory' in place) return Buffer.from(place.memory, 0, sizeBytes);
    const body = rangeStream(place.file, STANDARD_INPUT_WORD, { startByte: 0, sizeBytes });
    bodies.add(body);
    body.once('close', () => bodies.delete(body));
    return body;
  }

  function prepare(range: PartRange, where: Place, slot: Slot, signal: AbortSignal): Promise<PreparedPart> {
    const { sizeBytes } = range;
    const bytes = {
      fd: 'file' in where ? where.file.fd : null,
      path: STANDARD_INPUT_WORD,
      buffer: 'memory' in where ? where.memory : null,
    };
    const own = { startByte: 0, sizeBytes };
    return work.run(signal, async (either) => {
      const hashes = await threads.hash({ ...bytes, ...own, wants: 'both', md5 }, either);
      either.throwIfAborted();
      const body = () => bodyOf(where, sizeBytes);
      const digest = async (): Promise<string> =>
        hashes.md5 ?? work.run(signal, (ended) => md5Of(bytes, threads, own, ended));
      return preparedPart(range, hashes, { body, md5: digest }, slot);
    });
  }

  async function end(): Promise<void> {
    await work.endAll(new TransferError('bug', { detail: 'the stream was closed' }));
    const quiet = [...bodies].map((body) => new Promise((resolve) => body.once('close', resolve)));
    for (const body of bodies) body.destroy();
    await Promise.all(quiet);
  }

  return { prepare, end };
}

function once(act: () => void): () => void {
  let done = false;
  return () => {
    if (done) return;
    done = true;
    act();
  };
}
