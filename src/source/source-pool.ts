/** Opens files and streams whose parts share hashing threads and buffers. */
import { GIB_BYTES, MIB_BYTES } from '../core/units.js';
import type { OpenSource, OpenStream } from '../transfer/ports/source.js';
import { bufferSlots } from './buffer-slots.js';
import { fileSources } from './file-source.js';
import { hashThreads, threadCount } from './hash-threads.js';
import type { PartResources } from './prepared-part.js';
import { streamSources } from './stream-source.js';

/** Larger parts are read twice (hashed, then streamed), so that memory is bounded for any part size … */
export const IN_MEMORY_PART_MAX_BYTES = 64 * MIB_BYTES;
/** … and for any number of lanes. */
const IN_MEMORY_TOTAL_MAX_BYTES = GIB_BYTES;

interface SourcePoolOptions {
  /** The number of lanes that hold prepared parts at the same time. */
  readonly concurrency: number;
  /** The largest number of hashing threads; default: the number of processors. */
  readonly threads?: number;
}

interface SourcePool extends PartResources {
  /** Ends the hashing threads. The sources must be closed before. */
  close(): Promise<void>;
}

export function openSourcePool(options: SourcePoolOptions): SourcePool {
  const threads = hashThreads(threadCount(options.concurrency, options.threads));
  // One slot for each lane that sends, and one for each thread that works ahead of the lanes.
  const slotCount = options.concurrency + threads.count;
  return {
    threads,
    slots: bufferSlots(slotCount),
    inMemoryPartMaxBytes: Math.min(IN_MEMORY_PART_MAX_BYTES, IN_MEMORY_TOTAL_MAX_BYTES / slotCount),
    close: () => threads.close(),
  };
}

export interface SourceOpener {
  readonly open: OpenSource;
  readonly openStream: OpenStream;
  /** Ends the hashing threads. The sources must be closed before. */
  close(): Promise<void>;
}

/** Opens files and streams with a pool of their own. The threads start with the first part. */
export function sourceOpener(options: SourcePoolOptions): SourceOpener {
  const pool = openSourcePool(options);
  return { open: fileSources(pool), openStream: streamSources(pool), close: () => pool.close() };
}
