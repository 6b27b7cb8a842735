/** A few threads that read and hash, so that the network and the terminal never wait for SHA-256. */
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { onAbort } from '../core/abort-signals.js';
import { TransferError } from '../core/failures.js';
import type { HashJob, PartHashes } from './hash-part.js';
import type { HashAnswer } from './hash-worker.js';

/** A job as its caller describes it. The cancel flag is added here. */
type HashRequest = Omit<HashJob, 'cancel'> & { readonly path: string };

export interface HashThreads {
  readonly count: number;
  /** Starts this many threads before there is work for them: a start takes as long as hashing some MiB. */
  start(threads: number): void;
  /**
   * Rejects with the signal's reason only when no thread reads the descriptor or writes the buffer any more,
   * so that both can be given back immediately.
   * @throws TransferError `source`: `changed` when the file ended too early,
   * `unreadable` with the system's reason
   */
  hash(request: HashRequest, signal: AbortSignal): Promise<PartHashes>;
  /** Ends the threads and rejects the requests that still wait. Idempotent. */
  close(): Promise<void>;
}

/** A request that waits for a thread, or for the answer of its thread. */
interface PendingJob {
  readonly job: HashJob;
  readonly path: string;
  readonly signal: AbortSignal;
  resolve(hashes: PartHashes): void;
  reject(error: unknown): void;
}

interface Thread {
  readonly worker: Worker;
  /** Null while the thread is idle. */
  pending: PendingJob | null;
}

function failureOf(answer: Exclude<HashAnswer, { hashes: PartHashes }>, pending: PendingJob): unknown {
  if (answer.failure === 'cancelled') return pending.signal.reason;
  const why = answer.failure === 'short' ? 'changed' : 'unreadable';
  return new TransferError('source', { path: pending.path, why, detail: answer.detail });
}

/**
 * @param count the largest number of threads; each is started when it is first needed
 * @param workerPath the module that a thread runs
 */
// biome-ignore lint/complexity/noExcessiveLinesPerFunction: short functions that share the threads and the queue.
export function hashThreads(
  count: number,
  workerPath = join(import.meta.dirname, 'hash-worker.js'),
): HashThreads {
  const threads = new Set<Thread>();
  const waiting: PendingJob[] = [];
  let closed = false;

  function assign(thread: Thread, pending: PendingJob): void {
    thread.pending = pending;
    // Only a working thread may keep the process alive.
    thread.worker.ref();
    thread.worker.postMessage(pending.job);
  }

  function settle(thread: Thread, act: (pending: PendingJob) => void): void {
    const { pending } = thread;
    thread.pending = null;
    thread.worker.unref();
    if (pending !== null) act(pending);
    schedule();
  }

  function startThread(): Thread {
    const worker = new Worker(workerPath);
    const thread: Thread = { worker, pending: null };
    threads.add(thread);
    worker.on('message', (answer: HashAnswer) =>
      settle(thread, (pending) =>
        'hashes' in answer ? pending.resolve(answer.hashes) : pending.reject(failureOf(answer, pending)),
      ),
    );
    const onEnd = (detail: string, cause?: unknown): void => {
      threads.delete(thread);
      settle(thread, (pending) => pending.reject(new TransferError('bug', { detail }, { cause })));
    };
    worker.on('error', (error) => onEnd('a hashing thread failed', error));
    worker.on('exit', (code) => onEnd(`a hashing thread ended with ${code}`));
    return thread;
  }

  function schedule(): void {
    while (waiting.length > 0 && !closed) {
      const idle = [...threads].find((thread) => thread.pending === null);
      if (idle === undefined && threads.size >= count) return;
      const pending = waiting.shift() as PendingJob;
      assign(idle ?? startThread(), pending);
    }
  }

  function hash(request: HashRequest, signal: AbortSignal): Promise<PartHashes> {
    if (signal.aborted) return Promise.reject(signal.reason);
    if (closed) return Promise.reject(new TransferError('bug', { detail: 'hashing after close' }));
    const { path, ...range } = request;
    const cancel = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT);
    return new Promise<PartHashes>((resolve, reject) => {
      const stopListening = onAbort(signal, () => {
        // A thread that works on the job answers when it has stopped; a job that waits is rejected here.
        Atomics.store(new Int32Array(cancel), 0, 1);
        const index = waiting.indexOf(pending);
        if (index === -1) return;
        waiting.splice(index, 1);
        pending.reject(signal.reason);
      });
      const pending: PendingJob = {
        job: { ...range, cancel },
        path,
        signal,
        resolve(hashes) {
          stopListening();
          resolve(hashes);
        },
        reject(error) {
          stopListening();
          reject(error);
        },
      };
      waiting.push(pending);
      schedule();
    });
  }

  function start(wanted: number): void {
    while (threads.size < Math.min(count, wanted) && !closed) startThread().worker.unref();
  }

  async function close(): Promise<void> {
    closed = true;
    for (const pending of waiting.splice(0)) {
      pending.reject(new TransferError('bug', { detail: 'the hashing threads were closed' }));
    }
    await Promise.all([...threads].map((thread) => thread.worker.terminate()));
  }

  return { count, start, hash, close };
}

/**
 * Returns how many hashing threads serve `concurrency` lanes: more threads than
 * processors would only take turns.
 */
export function threadCount(concurrency: number): number {
  return Math.min(availableParallelism(), concurrency);
}
