import { setImmediate as turn } from 'node:timers/promises';
import type { Clock } from '../../src/transfer/ports/clock.js';

/**
 * Time that passes only when somebody sleeps: the earliest sleeper is woken once everything else had its turn, so
 * several lanes sleep side by side as they would in earnest.
 */
export class FakeClock implements Clock {
  /** Every sleep that was asked for, in ms. */
  readonly slept: number[] = [];
  /** The value that `random` returns. */
  chance = 0.5;
  readonly #sleepers = new Set<{ wakeMs: number; wake: () => void }>();
  #nowMs: number;
  #setByMs = 0;
  #isTurning = false;

  constructor(nowMs = Date.parse('2026-03-01T12:00:00.000Z')) {
    this.#nowMs = nowMs;
  }

  nowMs(): number {
    return this.#nowMs + this.#setByMs;
  }

  monotonicMs(): number {
    return this.#nowMs;
  }

  /** Sets the time of day forward, or back. No time passes by that. */
  set(ms: number): void {
    this.#setByMs += ms;
  }

  random(): number {
    return this.chance;
  }

  advance(ms: number): void {
    this.#nowMs += ms;
  }

  async sleep(ms: number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    this.slept.push(ms);
    let stop = (): void => {};
    try {
      await new Promise<void>((resolve, reject) => {
        const sleeper = { wakeMs: this.#nowMs + ms, wake: resolve };
        this.#sleepers.add(sleeper);
        stop = () => {
          this.#sleepers.delete(sleeper);
          reject(signal.reason);
        };
        signal.addEventListener('abort', stop);
        void this.#turn();
      });
    } finally {
      signal.removeEventListener('abort', stop);
    }
  }

  async #turn(): Promise<void> {
    if (this.#isTurning) return;
    this.#isTurning = true;
    while (this.#sleepers.size > 0) {
      for (let n = 0; n < 5; n += 1) await turn();
      const [first] = [...this.#sleepers].sort((a, b) => a.wakeMs - b.wakeMs);
      if (first === undefined) break;
      this.#sleepers.delete(first);
      this.#nowMs = Math.max(this.#nowMs, first.wakeMs);
      first.wake();
    }
    this.#isTurning = false;
  }
}
