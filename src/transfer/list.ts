/** Lists of parts and uploads: followed page by page to the end, one page in memory at a time. */
import { TransferError } from '../core/failures.js';
import { isSameTarget } from '../core/identity.js';
import type { ArchivesPage } from './ports/archive-list.js';
import type { KnownFleet } from './ports/fleet.js';
import type { UnfinishedUpload } from './ports/state.js';
import type { OpenUpload, PartsPage, RemotePart, Target, UploadsPage } from './ports/target.js';
import { type Session, sessionAt } from './session.js';

/** The members of a session that a list needs. */
export type ListSession = Pick<Session, 'target' | 'targetIdentity' | 'state' | 'signal'>;

interface Page {
  readonly marker: string | null;
}

/** The entries of a list, by which a list without an end is recognised. */
interface Entries<P> {
  /** Returns the number of entries that the service gave on a page. */
  readonly count: (page: P) => number;
  /** Returns text that is the same only for pages that start with the same entry; null for a page without an entry. */
  readonly first: (page: P) => string | null;
  /** The most entries of the whole list. */
  readonly max: number;
}

/** Source: Amazon S3 user guide, "Multipart upload limits"; Glacier developer guide, "Quick Facts". */
const PARTS_MAX = 10_000;

/** The archives of a page, for a list that has any number of them. */
export const ENTRIES_OF_ARCHIVES: Entries<ArchivesPage> = {
  count: ({ archives }) => archives.length,
  first: ({ archives: [archive] }) => archive?.archiveId ?? null,
  max: Number.POSITIVE_INFINITY,
};

/** A service that filters its list may give a few pages without an entry. */
const EMPTY_PAGES_MAX = 100;

const ENTRIES_OF_PARTS: Entries<PartsPage> = {
  count: ({ parts }) => parts.length,
  first: ({ parts: [part] }) => (part === undefined ? null : `${part.index ?? part.startByte}`),
  max: PARTS_MAX,
};

/** A bucket may have any number of uploads. */
const ENTRIES_OF_UPLOADS: Entries<UploadsPage> = {
  count: ({ uploads, otherUploads = 0 }) => uploads.length + otherUploads,
  first: ({ uploads: [upload], otherUploads = 0, marker }) =>
    upload === undefined ? (otherUploads > 0 ? marker : null) : `${upload.key} ${upload.uploadId}`,
  max: Number.POSITIVE_INFINITY,
};

/** Creates the failure for a list that has no end, or none that can be waited for. */
function endless(operation: string, why: string, pageCount: number): TransferError<'unreachable'> {
  return new TransferError('unreachable', { operation, why, attempts: pageCount, elapsedMs: 0 });
}

/** Returns a function that is called with each page, and fails if the list cannot be one of a service. */
function entriesChecker<P extends Page>(
  operation: string,
  { count, first, max }: Entries<P>,
): (page: P) => void {
  let pages = 0;
  let entries = 0;
  let emptyPages = 0;
  let lastFirst: string | null = null;
  return (page) => {
    pages += 1;
    entries += count(page);
    const nextFirst = first(page);
    const isNew = nextFirst !== null && nextFirst !== lastFirst;
    emptyPages = isNew ? 0 : emptyPages + 1;
    lastFirst = nextFirst;
    if (entries > max) {
      throw endless(operation, `the service lists more than the ${max} parts that an upload can have`, pages);
    }
    if (emptyPages > EMPTY_PAGES_MAX) {
      throw endless(
        operation,
        `the service gave ${EMPTY_PAGES_MAX} pages without a new entry in a row`,
        pages,
      );
    }
  };
}

/**
 * Yields every page of a list, in order. A service that repeats its markers would be read forever, so a marker that
 * comes again ends the list. The function remembers one marker, and a newer one at each power of two of pages: that
 * finds any cycle in constant memory (Brent's algorithm).
 * @throws TransferError `unreachable` when markers repeat, when there are more entries than a list can have, and when
 * many pages in a row have none
 */
export async function* everyPage<P extends Page>(
  operation: string,
  fetchPage: (marker: string | null) => Promise<P>,
  entries: Entries<P>,
): AsyncGenerator<P> {
  const checkEntries = entriesChecker(operation, entries);
  let marker: string | null = null;
  let remembered: string | null = null;
  for (let pageCount = 1, rememberAt = 1; ; pageCount += 1) {
    const page: P = await fetchPage(marker);
    checkEntries(page);
    yield page;
    marker = page.marker;
    if (marker === null || marker === '') return;
    if (marker === remembered) {
      const why = 'the service gave the same page marker again, so its list has no end';
      throw endless(operation, why, pageCount);
    }
    if (pageCount === rememberAt) {
      remembered = marker;
      rememberAt *= 2;
    }
  }
}

/** Yields every page of the parts that the service holds of an upload. @throws TransferError as everyPage */
export function everyPartsPage(
  target: Target,
  uploadId: string,
  signal: AbortSignal,
  partSizeBytes?: number,
): AsyncGenerator<PartsPage> {
  const size = partSizeBytes === undefined ? {} : { partSizeBytes };
  const fetchPage = (marker: string | null): Promise<PartsPage> =>
    target.listPartsPage(uploadId, { limit: null, marker, ...size }, signal);
  return everyPage('list parts', fetchPage, ENTRIES_OF_PARTS);
}

/** All parts that the service holds of an upload, with the facts of the upload from the first page. */
export interface ListedParts {
  readonly upload: PartsPage;
  readonly parts: readonly RemotePart[];
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
): Promise<ListedParts> {
  const parts: RemotePart[] = [];
  let first: PartsPage | null = null;
  for await (const page of everyPartsPage(target, uploadId, signal, partSizeBytes)) {
    first ??= page;
    // A spread of a very long page would overflow the stack.
    for (const part of page.parts) parts.push(part);
  }
  return { upload: first as PartsPage, parts };
}

/** Yields all uploads in progress, as the service lists them. @throws TransferError as everyPage */
export async function* listAllUploads(target: Target, signal: AbortSignal): AsyncGenerator<OpenUpload> {
  for await (const page of uploadPages(target, signal)) yield* page.uploads;
}

function uploadPages(target: Target, signal: AbortSignal): AsyncGenerator<UploadsPage> {
  const fetchPage = (marker: string | null): Promise<UploadsPage> =>
    target.listUploadsPage({ limit: null, marker }, signal);
  return everyPage('list uploads', fetchPage, ENTRIES_OF_UPLOADS);
}

/** An upload in progress on the service, with what this machine knows of it. */
export interface JoinedUpload {
  readonly open: OpenUpload;
  readonly local: UnfinishedUpload | null;
  /** ISO-8601 UTC: when the newest of its parts arrived, where the service was asked for that. */
  readonly newestPartAt?: string;
  /** Set for the upload of a fleet that this machine knows, where it was looked for. */
  readonly fleet?: KnownFleet;
  /** The service's time when it listed the upload, in ms since 1970; null or absent: not known. */
  readonly listedMs?: number | null;
}

/**
 * Yields the service's uploads in progress, each with what the state folder knows of it.
 * @param unfinished the uploads in the state folder, if the caller has read them already
 */
export async function* listUploads(
  session: ListSession,
  unfinished?: readonly UnfinishedUpload[],
): AsyncGenerator<JoinedUpload> {
  const join = await joiner(session, unfinished);
  for await (const { uploads, answeredMs: listedMs = null } of uploadPages(session.target, session.signal)) {
    for (const open of uploads) yield { ...join(open), listedMs };
  }
}

/** Returns a function that adds what the state folder knows. The same id under another key is another upload. */
export async function joiner(
  session: ListSession,
  unfinished?: readonly UnfinishedUpload[],
): Promise<(open: OpenUpload) => JoinedUpload> {
  const known = unfinished ?? (await session.state.all());
  const byId = new Map(known.map((upload) => [upload.head.uploadId, upload]));
  return (open) => {
    const local = byId.get(open.uploadId) ?? null;
    const { targetIdentity } = sessionAt(session, open.key);
    const isOurs = local !== null && isSameTarget(local.head.identity.target, targetIdentity);
    return { open, local: isOurs ? local : null };
  };
}
