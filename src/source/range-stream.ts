/** A range of an open file as a stream: for parts that are too large to be held in memory. */
import type { FileHandle } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { TransferError } from '../core/failures.js';
import type { PartRange } from '../core/part-plan.js';
import { sourceFailure } from './open-file.js';

const CHUNK_SIZE_BYTES = 512 * 1024;

export type ByteRange = Pick<PartRange, 'startByte' | 'sizeBytes'>;

async function readChunk(
  handle: FileHandle,
  path: string,
  position: number,
  sizeBytes: number,
): Promise<Buffer> {
  // New memory for each chunk, because the socket may still hold the last one.
  const chunk = Buffer.allocUnsafe(Math.min(CHUNK_SIZE_BYTES, sizeBytes));
  const { bytesRead } = await handle.read(chunk, 0, chunk.length, position).catch((error: unknown) => {
    throw sourceFailure(path, error);
  });
  if (bytesRead === 0) {
    throw new TransferError('source', { path, why: 'changed', detail: `the file ends at byte ${position}` });
  }
  return chunk.subarray(0, bytesRead);
}

/**
 * Exactly `range.sizeBytes`, or an error: never fewer. Leaves the file open; `close` is emitted only when no read is
 * under way any more, so that the descriptor may then be closed.
 * @throws TransferError `source` as the stream's error: `changed` for a file that ends too early, `unreadable`
 */
export function rangeStream(handle: FileHandle, path: string, range: ByteRange): Readable {
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
