/** Parses the moments of `--since` and `--until`: a date, a time, or an age. */
import { parseDurationMs } from './units.js';

const DAY_MS = 86_400_000;
const DATE = /^\d{4}-\d\d-\d\d$/;
const TIME = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?)(Z|[+-]\d\d:\d\d)?$/i;

/** The first and the last millisecond that the text names. They differ for a date, which names a whole day. */
export interface Moment {
  readonly firstMs: number;
  readonly lastMs: number;
}

/**
 * Parses `2026-01-31`, `2026-01-31T18:00`, `2026-01-31T18:00:05+02:00` (UTC without a zone), or an age such as `30d`.
 * @returns milliseconds since 1970; null for any other text, and for a day that no calendar has
 */
export function parseMoment(text: string, nowMs: number): Moment | null {
  const ageMs = parseDurationMs(text);
  if (ageMs !== null) return { firstMs: nowMs - ageMs, lastMs: nowMs - ageMs };
  if (DATE.test(text)) {
    const firstMs = dayMs(text);
    return firstMs === null ? null : { firstMs, lastMs: firstMs + DAY_MS - 1 };
  }
  const [, date = '', clock = '', zone = 'Z'] = TIME.exec(text) ?? [];
  const ms = dayMs(date) === null ? Number.NaN : Date.parse(`${date}T${clock}${zone.toUpperCase()}`);
  return Number.isNaN(ms) ? null : { firstMs: ms, lastMs: ms };
}

/** JavaScript takes 2026-02-30 for the second of March. */
function dayMs(date: string): number | null {
  const ms = Date.parse(`${date}T00:00:00Z`);
  return Number.isNaN(ms) || !new Date(ms).toISOString().startsWith(date) ? null : ms;
}
