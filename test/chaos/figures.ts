/** Counts what a chaos run did, and keeps the violations that it found. */

/** A promise that did not hold, with what is needed to see it again. */
export interface Violation {
  readonly title: string;
  readonly detail: string;
  /** The command line that tries the same once more. */
  readonly again: string;
}

export class Figures {
  /** Archives that were read back and compared with their file. */
  uploads = 0;
  bytes = 0;
  runs = 0;
  kills = 0;
  signals = 0;
  slowestStopMs = 0;
  readonly faults = new Map<string, number>();
  /** Damaged states that a run met, through the built program and inside this process together. */
  damages = 0;
  fullDisks = 0;
  sourceChanges = 0;
  fuzzed = 0;
  readonly violations: Violation[] = [];
  readonly #onViolation: (violation: Violation) => void;

  /** @param onViolation gets each violation at once, because a long run may be stopped before its end */
  constructor(onViolation: (violation: Violation) => void = () => undefined) {
    this.#onViolation = onViolation;
  }

  violate(violation: Violation): void {
    this.violations.push(violation);
    this.#onViolation(violation);
  }

  get faultCount(): number {
    return [...this.faults.values()].reduce((sum, count) => sum + count, 0);
  }

  countFault(kind: string): void {
    this.faults.set(kind, (this.faults.get(kind) ?? 0) + 1);
  }

  /** One line for people and for the documents. */
  summary(): string {
    const n = (count: number): string => count.toLocaleString('en-US');
    const found = this.violations.length;
    return [
      `${n(this.uploads)} uploads`,
      `${n(Math.round(this.bytes / 1024 ** 2))} MiB compared`,
      `${n(this.runs)} runs`,
      `${n(this.kills)} kills`,
      `${n(this.signals)} signals (slowest stop ${n(Math.round(this.slowestStopMs))} ms)`,
      `${n(this.faultCount)} faults injected`,
      `${n(this.damages)} states damaged`,
      `${n(this.fullDisks)} full disks`,
      `${n(this.sourceChanges)} source changes`,
      ...(this.fuzzed > 0 ? [`${n(this.fuzzed)} fuzzed inputs`] : []),
      `lost: ${found}`,
    ].join(', ');
  }
}
