/** Pages of listings: the `limit` and `marker` of a request, and the marker of its response. */
import { invalid } from '../http/service-error.js';

/**
 * Returns the limit of a page; `max` is the default. The service lowers a larger limit to the maximum: a request for
 * 1000 vaults gets 10 (seen in aws-sdk-net, issue 895), and older clients always send 1000.
 * @throws ServiceError unless the limit is a positive whole number
 */
export function pageLimit(query: URLSearchParams, max: number): number {
  const text = query.get('limit');
  if (text === null || text === '') return max;
  const limit = /^\d+$/.test(text) ? Number(text) : 0;
  if (limit < 1) throw invalid('limit', text);
  return Math.min(limit, max);
}

/**
 * Decodes a marker into the key of the last item of the page before; null for the first page. Markers are encoded so
 * that clients treat them as opaque.
 * @throws ServiceError unless `writeMarker` wrote it
 */
export function readMarker(query: URLSearchParams, keyPattern: RegExp): string | null {
  const marker = query.get('marker');
  if (marker === null || marker === '') return null;
  const key = Buffer.from(marker, 'base64url').toString('latin1');
  if (!keyPattern.test(key) || writeMarker(key) !== marker) throw invalid('marker', marker);
  return key;
}

export function writeMarker(key: string): string {
  return Buffer.from(key, 'latin1').toString('base64url');
}

interface Page<T> {
  readonly items: readonly T[];
  /** The marker of the next page; null on the last page. */
  readonly marker: string | null;
}

/** Returns the first `limit` items as a page. `found` has one item more than the limit if there are more pages. */
export function cutPage<T>(found: readonly T[], limit: number, markerOf: (item: T) => string): Page<T> {
  const items = found.slice(0, limit);
  const last = items.at(-1);
  return { items, marker: found.length > limit && last !== undefined ? markerOf(last) : null };
}
