/** The sizes of what the sources of one process share. Kept apart, so that a dry run loads no threads. */
import { availableParallelism } from 'node:os';
import { GIB_BYTES, MIB_BYTES } from '../core/units.js';

/** Larger parts are read twice (hashed, then streamed), so that memory is bounded for any part size … */
export const IN_MEMORY_PART_MAX_BYTES = 64 * MIB_BYTES;
/** … and for any number of lanes. */
const IN_MEMORY_TOTAL_MAX_BYTES = GIB_BYTES;

export interface SourcePoolOptions {
  /** The number of lanes that hold prepared parts at the same time. */
  readonly concurrency: number;
  /** The largest number of hashing threads; default: the number of processors. */
  readonly threads?: number;
}

/** Returns how many hashing threads serve `concurrency` lanes: more threads than processors would only take turns. */
export function threadCount(concurrency: number, processors = availableParallelism()): number {
  return Math.min(processors, concurrency);
}

/** Returns one slot for each lane that sends, and one for each thread that works ahead of the lanes. */
export function slotCount({ concurrency, threads }: SourcePoolOptions): number {
  return concurrency + threadCount(concurrency, threads);
}

/** Returns the largest size of a part that is held in memory. */
export function inMemoryPartMaxBytes(options: SourcePoolOptions): number {
  return Math.min(IN_MEMORY_PART_MAX_BYTES, Math.floor(IN_MEMORY_TOTAL_MAX_BYTES / slotCount(options)));
}
