/** What everything that is read in one process shares: the hashing threads, and the memory of the parts. */
import { GIB_BYTES, MIB_BYTES } from '../core/units.js';
import { type BufferSlots, bufferSlots } from './buffer-slots.js';
import { type HashThreads, hashThreads, threadCount } from './hash-threads.js';

/** Larger parts are read twice (hashed, then streamed), so that memory stays the same at any part size … */
const IN_MEMORY_PART_MAX_BYTES = 64 * MIB_BYTES;
/** … and at any number of lanes. */
const IN_MEMORY_TOTAL_MAX_BYTES = GIB_BYTES;

export interface SourcePoolOptions {
  /** Lanes that hold prepared parts at once. */
  readonly concurrency: number;
  /** Whether every part's MD5 will be asked for: then it is computed in the same pass as the other hashes. */
  readonly md5?: boolean;
}

export interface SourcePool {
  readonly threads: HashThreads;
  readonly slots: BufferSlots;
  /** Up to this size a part is held in memory. */
  readonly inMemoryPartMaxBytes: number;
  readonly md5: boolean;
  /** Ends the hashing threads. Sources are closed before. */
  close(): Promise<void>;
}

export function openSourcePool(options: SourcePoolOptions): SourcePool {
  const threads = hashThreads(threadCount(options.concurrency));
  // One for each lane that sends, and one for each thread that works ahead of them.
  const slotCount = options.concurrency + threads.count;
  return {
    threads,
    slots: bufferSlots(slotCount),
    inMemoryPartMaxBytes: Math.min(IN_MEMORY_PART_MAX_BYTES, IN_MEMORY_TOTAL_MAX_BYTES / slotCount),
    md5: options.md5 === true,
    close: () => threads.close(),
  };
}
