/** Reads the time that a service asks the client to wait before the next request. */

type Headers = Readonly<Record<string, string | undefined>>;

/**
 * Compares a date with the response's own `Date`, so that a wrong local clock does not matter.
 * @returns milliseconds; null without a header that can be read
 * Source: RFC 9110, section 10.2.3, "Retry-After".
 */
export function retryAfterMs(headers: Headers, nowMs: number): number | null {
  const value = headers['retry-after']?.trim() ?? '';
  if (/^\d{1,9}$/.test(value)) return Number(value) * 1000;
  // V8 would parse -5 as a date, too.
  const untilMs = value.endsWith(' GMT') ? Date.parse(value) : Number.NaN;
  if (Number.isNaN(untilMs)) return null;
  const respondedMs = Date.parse(headers['date'] ?? '');
  return Math.max(0, untilMs - (Number.isNaN(respondedMs) ? nowMs : respondedMs));
}
