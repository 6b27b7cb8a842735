/**
 * Computes the tree hash of a whole file with all threads. The memory that it
 * needs does not grow with the file.
 */
import { TransferError } from '../core/failures.js';
import type { TreeHash } from '../core/tree-hash.js';
import { MIB_BYTES } from '../core/units.js';
import type { OnRead } from '../transfer/ports/source.js';
import type { PartHashes } from './hash-part.js';
import type { HashThreads } from './hash-threads.js';
import type { OpenedFile } from './open-file.js';
import { taskScope } from './task-scope.js';
import { treeAccumulator } from './tree-accumulator.js';

/** A power of two of MiB, so that the hashes of the segments are nodes of the file's own tree. */
const SEGMENT_SIZE_BYTES = 16 * MIB_BYTES;

/**
 * Returns the tree hash of a whole file. Its segments are hashed in parallel.
 * @param onRead is called after each segment
 * @throws TransferError `source`; the signal's reason
 */
export async function hashSegments(
  file: OpenedFile,
  threads: HashThreads,
  signal: AbortSignal,
  onRead: OnRead = () => undefined,
): Promise<TreeHash> {
  const { sizeBytes } = file.fingerprint;
  let readBytes = 0;
  const tasks = taskScope();
  const pending: Promise<PartHashes>[] = [];
  try {
    const tree = treeAccumulator();
    const pushOldest = async (): Promise<void> => {
      const { tree: root } = await (pending.shift() as Promise<PartHashes>);
      tree.push(Buffer.from(root as string, 'hex'));
      readBytes = Math.min(sizeBytes, readBytes + SEGMENT_SIZE_BYTES);
      onRead(readBytes);
    };
    // An empty file has one empty segment.
    for (let startByte = 0; startByte === 0 || startByte < sizeBytes; startByte += SEGMENT_SIZE_BYTES) {
      const segment = tasks.run(signal, (taskSignal) => hashSegment(file, threads, startByte, taskSignal));
      // The failure of the oldest segment is thrown. Failures of later ones
      // must not be reported as unhandled.
      segment.catch(() => undefined);
      pending.push(segment);
      // Twice the threads: enough that no thread waits for the oldest segment, and
      // few enough to bound the memory.
      if (pending.length >= 2 * threads.count) await pushOldest();
    }
    while (pending.length > 0) await pushOldest();
    return tree.root().toString('hex');
  } finally {
    await tasks.endAll(new TransferError('bug', { detail: 'a segment before this one failed' }));
  }
}

function hashSegment(
  file: OpenedFile,
  threads: HashThreads,
  startByte: number,
  signal: AbortSignal,
): Promise<PartHashes> {
  const sizeBytes = Math.min(SEGMENT_SIZE_BYTES, file.fingerprint.sizeBytes - startByte);
  const { path, handle } = file;
  const request = { fd: handle.fd, path, startByte, sizeBytes, buffer: null, wants: ['tree'] as const };
  return threads.hash(request, signal);
}
