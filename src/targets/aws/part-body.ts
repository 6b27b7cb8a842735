/** The body of a part's request, which counts the bytes that were sent. */
import { Readable } from 'node:stream';
import { onAbort } from '../../core/abort-signals.js';
import type { PreparedPart } from '../../transfer/ports/source.js';
import type { PartWatch } from '../../transfer/ports/target.js';

/**
 * The size of one write. Node reports no progress within a write, so a part in a single write would look stalled on a
 * slow line, and would be timed out although bytes move.
 */
const WRITE_BYTES = 256 * 1024;
/** The longest time between two calls of a watch. */
export const WATCH_INTERVAL_MS = 1000;

export interface PartBody {
  readonly content: Readable;
  /** Bytes that were handed to the connection. */
  sentBytes(): number;
}

function partBody(part: PreparedPart): PartBody {
  const body = part.body();
  return counted(body instanceof Readable ? body : inSlices(body as Uint8Array));
}

function inSlices(bytes: Uint8Array): Readable {
  let position = 0;
  return new Readable({
    highWaterMark: WRITE_BYTES,
    read() {
      const slice = bytes.subarray(position, position + WRITE_BYTES);
      position += slice.length;
      this.push(slice.length === 0 ? null : slice);
    },
  });
}

function counted(content: Readable): PartBody {
  let sentBytes = 0;
  // Without the pause a listener would make the stream flow before the request reads it.
  content.pause();
  content.on('data', (chunk: Uint8Array) => {
    sentBytes += chunk.length;
  });
  return { content, sentBytes: () => sentBytes };
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
 * Destroys the body when the request ends.
 * @throws the errors of `send`; the body's own error when it cannot be read
 */
export async function withBody<T>(
  part: PreparedPart,
  { signal, watch, watchIntervalMs = WATCH_INTERVAL_MS, reasonOfWatch }: PartSending,
  send: (body: PartBody, ending: AbortController) => Promise<T>,
): Promise<T> {
  signal.throwIfAborted();
  const ending = new AbortController();
  const stopListening = onAbort(signal, () => ending.abort(signal.reason));
  const body = partBody(part);
  const { content, sentBytes } = body;
  // Without a listener a read error would end the process; without the abort the request would wait forever.
  content.on('error', (error) => ending.abort(error));
  const watching = setInterval(() => {
    const sent = sentBytes();
    if (watch(sent)) ending.abort(reasonOfWatch?.(sent));
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
    content.destroy();
  }
}
