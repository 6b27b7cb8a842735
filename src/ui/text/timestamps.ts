/** Times as calve prints them: always in UTC, so that the logs of two machines can be compared. */

const NS_PER_MS = 1_000_000n;

/** Returns the time as ISO-8601 UTC with milliseconds; null if the text is not a time. */
export function isoMoment(text: string | null): string | null {
  return isoFromMs(text === null ? Number.NaN : Date.parse(text));
}

/** Returns a file's time, which is a decimal string of nanoseconds, as ISO-8601 UTC. */
export function isoFromNs(ns: string): string | null {
  return isoFromMs(Number(BigInt(ns) / NS_PER_MS));
}

/** Returns milliseconds since 1970 as ISO-8601 UTC; null if there is no such time. */
export function isoFromMs(ms: number): string | null {
  const date = new Date(ms);
  return Number.isNaN(date.getTime()) ? null : date.toISOString();
}

/** Returns `2026-11-20 10:04 UTC`, for people; a question mark if the text is not a time. */
export function formatTimestamp(text: string | null): string {
  const iso = isoMoment(text);
  return iso === null ? '?' : shortForm(iso);
}

/** Returns ` since 2026-11-20 10:04 UTC`; nothing if the time is unknown or, for example in a damaged lock, not a time. */
export function formatSince(sinceMs: number | null): string {
  const iso = sinceMs === null ? null : isoFromMs(sinceMs);
  return iso === null ? '' : ` since ${shortForm(iso)}`;
}

function shortForm(iso: string): string {
  return `${iso.slice(0, 10)} ${iso.slice(11, 16)} UTC`;
}
