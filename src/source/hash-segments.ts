/** A whole file's tree hash by all threads; memory does not grow with the file. */
import { TransferError } from '../core/failures.js';
import type { TreeHash } from '../core/tree-hash.js';
import { MIB_BYTES } from '../core/units.js';
import type { PartHashes } from './hash-part.js';
import type { HashThreads } from './hash-threads.js';
import type { OpenedFile } from './open-file.js';
import { taskScope } from './task-scope.js';
import { treeAccumulator } from './tree-accumulator.js';

/** A power of two of MiB, so that the segments' hashes are nodes of the file's own tree. */
export const SEGMENT_SIZE_BYTES = 16 * MIB_BYTES;

/**
 * The tree hash of a whole file, its segments hashed side by side.
 * @throws TransferError `source`; the signal's reason
 */
export async function hashSegments(
  file: OpenedFile,
  threads: HashThreads,
  signal: AbortSignal,
): Promise<TreeHash> {
  const work = taskScope();
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
  const options = { fd: handle.fd, path, startByte, sizeBytes, buffer: null, wants: 'tree' as const };
  return threads.hash(options, signal);
}
