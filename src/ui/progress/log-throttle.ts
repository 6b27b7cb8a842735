/** Limits how often a line is printed: a service that does not answer must not fill a log. */

export interface LogThrottle {
  /**
   * Asks for one more line. Returns null if it must be held back; otherwise the number of lines that were held back
   * since the last one that was admitted.
   */
  admit(): number | null;
}

/**
 * @param intervalMs the least time between two lines; 0 admits every line
 * @param startMs the time from which the first interval counts; -Infinity admits the first line at once
 */
export function createLogThrottle(nowMs: () => number, intervalMs: number, startMs: number): LogThrottle {
  let lastMs = startMs;
  let heldBack = 0;
  return {
    admit() {
      const now = nowMs();
      if (now - lastMs < intervalMs) {
        heldBack += 1;
        return null;
      }
      const before = heldBack;
      lastMs = now;
      heldBack = 0;
      return before;
    },
  };
}
