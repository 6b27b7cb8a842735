/** A few threads that read and hash, so that neither the network nor the terminal ever waits for SHA-256. */
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { TransferError } from '../core/failures.js';
import type { HashJob, PartHashes } from './hash-part.js';
import type { HashAnswer } from './hash-worker.js';

/** A job as its caller states it; the cancel flag is the pool's own. */
type HashRequest = Omit<HashJob, 'cancel'> & { readonly path: string };

export interface HashThreads {
  readonly count: number;
  /** Starts so many threads before there is work for them: it takes as long as some MiB of hashing. */
  start(threads: number): void;
  /**
   * Rejects with the signal's reason only once no thread reads the descriptor or writes the buffer any more, so that
   * both may be given back at once.
   * @throws TransferError `source`: `changed` when the file ended too early, `unreadable` with the system's reason
   */
  hash(options: HashRequest, signal: AbortSignal): Promise<PartHashes>;
  /** Ends the threads; what was waiting is rejected. Idempotent. */
  close(): Promise<void>;
}

interface Ticket {
  readonly job: HashJob;
  readonly path: string;
  readonly signal: AbortSignal;
  resolve(hashes: PartHashes): void;
  reject(error: unknown): void;
}

interface Thread {
  readonly worker: Worker;
  ticket: Ticket | null;
}

function failureOf(answer: Exclude<HashAnswer, { hashes: PartHashes }>, ticket: Ticket): unknown {
  if (answer.failure === 'cancelled') return ticket.signal.reason;
  const why = answer.failure === 'short' ? 'changed' : 'unreadable';
  return new TransferError('source', { path: ticket.path, why, detail: answer.detail });
}

/**
 * @param count how many threads there may be; each is started when it is first needed
 * @param workerPath what a thread runs
 */
export function hashThreads(
  count: number,
  workerPath = join(import.meta.dirname, 'hash-worker.js'),
): HashThreads {
  const threads = new Set<Thread>();
  const waiting: Ticket[] = [];
  let closed = false;

  function give(thread: Thread, ticket: Ticket): void {
    thread.ticket = ticket;
    // Only a working thread may keep the process alive.
    thread.worker.ref();
    thread.worker.postMessage(ticket.job);
  }

  function settle(thread: Thread, act: (ticket: Ticket) => void): void {
    const { ticket } = thread;
    thread.ticket = null;
    thread.worker.unref();
    if (ticket !== null) act(ticket);
    schedule();
  }

  function startOne(): Thread {
    const worker = new Worker(workerPath);
    const thread: Thread = { worker, ticket: null };
    threads.add(thread);
    worker.on('message', (answer: HashAnswer) =>
      settle(thread, (ticket) =>
        'hashes' in answer ? ticket.resolve(answer.hashes) : ticket.reject(failureOf(answer, ticket)),
      ),
    );
    const died = (detail: string, cause?: unknown): void => {
      threads.delete(thread);
      settle(thread, (ticket) => ticket.reject(new TransferError('bug', { detail }, { cause })));
    };
    worker.on('error', (error) => died('a hashing thread failed', error));
    worker.on('exit', (code) => died(`a hashing thread ended with ${code}`));
    return thread;
  }

  function schedule(): void {
    while (waiting.length > 0 && !closed) {
      const idle = [...threads].find((thread) => thread.ticket === null);
      if (idle === undefined && threads.size >= count) return;
      const ticket = waiting.shift() as Ticket;
      give(idle ?? startOne(), ticket);
    }
  }

  function hash(options: HashRequest, signal: AbortSignal): Promise<PartHashes> {
    if (signal.aborted) return Promise.reject(signal.reason);
    if (closed) return Promise.reject(new TransferError('bug', { detail: 'hashing after close' }));
    const { path, ...range } = options;
    const cancel = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT);
    return new Promise<PartHashes>((resolve, reject) => {
      const ticket: Ticket = {
        job: { ...range, cancel },
        path,
        signal,
        resolve(hashes) {
          signal.removeEventListener('abort', onAbort);
          resolve(hashes);
        },
        reject(error) {
          signal.removeEventListener('abort', onAbort);
          reject(error);
        },
      };
      const onAbort = (): void => {
        // A thread that has begun answers when it has stopped; what still waits is simply dropped.
        Atomics.store(new Int32Array(cancel), 0, 1);
        const place = waiting.indexOf(ticket);
        if (place === -1) return;
        waiting.splice(place, 1);
        ticket.reject(signal.reason);
      };
      signal.addEventListener('abort', onAbort);
      waiting.push(ticket);
      schedule();
    });
  }

  function start(wanted: number): void {
    while (threads.size < Math.min(count, wanted) && !closed) startOne().worker.unref();
  }

  async function close(): Promise<void> {
    closed = true;
    for (const ticket of waiting.splice(0)) {
      ticket.reject(new TransferError('bug', { detail: 'the hashing threads were closed' }));
    }
    await Promise.all([...threads].map((thread) => thread.worker.terminate()));
  }

  return { count, start, hash, close };
}

/** So many hashing threads serve `concurrency` lanes: more than there are processors would only take turns. */
export function threadCount(concurrency: number): number {
  return Math.min(availableParallelism(), concurrency);
}
