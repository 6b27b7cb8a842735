/** The body of a part's request, which counts the bytes that were sent. */
import { Readable } from 'node:stream';
import { onAbort } from '../../core/abort-signals.js';
import { MIB_BYTES } from '../../core/units.js';
import type { BytesLocation, PreparedPart } from '../../transfer/ports/source.js';
import type { PartWatch } from '../../transfer/ports/target.js';
import { inSlices, SentBytes, WRITE_BYTES } from './body-stream.js';

/** The longest time between two calls of a watch. */
export const WATCH_INTERVAL_MS = 1000;

/** A part of 4 GiB takes an hour on many lines: a file that changes is noticed within it. */
const LOOK_EACH_BYTES = 16 * MIB_BYTES;

/** A body that either this thread or a sending thread hands to a connection. */
export class PartBody {
  /** The place of the bytes for a sending thread; null: only this thread can read them. */
  readonly location: BytesLocation | null;
  readonly sizeBytes: number;
  readonly sent = new SentBytes();
  readonly #part: PreparedPart;
  readonly #onError: (error: unknown) => void;
  #stream: Readable | null = null;
  #use: Promise<unknown> = Promise.resolve();

  /** @param onError is called when this thread cannot read the bytes */
  constructor(part: PreparedPart, onError: (error: unknown) => void) {
    this.location = part.location;
    this.sizeBytes = part.range.sizeBytes;
    this.#part = part;
    this.#onError = onError;
  }

  /** Returns the bytes for this thread: those of one write as they are, because a stream costs more than they do. */
  content(): Readable | Uint8Array {
    const { location, sizeBytes } = this;
    if (location?.kind !== 'memory' || sizeBytes > WRITE_BYTES) return this.stream();
    this.sent.add(sizeBytes);
    return location.bytes;
  }

  /** Returns the bytes for this thread, the same stream at each call. */
  stream(): Readable {
    if (this.#stream !== null) return this.#stream;
    const body = this.#part.body();
    this.#stream = this.sent.count(body instanceof Readable ? body : inSlices(body as Uint8Array));
    // Without a listener a read error would end the process.
    this.#stream.on('error', this.#onError);
    return this.#stream;
  }

  /** Remembers a sending thread that reads the bytes until the promise settles. */
  useUntil(end: Promise<unknown>): void {
    this.#use = end.catch(() => undefined);
  }

  /** Ends the stream, and waits for the sending thread: the memory may then have other bytes. */
  async close(): Promise<void> {
    this.#stream?.destroy();
    await this.#use;
  }
}

/** Returns a function of the bytes sent so far, which looks at the part's file after each 16 MiB, whoever sends them. */
function fileWatch(part: PreparedPart, onChange: (error: unknown) => void) {
  let lookAtBytes = LOOK_EACH_BYTES;
  return (sentBytes: number): void => {
    if (sentBytes < lookAtBytes) return;
    lookAtBytes = sentBytes + LOOK_EACH_BYTES;
    part.assertUnchanged().catch(onChange);
  };
}

/** The signal that ends the request, and the watch that is given its progress. */
export interface PartSending {
  readonly signal: AbortSignal;
  readonly watch: PartWatch;
  readonly watchIntervalMs?: number;
  /** Returns the reason for which the request ends when its watch returned true. */
  readonly reasonOfWatch?: (sentBytes: number) => unknown;
}

/**
 * Calls `send` with the part's body and a controller that is aborted with `signal`, or when the body cannot be read.
 * Calls `watch` about once a second; when it returns true, ends the request with the reason that `reasonOfWatch` gives.
 * Also ends the request when the file of a large part changes.
 * Settles only when nothing reads the body any more.
 * @throws the errors of `send`; the body's own error when it cannot be read; those of the part's `assertUnchanged`
 */
export async function withBody<T>(
  part: PreparedPart,
  { signal, watch, watchIntervalMs = WATCH_INTERVAL_MS, reasonOfWatch }: PartSending,
  send: (body: PartBody, ending: AbortController) => Promise<T>,
): Promise<T> {
  signal.throwIfAborted();
  const ending = new AbortController();
  const stopListening = onAbort(signal, () => ending.abort(signal.reason));
  // Without the abort the request would wait forever for a body that cannot be read.
  const body = new PartBody(part, (error) => ending.abort(error));
  const watchFile = fileWatch(part, (error) => ending.abort(error));
  const watching = setInterval(() => {
    const sentBytes = body.sent.bytes();
    watchFile(sentBytes);
    if (watch(sentBytes)) ending.abort(reasonOfWatch?.(sentBytes));
  }, watchIntervalMs);
  try {
    return await send(body, ending);
  } catch (error) {
    // A response that arrives before the whole body was sent leaves the connection unusable, so it is closed.
    ending.abort(error);
    throw error;
  } finally {
    clearInterval(watching);
    stopListening();
    await body.close();
  }
}
