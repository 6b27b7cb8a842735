/** Reads a stream in pieces of any size. */
import { TransferError } from '../core/failures.js';
import { streamFailure } from './open-file.js';

export interface ByteReader {
  /**
   * Returns the next bytes, at most `maxBytes`, and an empty array at the end of the stream.
   * @throws TransferError `source` `unreadable` when the stream fails; the signal's reason
   */
  read(maxBytes: number, signal: AbortSignal): Promise<Uint8Array>;
}

export function byteReader(bytes: AsyncIterable<Uint8Array>): ByteReader {
  const chunks = bytes[Symbol.asyncIterator]();
  let rest: Uint8Array = new Uint8Array(0);

  async function next(maxBytes: number): Promise<Uint8Array> {
    while (rest.length === 0) {
      const { done, value } = await chunks.next();
      if (done === true) return rest;
      rest = value;
    }
    const piece = rest.subarray(0, maxBytes);
    rest = rest.subarray(piece.length);
    return piece;
  }

  return {
    async read(maxBytes, signal) {
      try {
        return await next(maxBytes);
      } catch (error) {
        signal.throwIfAborted();
        throw error instanceof TransferError ? error : streamFailure(error);
      }
    },
  };
}
