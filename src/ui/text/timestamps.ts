/** Times as calve prints them: always UTC, so that two machines' logs can be laid side by side. */

const NS_PER_MS = 1_000_000n;

/** ISO-8601 UTC with milliseconds of whatever the service wrote; null where it is no time at all. */
export function isoMoment(text: string | null): string | null {
  const ms = text === null ? Number.NaN : Date.parse(text);
  return Number.isNaN(ms) ? null : new Date(ms).toISOString();
}

/** The same, of a file's time in nanoseconds (a decimal string). */
export function isoFromNs(ns: string): string | null {
  const date = new Date(Number(BigInt(ns) / NS_PER_MS));
  return Number.isNaN(date.getTime()) ? null : date.toISOString();
}

/** `2026-11-20 10:04 UTC`, for people; a question mark where there is no telling. */
export function formatTimestamp(text: string | null): string {
  const iso = isoMoment(text);
  return iso === null ? '?' : `${iso.slice(0, 10)} ${iso.slice(11, 16)} UTC`;
}
