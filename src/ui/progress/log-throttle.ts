/** Lets one line through at a time: a service that is down must not fill a log. */

export interface Pace {
  /** How many were held back since the last that went through; null: hold this one back, too. */
  take(): number | null;
}

/**
 * @param intervalMs the least time between two; 0 lets everything through
 * @param startMs counted from then: -Infinity lets the first one through at once
 */
export function createLogThrottle(nowMs: () => number, intervalMs: number, startMs: number): Pace {
  let lastMs = startMs;
  let heldBack = 0;
  return {
    take() {
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
