/** Computes the tree hashes of whole files and of streams, without a service. */
import { createHash } from 'node:crypto';
import { addAbortSignal, type Readable } from 'node:stream';
import { cleanUp } from '../core/clean-up.js';
import { TransferError } from '../core/failures.js';
import { LEAF_SIZE_BYTES, type TreeHash } from '../core/tree-hash.js';
import type { OnRead } from '../transfer/ports/source.js';
import { hashSegments } from './hash-segments.js';
import { hashThreads } from './hash-threads.js';
import { compareByHandle, type OpenedFile, openFile, streamFailure } from './open-file.js';
import { threadCount } from './pool-size.js';
import { treeAccumulator } from './tree-accumulator.js';

export interface HashedBytes {
  readonly sizeBytes: number;
  readonly treeHash: TreeHash;
}

/**
 * Hashes a file with all processors. The memory that it needs does not grow with the file.
 * @throws TransferError `source`: missing, unreadable, not-regular, or changed while it was read
 */
export async function hashFile(
  path: string,
  signal: AbortSignal,
  onRead?: (readBytes: number, totalBytes: number) => void,
): Promise<HashedBytes> {
  const file = await openFile(path);
  const { sizeBytes } = file.fingerprint;
  try {
    const treeHash = await treeHashOf(file, signal, (readBytes) => onRead?.(readBytes, sizeBytes));
    if ((await compareByHandle(file)) === 'changed') {
      throw new TransferError('source', { path: file.path, why: 'changed', detail: null });
    }
    return { sizeBytes, treeHash };
  } finally {
    await cleanUp(() => file.handle.close());
  }
}

async function treeHashOf(file: OpenedFile, signal: AbortSignal, onRead: OnRead): Promise<TreeHash> {
  const threads = hashThreads(threadCount(Number.POSITIVE_INFINITY));
  try {
    return await hashSegments(file, threads, signal, onRead);
  } finally {
    await cleanUp(() => threads.close());
  }
}

/**
 * Hashes a stream, which may have chunks of any size, to its end.
 * @throws TransferError `source` `unreadable` when the stream fails; the signal's reason
 */
export async function hashStream(
  readable: Readable,
  signal: AbortSignal,
  onRead: OnRead = () => undefined,
): Promise<HashedBytes> {
  addAbortSignal(signal, readable);
  const tree = treeAccumulator();
  let sizeBytes = 0;
  let leaf = createHash('sha256');
  for await (const chunk of chunksOf(readable, signal)) {
    for (let offset = 0; offset < chunk.length; ) {
      const missing = LEAF_SIZE_BYTES - (sizeBytes % LEAF_SIZE_BYTES);
      const piece = chunk.subarray(offset, offset + missing);
      leaf.update(piece);
      offset += piece.length;
      sizeBytes += piece.length;
      if (piece.length === missing) {
        tree.push(leaf.digest());
        leaf = createHash('sha256');
        onRead(sizeBytes);
      }
    }
  }
  // An empty input has one empty leaf, so that its hash is the published one.
  if (sizeBytes === 0 || sizeBytes % LEAF_SIZE_BYTES !== 0) tree.push(leaf.digest());
  return { sizeBytes, treeHash: tree.root().toString('hex') };
}

async function* chunksOf(readable: Readable, signal: AbortSignal): AsyncIterable<Buffer> {
  try {
    yield* readable;
  } catch (error) {
    signal.throwIfAborted();
    throw error instanceof TransferError ? error : streamFailure(error);
  }
}
