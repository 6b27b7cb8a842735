/**
 * Runs in a hashing thread: does one job at a time, and answers with its hashes or
 * with the reason of its failure.
 */
import { parentPort } from 'node:worker_threads';
import { sharedBytes } from '../core/memory.js';
import { LEAF_SIZE_BYTES } from '../core/tree-hash.js';
import { type HashAnswer, type HashJob, hashFailureOf, hashPart } from './hash-part.js';

const scratch = sharedBytes(LEAF_SIZE_BYTES);

function answer(job: HashJob): HashAnswer {
  try {
    return { hashes: hashPart(job, scratch) };
  } catch (error) {
    return hashFailureOf(error);
  }
}

parentPort?.on('message', (job: HashJob) => parentPort?.postMessage(answer(job)));
