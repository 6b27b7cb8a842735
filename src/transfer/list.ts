/** Lists of parts and uploads: followed page by page to the end, one page in memory at a time. */
import { TransferError } from '../core/failures.js';
import { isSameTarget } from '../core/identity.js';
import type { UnfinishedUpload } from './ports/state.js';
import type { OpenUpload, PartsPage, RemotePart, Target, UploadsPage } from './ports/target.js';
import { type Session, sessionAt } from './session.js';

/** The members of a session that a list needs. */
export type ListSession = Pick<Session, 'target' | 'targetIdentity' | 'state' | 'signal'>;

interface Page {
  readonly marker: string | null;
}

/**
 * Yields every page of a list, in order. A service that repeats its markers would be read forever, so a marker that
 * comes again ends the list. The function remembers one marker, and a newer one at each power of two of pages: that
 * finds any cycle in constant memory (Brent's algorithm).
 * @throws TransferError `unreachable` when markers repeat
 */
export async function* everyPage<P extends Page>(
  operation: string,
  fetchPage: (marker: string | null) => Promise<P>,
): AsyncGenerator<P> {
  let marker: string | null = null;
  let remembered: string | null = null;
  for (let pageCount = 1, rememberAt = 1; ; pageCount += 1) {
    const page: P = await fetchPage(marker);
    yield page;
    marker = page.marker;
    if (marker === null || marker === '') return;
    if (marker === remembered) {
      const why = 'the service gave the same page marker again, so its list has no end';
      throw new TransferError('unreachable', { operation, why, attempts: pageCount, elapsedMs: 0 });
    }
    if (pageCount === rememberAt) {
      remembered = marker;
      rememberAt *= 2;
    }
  }
}

/**
 * Returns all parts that the service holds of an upload, with the upload's own facts from the first page.
 * @param partSizeBytes the part size in our own journal, if there is one
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

/** Yields all uploads in progress, as the service lists them. */
export async function* listAllUploads(target: Target, signal: AbortSignal): AsyncGenerator<OpenUpload> {
  for await (const page of uploadPages(target, signal)) yield* page.uploads;
}

function uploadPages(target: Target, signal: AbortSignal): AsyncGenerator<UploadsPage> {
  return everyPage('list uploads', (marker) => target.listUploadsPage({ limit: null, marker }, signal));
}

/** An upload in progress on the service, with what this machine knows of it. */
export interface JoinedUpload {
  readonly open: OpenUpload;
  readonly local: UnfinishedUpload | null;
  /** ISO-8601 UTC: when the newest of its parts arrived, where the service was asked for that. */
  readonly newestPartAt?: string;
  /** The service's time when it listed the upload, in ms since 1970; null or absent: not known. */
  readonly listedMs?: number | null;
}

/** Yields the service's uploads in progress, each with what the state folder knows of it. */
export async function* listUploads(session: ListSession): AsyncGenerator<JoinedUpload> {
  const join = await joiner(session);
  for await (const { uploads, answeredMs: listedMs = null } of uploadPages(session.target, session.signal)) {
    for (const open of uploads) yield { ...join(open), listedMs };
  }
}

/** Returns a function that adds what the state folder knows. The same id under another key is another upload. */
export async function joiner(session: ListSession): Promise<(open: OpenUpload) => JoinedUpload> {
  const unfinished = await session.state.all();
  const byId = new Map(unfinished.map((upload) => [upload.head.uploadId, upload]));
  return (open) => {
    const local = byId.get(open.uploadId) ?? null;
    const { targetIdentity } = sessionAt(session, open.key);
    const isOurs = local !== null && isSameTarget(local.head.identity.target, targetIdentity);
    return { open, local: isOurs ? local : null };
  };
}
