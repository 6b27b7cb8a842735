/** Streams of the bytes of a part, for any thread. */
import { read } from 'node:fs';
import { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { TransferError } from '../../core/failures.js';
import { ownBytes } from '../../core/memory.js';
import { systemMessage } from '../../core/system-errors.js';
import type { BytesLocation } from '../../transfer/ports/source.js';

/**
 * The size of one write. Node reports no progress within a write, so a part in a single write would look stalled on a
 * slow line, and would be timed out although bytes move.
 */
export const WRITE_BYTES = 256 * 1024;

/** Counts the bytes that were handed to a connection. Another thread may read the count. */
export class SentBytes {
  readonly shared: SharedArrayBuffer;
  readonly #count: BigInt64Array;

  constructor(shared = new SharedArrayBuffer(BigInt64Array.BYTES_PER_ELEMENT)) {
    this.shared = shared;
    this.#count = new BigInt64Array(shared);
  }

  bytes(): number {
    return Number(Atomics.load(this.#count, 0));
  }

  add(bytes: number): void {
    Atomics.add(this.#count, 0, BigInt(bytes));
  }

  /** Counts the chunks of a stream. */
  count(stream: Readable): Readable {
    // Without the pause a listener would make the stream flow before the request reads it.
    stream.pause();
    return stream.on('data', (chunk: Uint8Array) => {
      this.add(chunk.length);
    });
  }
}

/** Returns a stream of bytes in memory, in pieces of one write. */
export function inSlices(bytes: Uint8Array): Readable {
  let position = 0;
  return new Readable({
    highWaterMark: WRITE_BYTES,
    read() {
      const slice = bytes.subarray(position, position + WRITE_BYTES);
      position += slice.length;
      this.push(slice.length === 0 ? null : slice);
    },
  });
}

const readAsync = promisify(read);

function unreadable(path: string, why: 'unreadable' | 'changed', detail: string): TransferError<'source'> {
  return new TransferError('source', { path, why, detail });
}

/**
 * Returns the stream of a location. Its descriptor stays open; the stream emits `close` when no read is in progress.
 * @throws TransferError `source` as the stream's error: `changed` for a file that ends too early, `unreadable`
 */
export function openLocation(location: BytesLocation): Readable {
  if (location.kind === 'memory') return inSlices(location.bytes);
  const { fd, startByte, sizeBytes, path } = location;
  const endByte = startByte + sizeBytes;
  let position = startByte;
  let reading: Promise<unknown> = Promise.resolve();
  async function readNext(): Promise<Uint8Array> {
    // New memory for each piece, because the socket may still hold the last one.
    const piece = ownBytes(Math.min(WRITE_BYTES, endByte - position));
    const { bytesRead } = await readAsync(fd, piece, 0, piece.length, position).catch((error: unknown) => {
      throw unreadable(path, 'unreadable', systemMessage(error));
    });
    if (bytesRead === 0) throw unreadable(path, 'changed', `the file ends at byte ${position}`);
    position += bytesRead;
    return piece.subarray(0, bytesRead);
  }
  return new Readable({
    highWaterMark: WRITE_BYTES,
    read() {
      if (position >= endByte) {
        this.push(null);
        return;
      }
      reading = readNext().then(
        (piece) => !this.destroyed && this.push(piece),
        (error: Error) => this.destroy(error),
      );
    },
    destroy(error, done) {
      void reading.then(() => done(error));
    },
  });
}
