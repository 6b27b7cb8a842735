/** Measures the room for the large parts of streams, before a run needs it. */
import { statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { cleanUp } from '../core/clean-up.js';
import { TransferError } from '../core/failures.js';
import type { SpoolSpace } from '../transfer/ports/source.js';
import { IN_MEMORY_PART_MAX_BYTES } from './pool-size.js';
import { openSpool, spoolFailure } from './spool.js';

/**
 * Creates a file as a stream does, and reads how much room is left.
 * @throws TransferError `state` (`no-spool`, `system`)
 */
export async function measureSpool(path = tmpdir()): Promise<SpoolSpace> {
  const spool = openSpool(path);
  try {
    await spool.take();
    const { bavail, bsize } = await statfs(path);
    return { path, freeBytes: bavail * bsize, inMemoryPartMaxBytes: IN_MEMORY_PART_MAX_BYTES };
  } catch (error) {
    throw error instanceof TransferError ? error : spoolFailure(path, error);
  } finally {
    await cleanUp(() => spool.close());
  }
}
