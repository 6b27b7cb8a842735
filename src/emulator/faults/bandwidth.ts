/** A limit of the bandwidth, to imitate a slow line. */
import { Transform } from 'node:stream';

/** Streams that use the same limit share its rate. */
export class BandwidthLimit {
  private readonly bytesPerMs: number;
  private freeAtMs = 0;

  constructor(bytesPerSecond: number) {
    this.bytesPerMs = bytesPerSecond / 1000;
  }

  /** Reserves the time that these bytes need. @returns the ms to wait before they may pass */
  reserve(sizeBytes: number): number {
    const nowMs = performance.now();
    this.freeAtMs = Math.max(this.freeAtMs, nowMs) + sizeBytes / this.bytesPerMs;
    return this.freeAtMs - nowMs;
  }
}

/** Returns a transform that passes bytes on at the rate of the limit. */
export function limitBandwidth(limit: BandwidthLimit): Transform {
  let timer: NodeJS.Timeout | undefined;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      timer = setTimeout(() => done(null, chunk), limit.reserve(chunk.length)).unref();
    },
    destroy(error, done) {
      clearTimeout(timer);
      done(error);
    },
  });
}
