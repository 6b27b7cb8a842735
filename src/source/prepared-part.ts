/** Makes parts that are ready to be sent, for files and for streams. */
import type { Readable } from 'node:stream';
import { TransferError } from '../core/failures.js';
import type { PartRange } from '../core/part-plan.js';
import type { BytesLocation, PreparedPart } from '../transfer/ports/source.js';
import type { BufferSlots, Slot } from './buffer-slots.js';
import type { PartHashes } from './hash-part.js';
import type { HashThreads } from './hash-threads.js';
import type { ByteRange } from './range-stream.js';

/** The threads and buffers that all sources of one process share. */
export interface PartResources {
  readonly threads: HashThreads;
  readonly slots: BufferSlots;
  /** The largest size of a part that is held in memory. */
  readonly inMemoryPartMaxBytes: number;
  /** True when the MD5 of every part is computed together with its other hashes. */
  readonly md5: boolean;
}

/** Bytes in shared memory, or in an open file. */
interface StoredBytes {
  /** Null only if the bytes are in memory. */
  readonly fd: number | null;
  readonly path: string;
  readonly buffer: Uint8Array | null;
}

/** Returns the place of a part, which is at the beginning of its memory, or at `startByte` of its file. */
export function locationOf(
  { fd, path, buffer }: StoredBytes,
  { startByte, sizeBytes }: ByteRange,
): BytesLocation {
  if (buffer !== null) return { kind: 'memory', bytes: buffer.subarray(0, sizeBytes) };
  return { kind: 'file', fd: fd as number, startByte, sizeBytes, path };
}

/** Returns the bytes of a location: those in memory, or a stream of the file. */
export function bodyOf(location: BytesLocation, open: () => Readable): Uint8Array | Readable {
  return location.kind === 'memory' ? location.bytes : open();
}

/**
 * Computes the MD5 of a range. Reads it once more: few parts need an MD5 that was not
 * computed with the other hashes.
 */
export async function md5Of(
  bytes: StoredBytes,
  threads: HashThreads,
  { startByte, sizeBytes }: ByteRange,
  signal: AbortSignal,
): Promise<string> {
  const { fd, path, buffer } = bytes;
  const request = { fd, path, startByte, sizeBytes, buffer, wants: 'bytes', md5: true } as const;
  return (await threads.hash(request, signal)).md5 as string;
}

/** Returns a part with its hashes, which gives its slot back when it is released. */
export function preparedPart(
  range: PartRange,
  hashes: PartHashes,
  bytes: Pick<PreparedPart, 'body' | 'location' | 'md5'>,
  slot: Slot,
): PreparedPart {
  let released = false;
  return {
    range,
    linearHash: hashes.linearHash as string,
    treeHash: hashes.treeHash,
    location: bytes.location,
    body() {
      // The memory may hold another part's bytes already.
      if (released)
        throw new TransferError('bug', { detail: `part ${range.index} was used after its release` });
      return bytes.body();
    },
    md5: () => bytes.md5(),
    release() {
      released = true;
      slot.release();
    },
  };
}
