/**
 * A few threads that send the bodies of parts over connections of their own, so that the main thread touches no byte. It
 * plans, signs and judges the answers.
 */
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { Worker } from 'node:worker_threads';
import { onAbort } from '../../core/abort-signals.js';
import { QUIET_THREAD } from '../../core/quiet-thread.js';
import { KIB_BYTES, MIB_BYTES } from '../../core/units.js';
import type { HttpAgentOptions } from './http-agents.js';
import { PartBody } from './part-body.js';
import {
  errorFromData,
  type FromThread,
  type SignedRequest,
  type ThreadAnswer,
  type ThreadOptions,
  type ToThread,
} from './thread-messages.js';

/** A small upload starts no thread, because the start would cost more than the thread saves. */
const MAIN_THREAD_MAX_BYTES = 16 * MIB_BYTES;
/** A body of up to one write costs less than its way to a thread. */
const ONE_WRITE_BYTES = 256 * KIB_BYTES;
/** The time in which a thread must end a request that was aborted. */
const ABORT_MAX_MS = 1000;
const WATCH_INTERVAL_MS = 1000;
/** A thread does nothing that lasts, so one without a heartbeat for so many intervals is stuck. Its start takes longer. */
const SILENT_INTERVALS_MAX = 10;
const START_INTERVALS_MAX = 30;

/** A sending thread ended, or was stuck. The request may be sent again. */
export class SendingThreadError extends Error {
  override readonly name = 'SendingThreadError';
}

interface Response {
  readonly statusCode: number;
  readonly reason: string | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Readable;
}

interface PendingRequest {
  resolve(answer: ThreadAnswer): void;
  reject(error: unknown): void;
}

export interface SendingThreadsOptions extends HttpAgentOptions {
  /** The number of processors that calve may use. */
  readonly threads: number;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The module that a thread runs; default: calve's own. */
  readonly workerPath?: string;
  /** The time between two looks at the threads that send. */
  readonly watchIntervalMs?: number;
}

function workerDataOf(options: SendingThreadsOptions, heartbeat: Int32Array): ThreadOptions {
  const { connectTimeoutMs, readTimeoutMs, concurrency, trust, env } = options;
  const proxyEnv = Object.fromEntries(Object.entries(env).filter(([name]) => /proxy$/i.test(name)));
  const shared = heartbeat.buffer as SharedArrayBuffer;
  return { connectTimeoutMs, readTimeoutMs, concurrency, trust, proxyEnv, heartbeat: shared };
}

/** One thread, and the requests that it has. */
class SendingThread {
  readonly #worker: Worker;
  readonly #pending = new Map<number, PendingRequest>();
  readonly #heartbeat = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  #lastBeat = 0;
  #silentIntervals = 0;
  #nextId = 0;
  #why: string | null = null;

  constructor(options: SendingThreadsOptions, onEnd: (thread: SendingThread) => void) {
    const { workerPath = join(import.meta.dirname, 'send-worker.js') } = options;
    const workerData = workerDataOf(options, this.#heartbeat);
    this.#worker = new Worker(workerPath, { ...QUIET_THREAD, workerData });
    this.#worker.unref();
    this.#worker.on('message', (message: FromThread) => this.#onMessage(message));
    this.#worker.on('error', (error) => {
      this.#why ??= error.message;
    });
    this.#worker.on('exit', (code) => {
      onEnd(this);
      const error = new SendingThreadError(`a sending thread ended: ${this.#why ?? `exit code ${code}`}`);
      for (const id of [...this.#pending.keys()]) this.#take(id)?.reject(error);
    });
  }

  get load(): number {
    return this.#pending.size;
  }

  get hasStarted(): boolean {
    return Atomics.load(this.#heartbeat, 0) > 0;
  }

  #take(id: number): PendingRequest | undefined {
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    // Only a thread that sends may keep the process alive.
    if (this.load === 0) this.#worker.unref();
    return pending;
  }

  #onMessage(message: FromThread): void {
    const pending = this.#take(message.id);
    if ('answer' in message) pending?.resolve(message.answer);
    else pending?.reject(errorFromData(message.error));
  }

  /** Settles when the thread does not read the bytes any more. */
  async send(request: SignedRequest, body: PartBody, signal: AbortSignal | undefined): Promise<ThreadAnswer> {
    const { location, sent } = body;
    if (location === null) throw new Error('a sending thread cannot read these bytes');
    signal?.throwIfAborted();
    const id = this.#nextId++;
    const answer = new Promise<ThreadAnswer>((resolve, reject) => this.#pending.set(id, { resolve, reject }));
    const post = (message: ToThread): void => this.#worker.postMessage(message);
    if (this.load === 1) this.#silentIntervals = 0;
    this.#worker.ref();
    const { method, protocol, hostname, port, path, query, headers } = request;
    const where = { protocol, hostname, ...(port !== undefined && { port }), path, query };
    const plain = { method, ...where, headers };
    post({ kind: 'send', id, request: plain, location, sent: sent.shared });
    let timer: NodeJS.Timeout | undefined;
    const stopListening =
      signal === undefined
        ? () => undefined
        : onAbort(signal, () => {
            post({ kind: 'abort', id });
            timer = setTimeout(() => void this.end('it did not abort a request'), ABORT_MAX_MS);
          });
    try {
      return await answer;
    } finally {
      stopListening();
      clearTimeout(timer);
    }
  }

  /** Ends the thread if it is stuck. Called once in each interval while it has requests. */
  watch(): void {
    const beat = Atomics.load(this.#heartbeat, 0);
    this.#silentIntervals = beat === this.#lastBeat ? this.#silentIntervals + 1 : 0;
    this.#lastBeat = beat;
    const most = this.hasStarted ? SILENT_INTERVALS_MAX : START_INTERVALS_MAX;
    if (this.#silentIntervals > most) void this.end('it was stuck');
  }

  async end(why: string): Promise<void> {
    this.#why ??= why;
    await this.#worker.terminate();
  }
}

/**
 * Returns the largest number of threads. Sending takes less time than hashing, so half as many as processors are enough;
 * on one processor a thread would only take turns with the others.
 */
function threadCount({ threads, concurrency }: SendingThreadsOptions): number {
  return threads < 2 ? 0 : Math.min(Math.ceil(threads / 2), concurrency);
}

/** Hands requests to the threads, which start when there is enough to send. */
export class SendingThreads {
  readonly #options: SendingThreadsOptions;
  /** 0: the main thread sends everything. */
  readonly #most: number;
  readonly #threads = new Set<SendingThread>();
  #expectedBytes = 0;
  #watching: NodeJS.Timeout | undefined;
  /** True after a thread ended before it had started: the system refuses threads, so the main thread sends. */
  #isUnavailable = false;

  constructor(options: SendingThreadsOptions) {
    this.#options = options;
    this.#most = threadCount(options);
  }

  /** Returns the thread with the least to do; null: the main thread sends. */
  #choose(sizeBytes: number): SendingThread | null {
    const most = this.#most;
    if (sizeBytes <= ONE_WRITE_BYTES) return null;
    this.#expectedBytes += sizeBytes;
    if (most === 0 || this.#isUnavailable || this.#expectedBytes <= MAIN_THREAD_MAX_BYTES) return null;
    const [least] = [...this.#threads].sort((a, b) => a.load - b.load);
    return least === undefined || (least.load > 0 && this.#threads.size < most) ? this.#start(least) : least;
  }

  #start(other: SendingThread | undefined): SendingThread | null {
    try {
      const thread = new SendingThread(this.#options, (ended) => {
        this.#threads.delete(ended);
        this.#isUnavailable ||= !ended.hasStarted;
      });
      this.#threads.add(thread);
      return thread;
    } catch {
      this.#isUnavailable = true;
      return other ?? null;
    }
  }

  /**
   * Sends a signed request from a thread.
   * @returns null if the main thread is to send it
   * @throws SendingThreadError if the thread ended; the errors of the SDK's handler
   */
  send(request: SignedRequest, body: PartBody, signal?: AbortSignal): Promise<Response> | null {
    const thread = body.location === null ? null : this.#choose(body.sizeBytes);
    if (thread === null) return null;
    this.#watch();
    const answered = thread.send(request, body, signal);
    body.useUntil(answered);
    return answered.then(({ body: bytes, ...head }) => ({ ...head, body: Readable.from([bytes]) }));
  }

  #watch(): void {
    const { watchIntervalMs = WATCH_INTERVAL_MS } = this.#options;
    this.#watching ??= setInterval(() => {
      for (const thread of this.#threads) if (thread.load > 0) thread.watch();
    }, watchIntervalMs).unref();
  }

  async close(): Promise<void> {
    clearInterval(this.#watching);
    await Promise.all([...this.#threads].map((thread) => thread.end('calve ends')));
  }
}

export interface Handler {
  handle(
    request: SignedRequest,
    options: { readonly abortSignal?: AbortSignal },
  ): Promise<{ response: unknown }>;
}

/** Returns a request handler that sends the bodies of parts from threads, and everything else with `inner`. */
export function handlerWithThreads<H extends Handler>(inner: H, threads: SendingThreads): H {
  const handle: Handler['handle'] = async (request, options) => {
    const { body } = request as { body?: unknown };
    if (!(body instanceof PartBody)) return inner.handle(request, options);
    const response = threads.send(request, body, options.abortSignal);
    if (response !== null) return { response: await response };
    return inner.handle(Object.assign(request, { body: body.content() }), options);
  };
  return Object.assign(Object.create(inner) as H, { handle });
}
