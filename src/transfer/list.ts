/** Listings come in pages: followed to the end, one page in memory at a time. */
import { TransferError } from '../core/failures.js';
import type { OpenUpload, PartsPage, RemotePart, Target } from './ports.js';

interface Page {
  readonly marker: string | null;
}

/**
 * Every page of a listing, in order. A service that repeats its markers would be read for ever, so a marker that
 * comes again ends it; looking back at one marker, moved on at each power of two of pages, finds any cycle in
 * constant memory (Brent's algorithm).
 * @throws TransferError `unreachable` when markers repeat
 */
export async function* everyPage<P extends Page>(
  operation: string,
  fetchPage: (marker: string | null) => Promise<P>,
): AsyncGenerator<P> {
  let marker: string | null = null;
  let seen: string | null = null;
  for (let pageCount = 1, moveAt = 1; ; pageCount += 1) {
    const page: P = await fetchPage(marker);
    yield page;
    marker = page.marker;
    if (marker === null || marker === '') return;
    if (marker === seen) {
      const why = 'the service gave the same page marker again, so its list has no end';
      throw new TransferError('unreachable', { operation, why, attempts: pageCount, elapsedMs: 0 });
    }
    if (pageCount === moveAt) {
      seen = marker;
      moveAt *= 2;
    }
  }
}

/**
 * All parts that the service holds of an upload, with the upload's own facts from the first page.
 * @param partSizeBytes what our own journal says of it, if there is one
 */
export async function listAllParts(
  target: Target,
  uploadId: string,
  signal: AbortSignal,
  partSizeBytes?: number,
): Promise<{ upload: PartsPage; parts: RemotePart[] }> {
  const parts: RemotePart[] = [];
  const size = partSizeBytes === undefined ? {} : { partSizeBytes };
  let first: PartsPage | null = null;
  for await (const page of everyPage('list parts', (marker) =>
    target.listPartsPage(uploadId, { limit: null, marker, ...size }, signal),
  )) {
    first ??= page;
    parts.push(...page.parts);
  }
  return { upload: first as PartsPage, parts };
}

/** All uploads in progress, as the service lists them. */
export async function* listAllUploads(target: Target, signal: AbortSignal): AsyncGenerator<OpenUpload> {
  for await (const page of everyPage('list uploads', (marker) =>
    target.listUploadsPage({ limit: null, marker }, signal),
  )) {
    yield* page.uploads;
  }
}
