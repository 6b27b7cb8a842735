/**
 * Runs in a hashing thread: does one job at a time, and answers with its hashes or
 * with the reason of its failure.
 */
import { parentPort } from 'node:worker_threads';
import { LEAF_SIZE_BYTES } from '../core/tree-hash.js';
import { CancelledError, type HashJob, hashPart, type PartHashes, ShortFileError } from './hash-part.js';

/** Errors lose their class when they are sent between threads, so the failure is sent as data. */
export type HashAnswer =
  | { readonly hashes: PartHashes }
  | { readonly failure: 'short' | 'cancelled' | 'unreadable'; readonly detail: string };

const scratch = new Uint8Array(LEAF_SIZE_BYTES);

function answer(job: HashJob): HashAnswer {
  try {
    return { hashes: hashPart(job, scratch) };
  } catch (error) {
    if (error instanceof ShortFileError) return { failure: 'short', detail: error.message };
    if (error instanceof CancelledError) return { failure: 'cancelled', detail: '' };
    // A failed system call is a problem of the file. Anything else is a bug, and
    // must not look like a bad disk.
    if (error instanceof Error && 'syscall' in error) return { failure: 'unreadable', detail: error.message };
    throw error;
  }
}

parentPort?.on('message', (job: HashJob) => parentPort?.postMessage(answer(job)));
