/**
 * Limits the bytes per second of all parts together. Parts are sent in slices, and
 * each slice waits for its turn.
 */
import { Readable } from 'node:stream';
import { types } from 'node:util';
import type { Clock } from '../transfer/ports/clock.js';
import type { BufferedPart, PreparedPart } from '../transfer/ports/source.js';
import type { SourceOpener } from './source-pool.js';

const SLICE_MAX_BYTES = 64 * 1024;
const SLICE_MIN_BYTES = 256;
/** Enough slices that each of many lanes moves regularly, so that none looks stalled. */
const SLICES_PER_SECOND = 256;
/** The delay of a late timer is caught up, up to this limit. Longer pauses in sending are not caught up. */
const CATCH_UP_MAX_MS = 250;

export interface RateLimit {
  /** Returns the part with a body whose slices wait for their turn. */
  limited(part: PreparedPart): PreparedPart;
}

/** @param bytesPerSecond the limit for all parts together */
export function rateLimit(bytesPerSecond: number, clock: Clock): RateLimit {
  const fraction = Math.floor(bytesPerSecond / SLICES_PER_SECOND);
  const sliceBytes = Math.min(SLICE_MAX_BYTES, Math.max(SLICE_MIN_BYTES, fraction));
  let freeAtMs: number | null = null;

  /** Waits until these bytes may be sent. Calls are served in their order. */
  async function waitForTurn(bytes: number, signal: AbortSignal): Promise<void> {
    const nowMs = clock.monotonicMs();
    const startMs = Math.max(freeAtMs ?? nowMs, nowMs - CATCH_UP_MAX_MS);
    freeAtMs = startMs + (bytes * 1000) / bytesPerSecond;
    if (startMs > nowMs) await clock.sleep(startMs - nowMs, signal);
  }

  async function* slices(
    body: Uint8Array | NodeJS.ReadableStream,
    signal: AbortSignal,
  ): AsyncGenerator<Uint8Array> {
    const chunks = types.isUint8Array(body) ? [body] : (body as AsyncIterable<Uint8Array>);
    for await (const chunk of chunks) {
      for (let at = 0; at < chunk.length; at += sliceBytes) {
        const slice = chunk.subarray(at, at + sliceBytes);
        await waitForTurn(slice.length, signal);
        yield slice;
      }
    }
  }

  /** Unlike that of `Readable.from`, this stream does not wait for the turn of a slice when it is destroyed. */
  function limitedBody(body: Uint8Array | NodeJS.ReadableStream): Readable {
    const ended = new AbortController();
    const turns = slices(body, ended.signal);
    let reading: Promise<unknown> = Promise.resolve();
    return new Readable({
      read() {
        reading = turns.next().then(
          ({ value = null }) => !this.destroyed && this.push(value),
          (error: Error) => this.destroy(error),
        );
      },
      destroy(error, done) {
        ended.abort();
        const end = (): void => done(error);
        void reading.then(() => turns.return(undefined)).then(end, end);
      },
    });
  }

  return { limited: (part) => ({ ...part, location: null, body: () => limitedBody(part.body()) }) };
}

/** Returns an opener whose files and streams are sent at no more than `bytesPerSecond` in total. */
export function limitedOpener(opener: SourceOpener, bytesPerSecond: number, clock: Clock): SourceOpener {
  const limit = rateLimit(bytesPerSecond, clock);
  const limitedPart = (part: BufferedPart): BufferedPart => ({
    ...part,
    prepare: async (...args) => limit.limited(await part.prepare(...args)),
  });
  return {
    ...opener,
    async open(path) {
      const source = await opener.open(path);
      return { ...source, prepare: async (...args) => limit.limited(await source.prepare(...args)) };
    },
    async openStream(...args) {
      const source = await opener.openStream(...args);
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
