/** Makes parts that are ready to be sent, for files and for streams. */
import type { Readable } from 'node:stream';
import { TransferError } from '../core/failures.js';
import type { PartRange } from '../core/part-plan.js';
import type { BytesLocation, PartHash, PreparedPart } from '../transfer/ports/source.js';
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

/** Computes one hash that was not wanted when the part was read, from its memory or its file. Few parts need one. */
export async function digestOf(
  { range, fd, path, buffer }: StoredBytes & { readonly range: ByteRange },
  hash: PartHash,
  threads: HashThreads,
  signal: AbortSignal,
): Promise<string> {
  const { startByte, sizeBytes } = range;
  // Memory has the bytes already, and may be read for a request just now.
  const readFrom = buffer === null ? fd : null;
  const request = { fd: readFrom, path, startByte, sizeBytes, buffer, wants: [hash] };
  const hashes = await threads.hash(request, signal);
  return hashes[hash] as string;
}

/** Returns a part with its hashes, which gives its slot back when it is released. */
export function preparedPart(
  range: PartRange,
  { tree, ...known }: PartHashes,
  bytes: Pick<PreparedPart, 'body' | 'location' | 'digest' | 'assertUnchanged'>,
  slot: Slot,
): PreparedPart {
  let released = false;
  const digests: { [H in PartHash]?: string } = { ...known };
  return {
    range,
    treeHash: tree as string,
    digests,
    location: bytes.location,
    assertUnchanged: bytes.assertUnchanged,
    body() {
      // The memory may hold another part's bytes already.
      if (released)
        throw new TransferError('bug', { detail: `part ${range.index} was used after its release` });
      return bytes.body();
    },
    async digest(hash) {
      digests[hash] ??= await bytes.digest(hash);
      return digests[hash];
    },
    release() {
      released = true;
      slot.release();
    },
  };
}
