/** Slow lines, on purpose. */
import { Transform } from 'node:stream';

/** Gives out bytes at a rate; whoever takes them together shares it. */
export class Pacer {
  private readonly bytesPerMs: number;
  private freeAtMs = 0;

  constructor(bytesPerSecond: number) {
    this.bytesPerMs = bytesPerSecond / 1000;
  }

  /** @returns how long to wait, in ms, before these bytes may go on */
  take(sizeBytes: number): number {
    const nowMs = performance.now();
    this.freeAtMs = Math.max(this.freeAtMs, nowMs) + sizeBytes / this.bytesPerMs;
    return this.freeAtMs - nowMs;
  }
}

/** A stage that lets a body through at the pacer's rate. */
export function paced(pacer: Pacer): Transform {
  let timer: NodeJS.Timeout | undefined;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      timer = setTimeout(() => done(null, chunk), pacer.take(chunk.length)).unref();
    },
    destroy(error, done) {
      clearTimeout(timer);
      done(error);
    },
  });
}

/** A stage that calls `cut` once so many bytes have gone through, and swallows the rest. */
export function cutAfter(sizeBytes: number, cut: () => void): Transform {
  let passed = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      passed += chunk.length;
      if (passed < sizeBytes) return done(null, chunk);
      cut();
      // A body that was in before its connection went is not ended by that.
      done(new Error('the connection was cut'));
    },
  });
}
