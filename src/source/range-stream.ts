/** Reads a range of an open file as a stream, for parts that are too large to be held in memory. */
import type { FileHandle } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { TransferError } from '../core/failures.js';
import { ownBytes } from '../core/memory.js';
import type { PartRange } from '../core/part-plan.js';
import { sourceFailure } from './open-file.js';

const CHUNK_SIZE_BYTES = 512 * 1024;

export type ByteRange = Pick<PartRange, 'startByte' | 'sizeBytes'>;

async function readChunk(
  handle: FileHandle,
  path: string,
  position: number,
  sizeBytes: number,
): Promise<Uint8Array> {
  // New memory for each chunk, because the socket may still hold the last one.
  const chunk = ownBytes(Math.min(CHUNK_SIZE_BYTES, sizeBytes));
  const { bytesRead } = await handle.read(chunk, 0, chunk.length, position).catch((error: unknown) => {
    throw sourceFailure(path, error);
  });
  if (bytesRead === 0) {
    throw new TransferError('source', { path, why: 'changed', detail: `the file ends at byte ${position}` });
  }
  return chunk.subarray(0, bytesRead);
}

/**
 * Returns a stream of exactly `range.sizeBytes`, which fails when there are fewer. Leaves the file open.
 * Emits `close` only when no read is in progress any more, so that the descriptor can be closed then.
 * @throws TransferError `source` as the stream's error: `changed` for a file
 * that ends too early, `unreadable`
 */
function rangeStream(handle: FileHandle, path: string, range: ByteRange): Readable {
  let position = range.startByte;
  const endByte = range.startByte + range.sizeBytes;
  let reading: Promise<unknown> = Promise.resolve();
  return new Readable({
    highWaterMark: CHUNK_SIZE_BYTES,
    read() {
      if (position >= endByte) {
        this.push(null);
        return;
      }
      reading = readChunk(handle, path, position, endByte - position).then(
        (chunk) => {
          position += chunk.length;
          if (!this.destroyed) this.push(chunk);
        },
        (error: Error) => this.destroy(error),
      );
    },
    destroy(error, done) {
      void reading.then(() => done(error));
    },
  });
}

/** The range streams of one source, which must be closed before the descriptor that they read. */
export interface RangeStreams {
  /** Opens a stream: see rangeStream. */
  open(handle: FileHandle, path: string, range: ByteRange): Readable;
  /** Destroys the streams that are still open, and resolves when none of them reads any more. */
  destroyAll(): Promise<void>;
}

export function rangeStreams(): RangeStreams {
  const streams = new Set<Readable>();
  return {
    open(handle, path, range) {
      const stream = rangeStream(handle, path, range);
      streams.add(stream);
      stream.once('close', () => streams.delete(stream));
      return stream;
    },
    async destroyAll() {
      const closed = [...streams].map((stream) => new Promise((resolve) => stream.once('close', resolve)));
      for (const stream of streams) stream.destroy();
      await Promise.all(closed);
    },
  };
}
