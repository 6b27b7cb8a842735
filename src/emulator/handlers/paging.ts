/** `limit` and `marker` of the listing calls. */
import { invalid } from '../http/service-error.js';

/** @throws ServiceError unless it is from 1 to `max`, the default */
export function pageLimit(query: URLSearchParams, max: number): number {
  const text = query.get('limit');
  if (text === null || text === '') return max;
  const limit = /^\d{1,9}$/.test(text) ? Number(text) : 0;
  if (limit < 1 || limit > max) throw invalid('limit', text);
  return limit;
}

/** The cursor inside a marker, null for the first page. Its wrapping keeps clients from reading or making one. */
export function readMarker(query: URLSearchParams, shape: RegExp): string | null {
  const marker = query.get('marker');
  if (marker === null || marker === '') return null;
  const cursor = Buffer.from(marker, 'base64url').toString('latin1');
  if (!shape.test(cursor) || writeMarker(cursor) !== marker) throw invalid('marker', marker);
  return cursor;
}

export function writeMarker(cursor: string): string {
  return Buffer.from(cursor, 'latin1').toString('base64url');
}

interface Page<T> {
  readonly items: readonly T[];
  /** The last item's cursor where more follow, else null. */
  readonly next: string | null;
}

/** Cuts a page off items that hold one more than the limit where there are more. */
export function cutPage<T>(found: readonly T[], limit: number, cursorOf: (item: T) => string): Page<T> {
  const items = found.slice(0, limit);
  const last = items.at(-1);
  return { items, next: found.length > limit && last !== undefined ? cursorOf(last) : null };
}
