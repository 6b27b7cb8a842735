/** A few threads that read and hash, so that the network and the terminal never wait for SHA-256. */
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { onAbort } from '../core/abort-signals.js';
import { TransferError } from '../core/failures.js';
import { QUIET_THREAD } from '../core/quiet-thread.js';
import { isExhausted, systemMessage } from '../core/system-errors.js';
import { KIB_BYTES, MIB_BYTES } from '../core/units.js';
import { hashInMainThread } from './hash-in-main-thread.js';
import {
  type HashAnswer,
  type HashJob,
  type HashRequest,
  type PartHashes,
  transferErrorOf,
} from './hash-part.js';

/** A thread starts in the time in which another one hashes some 16 MiB (docs/benchmarks.md) … */
const BYTES_WORTH_A_THREAD = 16 * MIB_BYTES;
/** … so the first bytes are hashed without one. The main thread is busy for some 5 ms with each MiB. */
const MAIN_THREAD_MAX_BYTES = 4 * MIB_BYTES;
/** So few bytes are hashed in less time than they take to a thread and back. */
const SMALL_JOB_MAX_BYTES = 64 * KIB_BYTES;

export interface HashThreads {
  readonly count: number;
  /** Starts the threads that this many jobs of this size in all are worth, before there is work for them. */
  expect(jobs: number, totalBytes: number): void;
  /**
   * Rejects with the signal's reason only when no thread reads the descriptor or writes the buffer any more,
   * so that both can be given back immediately.
   * @throws TransferError `source`: `changed` when the file ended too early,
   * `unreadable` with the system's reason, `no-resources` when no thread can be started
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

function bug(detail: string, cause?: unknown): TransferError<'bug'> {
  return new TransferError('bug', { detail }, { cause });
}

/** Returns the failure of a thread that ended by an error, or that the system did not start. */
function threadFailure(path: string, error: unknown): TransferError {
  const reason = systemMessage(error);
  if (!isExhausted(error)) return bug(`a hashing thread failed: ${reason}`, error);
  const detail = `a hashing thread could not be started: ${reason.replace('Worker initialization failure: ', '')}`;
  return new TransferError('source', { path, why: 'no-resources', detail }, { cause: error });
}

/**
 * @param count the largest number of threads; each is started when it is first needed
 * @param workerPath the module that a thread runs
 * @param smallJobMaxBytes jobs up to this size never go to a thread
 */
// biome-ignore lint/complexity/noExcessiveLinesPerFunction: short functions that share the threads and the queue.
export function hashThreads(
  count: number,
  workerPath = join(import.meta.dirname, 'hash-worker.js'),
  smallJobMaxBytes = SMALL_JOB_MAX_BYTES,
): HashThreads {
  const threads = new Set<Thread>();
  const waiting: PendingJob[] = [];
  let requestedBytes = 0;
  /** Settled when the main thread has done its last job: in turn, so that parts are ready in their order. */
  let lastInMainThread: Promise<unknown> = Promise.resolve();
  let closed = false;

  /** Returns how many threads this much work is worth. */
  function worthThreads(totalBytes: number): number {
    if (totalBytes <= MAIN_THREAD_MAX_BYTES) return 0;
    return Math.min(count, Math.ceil(totalBytes / BYTES_WORTH_A_THREAD));
  }

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
    const worker = new Worker(workerPath, QUIET_THREAD);
    const thread: Thread = { worker, pending: null };
    threads.add(thread);
    worker.on('message', (answer: HashAnswer) =>
      settle(thread, (pending) =>
        'hashes' in answer
          ? pending.resolve(answer.hashes)
          : pending.reject(transferErrorOf(answer, pending)),
      ),
    );
    const onEnd = (failureOf: (path: string) => unknown): void => {
      threads.delete(thread);
      settle(thread, (pending) => pending.reject(failureOf(pending.path)));
    };
    worker.on('error', (error) => onEnd((path) => threadFailure(path, error)));
    worker.on('exit', (code) => onEnd(() => bug(`a hashing thread ended with ${code}`)));
    return thread;
  }

  function schedule(): void {
    while (waiting.length > 0 && !closed) {
      const idle = [...threads].find((thread) => thread.pending === null);
      if (idle === undefined && threads.size >= Math.max(1, worthThreads(requestedBytes))) return;
      const pending = waiting.shift() as PendingJob;
      try {
        assign(idle ?? startThread(), pending);
      } catch (error) {
        pending.reject(threadFailure(pending.path, error));
      }
    }
  }

  function hash(request: HashRequest, signal: AbortSignal): Promise<PartHashes> {
    if (signal.aborted) return Promise.reject(signal.reason);
    if (closed) return Promise.reject(bug('hashing after close'));
    const { path, ...range } = request;
    const isSmall = range.sizeBytes <= smallJobMaxBytes;
    if (!isSmall) requestedBytes += range.sizeBytes;
    if (isSmall || (threads.size === 0 && worthThreads(requestedBytes) === 0)) {
      const hashed = lastInMainThread.then(() => hashInMainThread(request, signal));
      lastInMainThread = hashed.catch(() => undefined);
      return hashed;
    }
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

  function expect(jobs: number, totalBytes: number): void {
    const wanted = Math.min(jobs, worthThreads(totalBytes));
    try {
      while (threads.size < wanted && !closed) startThread().worker.unref();
    } catch {
      // The job that needs a thread tries again, and reports it.
    }
  }

  async function close(): Promise<void> {
    closed = true;
    for (const pending of waiting.splice(0)) {
      pending.reject(bug('the hashing threads were closed'));
    }
    await Promise.all([...threads].map((thread) => thread.worker.terminate()));
  }

  return { count, expect, hash, close };
}
