/** Tree hashes of whole files and of streams, where no service asks for them. */
import { createHash } from 'node:crypto';
import { addAbortSignal, type Readable } from 'node:stream';
import { TransferError } from '../core/failures.js';
import { compareFingerprints } from '../core/fingerprint.js';
import { LEAF_SIZE_BYTES, type TreeHash } from '../core/tree-hash.js';
import { MIB_BYTES } from '../core/units.js';
import { threadCount } from './file-source.js';
import type { PartHashes } from './hash-part.js';
import { type HashThreads, hashThreads } from './hash-threads.js';
import { linkedWork } from './linked-work.js';
import { fingerprintOf, type OpenedFile, openFile, sourceFailure } from './open-file.js';
import { rangeStream } from './range-stream.js';
import { treeAccumulator } from './tree-accumulator.js';

/** A power of two of MiB, so that the segments' hashes are nodes of the file's own tree. */
const SEGMENT_SIZE_BYTES = 16 * MIB_BYTES;

export interface HashedBytes {
  readonly sizeBytes: number;
  readonly treeHash: TreeHash;
}

/**
 * Hashes a file with all processors; memory does not grow with the file.
 * @throws TransferError `source`: missing, unreadable, not-regular, or changed while it was read
 */
export async function hashFile(path: string, signal: AbortSignal): Promise<HashedBytes> {
  const file = await openFile(path);
  const sizeBytes = Number(file.stats.size);
  try {
    // A small file is done before a thread has started.
    const isSmall = sizeBytes <= SEGMENT_SIZE_BYTES;
    const treeHash = isSmall ? await hashSmallFile(file, signal) : await hashSegments(file, signal);
    const now = fingerprintOf(await file.handle.stat({ bigint: true }));
    if (compareFingerprints(fingerprintOf(file.stats), now) === 'changed') {
      throw new TransferError('source', { path: file.path, why: 'changed', detail: null });
    }
    return { sizeBytes, treeHash };
  } finally {
    await file.handle.close();
  }
}

async function hashSmallFile(file: OpenedFile, signal: AbortSignal): Promise<TreeHash> {
  const stream = rangeStream(file.handle, file.path, { startByte: 0, sizeBytes: Number(file.stats.size) });
  return (await hashStream(stream, signal)).treeHash;
}

async function hashSegments(file: OpenedFile, signal: AbortSignal): Promise<TreeHash> {
  const threads = hashThreads(threadCount(Number.POSITIVE_INFINITY));
  const work = linkedWork();
  const pending: Promise<PartHashes>[] = [];
  try {
    const tree = treeAccumulator();
    const pushOldest = async (): Promise<void> => {
      const { treeHash } = await (pending.shift() as Promise<PartHashes>);
      tree.push(Buffer.from(treeHash, 'hex'));
    };
    for (let startByte = 0; startByte < Number(file.stats.size); startByte += SEGMENT_SIZE_BYTES) {
      const segment = work.run(signal, (either) => hashSegment(file, threads, startByte, either));
      // The first failure is thrown when its turn comes; those behind it must not count as unhandled meanwhile.
      segment.catch(() => undefined);
      pending.push(segment);
      // Twice the threads: enough that none waits for the oldest, few enough that memory stays the same.
      if (pending.length >= 2 * threads.count) await pushOldest();
    }
    while (pending.length > 0) await pushOldest();
    return tree.root().toString('hex');
  } finally {
    await work.endAll(new TransferError('bug', { detail: 'a segment before this one failed' }));
    await threads.close();
  }
}

function hashSegment(
  file: OpenedFile,
  threads: HashThreads,
  startByte: number,
  signal: AbortSignal,
): Promise<PartHashes> {
  const sizeBytes = Math.min(SEGMENT_SIZE_BYTES, Number(file.stats.size) - startByte);
  const { path, handle } = file;
  const wish = { fd: handle.fd, path, startByte, sizeBytes, buffer: null, wantsLinear: false };
  return threads.hash(wish, signal);
}

/**
 * Hashes what a stream gives, in chunks of any size, to its end.
 * @throws TransferError `source` `unreadable` when the stream fails; the signal's reason
 */
export async function hashStream(readable: Readable, signal: AbortSignal): Promise<HashedBytes> {
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
      }
    }
  }
  // The empty input has one empty leaf, so that its hash is the published one.
  if (sizeBytes === 0 || sizeBytes % LEAF_SIZE_BYTES !== 0) tree.push(leaf.digest());
  return { sizeBytes, treeHash: tree.root().toString('hex') };
}

async function* chunksOf(readable: Readable, signal: AbortSignal): AsyncIterable<Buffer> {
  try {
    yield* readable;
  } catch (error) {
    signal.throwIfAborted();
    throw error instanceof TransferError ? error : sourceFailure('-', error);
  }
}
