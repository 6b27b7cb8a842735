/** How long a service asks to be left alone. */

type Headers = Readonly<Record<string, string | undefined>>;

/**
 * A date is taken against the answer's own `Date`, so that a clock of ours that goes wrong does not matter.
 * @returns milliseconds; null where nothing is asked that can be read
 * Source: RFC 9110, section 10.2.3, "Retry-After".
 */
export function retryAfterMs(headers: Headers, nowMs: number): number | null {
  const asked = headers['retry-after']?.trim() ?? '';
  if (/^\d{1,9}$/.test(asked)) return Number(asked) * 1000;
  // V8 would take -5 for a date, too.
  const untilMs = asked.endsWith(' GMT') ? Date.parse(asked) : Number.NaN;
  if (Number.isNaN(untilMs)) return null;
  const answeredMs = Date.parse(headers['date'] ?? '');
  return Math.max(0, untilMs - (Number.isNaN(answeredMs) ? nowMs : answeredMs));
}
