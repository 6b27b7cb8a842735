/** Admits a limited number of parts at once, and measures how many shared the line over time. */
import { onAbort } from '../../core/abort-signals.js';
import type { Clock } from '../ports/clock.js';

/** A moment in the gate's measurement, from which a later one is measured. */
export interface GateMark {
  readonly atMs: number;
  /** Part-milliseconds of the line so far. */
  readonly busyMs: number;
}

/** The average since a mark. */
export interface GateAverage {
  /** The number of parts that shared the line, on average, the caller's included. At least 1. */
  readonly lanes: number;
  readonly elapsedMs: number;
}

export class LaneGate {
  readonly #clock: Clock;
  readonly #waiting: (() => void)[] = [];
  #lanes: number;
  #inFlight = 0;
  /** The sum of `#inFlight` over time. */
  #busyMs = 0;
  #countedMs: number;

  constructor(lanes: number, clock: Clock) {
    this.#lanes = lanes;
    this.#clock = clock;
    this.#countedMs = clock.monotonicMs();
  }

  get lanes(): number {
    return this.#lanes;
  }

  /** Changes the number of parts that are admitted at once. Those in flight stay. */
  set lanes(lanes: number) {
    this.#lanes = lanes;
    this.#wake();
  }

  /** Waits until there is room. Rejects with the signal's reason. */
  async enter(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    while (this.#inFlight >= this.#lanes) await this.#waitForTurn(signal);
    this.#count(1);
  }

  leave(): void {
    this.#count(-1);
    this.#wake();
  }

  /** Returns the present moment. */
  mark(): GateMark {
    this.#count(0);
    return { atMs: this.#countedMs, busyMs: this.#busyMs };
  }

  /** Returns how many parts shared the line since the mark, and for how long. */
  since(mark: GateMark): GateAverage {
    const now = this.mark();
    const elapsedMs = now.atMs - mark.atMs;
    const lanes = elapsedMs > 0 ? (now.busyMs - mark.busyMs) / elapsedMs : this.#inFlight;
    return { lanes: Math.max(1, lanes), elapsedMs };
  }

  /** Resolves when there may be room. Rejects with the signal's reason. */
  #waitForTurn(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const wake = (): void => {
        removeListener();
        resolve();
      };
      const removeListener = onAbort(signal, () => {
        this.#waiting.splice(this.#waiting.indexOf(wake), 1);
        reject(signal.reason);
      });
      this.#waiting.push(wake);
    });
  }

  #wake(): void {
    for (const wake of this.#waiting.splice(0, Math.max(0, this.#lanes - this.#inFlight))) wake();
  }

  #count(change: number): void {
    const nowMs = this.#clock.monotonicMs();
    this.#busyMs += this.#inFlight * (nowMs - this.#countedMs);
    this.#countedMs = nowMs;
    this.#inFlight += change;
  }
}
