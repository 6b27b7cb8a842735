/** The body of a part's request, which counts the bytes that were sent. */
import { Readable } from 'node:stream';
import { onAbort } from '../../core/abort-signals.js';
import type { PreparedPart } from '../../transfer/ports/source.js';

/**
 * The size of one write over TLS. Node reports no progress within one encrypted write, so a part in a single write would
 * look stalled on a slow line, and would be timed out although bytes move.
 */
const TLS_WRITE_BYTES = 256 * 1024;

export interface PartBody {
  readonly content: Uint8Array | Readable;
  /** Bytes that were sent; null for a body in a single write, because its progress is unknown. */
  sentBytes(): number | null;
}

/** @param isEncrypted true if the connection uses TLS */
function partBody(part: PreparedPart, isEncrypted: boolean): PartBody {
  const body = part.body();
  if (body instanceof Readable) return counted(body);
  const bytes = body as Uint8Array;
  return isEncrypted ? counted(inSlices(bytes)) : { content: bytes, sentBytes: () => null };
}

function inSlices(bytes: Uint8Array): Readable {
  let position = 0;
  return new Readable({
    highWaterMark: TLS_WRITE_BYTES,
    read() {
      const slice = bytes.subarray(position, position + TLS_WRITE_BYTES);
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

/**
 * Calls `send` with the part's body and a controller that is aborted with `signal`, or when the body cannot be read.
 * Destroys the body when the request ends.
 * @param line.isEncrypted true if the connection uses TLS
 * @throws the errors of `send`; the body's own error when it cannot be read
 */
export async function withBody<T>(
  part: PreparedPart,
  line: { readonly isEncrypted: boolean },
  signal: AbortSignal,
  send: (body: PartBody, ending: AbortController) => Promise<T>,
): Promise<T> {
  signal.throwIfAborted();
  const ending = new AbortController();
  const stopListening = onAbort(signal, () => ending.abort(signal.reason));
  const body = partBody(part, line.isEncrypted);
  const { content } = body;
  // Without a listener a read error would end the process; without the abort the request would wait forever.
  if (content instanceof Readable) content.on('error', (error) => ending.abort(error));
  try {
    return await send(body, ending);
  } catch (error) {
    // A response that arrives before the whole body was sent leaves the connection unusable, so it is closed.
    ending.abort(error);
    throw error;
  } finally {
    stopListening();
    if (content instanceof Readable) content.destroy();
  }
}
