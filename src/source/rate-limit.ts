/** So many bytes a second over all parts together: each slice of a part leaves when its turn has come. */
import { Readable } from 'node:stream';
import type { Clock } from '../transfer/ports/clock.js';
import type { BufferedPart, PreparedPart } from '../transfer/ports/source.js';
import type { SourceOpener } from './source-opener.js';

const SLICE_MAX_BYTES = 64 * 1024;
const SLICE_MIN_BYTES = 256;
/** So many slices a second, so that each of many lanes moves now and then, and none is taken for stalled. */
const SLICES_PER_SECOND = 256;
/** What a late timer missed is made up for; what nobody sent for longer than this is not. */
const MADE_UP_MS = 250;

export interface RateLimit {
  /** The part, its bytes in slices that wait for their turn. */
  limited(part: PreparedPart): PreparedPart;
}

/** @param bytesPerSecond over everything that it limits */
export function rateLimit(bytesPerSecond: number, clock: Clock): RateLimit {
  const fraction = Math.floor(bytesPerSecond / SLICES_PER_SECOND);
  const sliceBytes = Math.min(SLICE_MAX_BYTES, Math.max(SLICE_MIN_BYTES, fraction));
  let freeAtMs = Number.POSITIVE_INFINITY;

  /** Waits for the turn of so many bytes; turns are given in the order in which they were asked for. */
  async function turn(bytes: number, signal: AbortSignal): Promise<void> {
    const nowMs = clock.nowMs();
    // A clock that is set back must not keep anybody waiting for what it took away.
    if (freeAtMs > nowMs + 3_600_000) freeAtMs = nowMs;
    const startMs = Math.max(freeAtMs, nowMs - MADE_UP_MS);
    freeAtMs = startMs + (bytes * 1000) / bytesPerSecond;
    if (startMs > nowMs) await clock.sleep(startMs - nowMs, signal);
  }

  async function* slices(
    body: Uint8Array | NodeJS.ReadableStream,
    signal: AbortSignal,
  ): AsyncGenerator<Uint8Array> {
    const chunks = body instanceof Uint8Array ? [body] : (body as AsyncIterable<Uint8Array>);
    for await (const chunk of chunks) {
      for (let at = 0; at < chunk.length; at += sliceBytes) {
        const slice = chunk.subarray(at, at + sliceBytes);
        await turn(slice.length, signal);
        yield slice;
      }
    }
  }

  function limitedBody(body: Uint8Array | NodeJS.ReadableStream): Readable {
    const ended = new AbortController();
    const stream = Readable.from(slices(body, ended.signal), { objectMode: false });
    // What still waits for its turn then is woken, and ends.
    stream.once('close', () => ended.abort());
    return stream;
  }

  return { limited: (part) => ({ ...part, body: () => limitedBody(part.body()) }) };
}

/** Files and streams whose parts leave at no more than so many bytes a second, all together. */
export function limitedOpener(opener: SourceOpener, bytesPerSecond: number, clock: Clock): SourceOpener {
  const limit = rateLimit(bytesPerSecond, clock);
  const limitedPart = (part: BufferedPart): BufferedPart => ({
    ...part,
    prepare: async (...options) => limit.limited(await part.prepare(...options)),
  });
  return {
    ...opener,
    async open(path) {
      const source = await opener.open(path);
      return { ...source, prepare: async (...options) => limit.limited(await source.prepare(...options)) };
    },
    async openStream(...options) {
      const source = await opener.openStream(...options);
      return {
        ...source,
        async next(signal) {
          const part = await source.next(signal);
          return part && limitedPart(part);
        },
      };
    },
  };
}
