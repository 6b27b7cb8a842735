/** A part's bytes on their way out, counted as they leave. */
import { Readable } from 'node:stream';
import type { PreparedPart } from '../../transfer/ports/source.js';

/**
 * How much is written at once over TLS. Node tells no progress within one encrypted write, so a part written whole
 * would look stalled, and be timed out, on a slow line that never stood still.
 */
const TLS_WRITE_BYTES = 256 * 1024;

export interface PartBody {
  readonly content: Uint8Array | Readable;
  /** Bytes that have left; null where they left in one write, of which nobody can say how far it is. */
  sentBytes(): number | null;
}

/** @param isEncrypted whether the connection is TLS */
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
  // Paused first: a listener alone would set it flowing before anybody takes the bytes.
  content.pause();
  content.on('data', (chunk: Uint8Array) => {
    sentBytes += chunk.length;
  });
  return { content, sentBytes: () => sentBytes };
}

/**
 * Gives `send` the part's body and a signal that follows the given one, and the body's own failure. The body ends with
 * the request, however that ends.
 * @param line.isEncrypted whether the connection is TLS
 * @throws what `send` throws; the body's own error when it cannot be read
 */
export async function withBody<T>(
  part: PreparedPart,
  line: { readonly isEncrypted: boolean },
  signal: AbortSignal,
  send: (body: PartBody, ending: AbortController) => Promise<T>,
): Promise<T> {
  signal.throwIfAborted();
  const ending = new AbortController();
  const follow = (): void => ending.abort(signal.reason);
  signal.addEventListener('abort', follow, { once: true });
  const body = partBody(part, line.isEncrypted);
  const { content } = body;
  // Without a listener a body that cannot be read would end the process, and without the abort leave it waiting.
  if (content instanceof Readable) content.on('error', (error) => ending.abort(error));
  try {
    return await send(body, ending);
  } catch (error) {
    // An answer that came before the body was through leaves the connection half used: it goes too.
    ending.abort(error);
    throw error;
  } finally {
    signal.removeEventListener('abort', follow);
    if (content instanceof Readable) content.destroy();
  }
}
