/** The port to time and chance, so that tests can control both. */
export interface Clock {
  /** Returns the time of day, for dates that are printed, recorded or compared with others. It may be set at any time. */
  nowMs(): number;
  /** Returns a time in whole ms that only grows, for every duration. It stands still while the machine sleeps. */
  monotonicMs(): number;
  /** Resolves after `ms`. Rejects with the signal's reason as soon as it is aborted. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
  /** Returns a number that is uniform in [0, 1). */
  random(): number;
}

/** Returns the time in ISO-8601 UTC with milliseconds: the one form that also sorts as text. */
export function isoNow(clock: Pick<Clock, 'nowMs'>): string {
  return new Date(clock.nowMs()).toISOString();
}
