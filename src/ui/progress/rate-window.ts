/** The time over which the rate is measured: parts that end together do not make it jump. */
const WINDOW_MS = 15_000;

/** Measures a rate over the last 15 seconds. */
export class RateWindow {
  /** The bytes that had moved at some times, the oldest first. The first time is at most as old as the window. */
  readonly #looks: { readonly atMs: number; readonly bytes: number }[] = [];

  look(nowMs: number, bytes: number): void {
    this.#looks.push({ atMs: nowMs, bytes });
    while ((this.#looks[1]?.atMs ?? nowMs) <= nowMs - WINDOW_MS) this.#looks.shift();
  }

  /** Returns the bytes per second since the first look; null if nothing has moved since then. */
  bytesPerSecond(nowMs: number, bytes: number): number | null {
    const [first] = this.#looks;
    if (first === undefined || nowMs <= first.atMs) return null;
    const moved = bytes - first.bytes;
    return moved <= 0 ? null : (moved * 1000) / (nowMs - first.atMs);
  }
}
