/** `audit`: compares what the catalogue has with what the service lists. It downloads no archive. */
import pLimit from 'p-limit';
import { isDenied, TransferError } from '../core/failures.js';
import type { TargetIdentity } from '../core/identity.js';
import { namesMany, parseTargetUrl, withKey } from '../core/target-url.js';
import { AuditTracker, type Tracking } from './audit-tracker.js';
import { importedEntry } from './import-archive.js';
import { resultsInOrder } from './in-order.js';
import { ENTRIES_OF_ARCHIVES, everyPage } from './list.js';
import type { ArchiveList, ArchiveLook, HeldFacts, ListedArchive, Proof } from './ports/archive-list.js';
import type { CatalogueEntry } from './ports/state.js';
import { type Session, sessionAt } from './session.js';

/**
 * `newer`: archived after the list was made, or so shortly before that the list may lack it. `replaced`: calve made a
 * later archive under the same key. `unknown`: the service has it, and the catalogue does not.
 */
export const AUDIT_RESULTS = ['ok', 'missing', 'different', 'unknown', 'newer', 'replaced'] as const;
export type AuditResult = (typeof AUDIT_RESULTS)[number];

export interface AuditedArchive {
  readonly result: AuditResult;
  /** Null where the result is `unknown`. */
  readonly entry: CatalogueEntry | null;
  /** Set where the result is `unknown`. */
  readonly listed: ListedArchive | null;
  /** The facts of the service where both sides have the archive. */
  readonly held: HeldFacts | null;
  readonly proof: Proof | null;
  /** True if this run added it to the catalogue. */
  readonly imported: boolean;
}

export type AuditSession = Pick<Session, 'target' | 'targetIdentity' | 'catalogue' | 'signal'>;

export interface Audit {
  /** ISO-8601 UTC: when a vault took its inventory; null: the list of a bucket is of now. */
  readonly takenAt: string | null;
  archives(): AsyncGenerator<AuditedArchive>;
}

/**
 * Finds the list of the service's archives.
 * @param isImporting adds the archives that the catalogue does not have
 * @throws TransferError `inventory-pending` while a vault makes its inventory
 */
export async function openAudit(session: AuditSession, isImporting: boolean): Promise<Audit> {
  const list = await session.target.openArchiveList(session.signal);
  if (list.state === 'none') throw new TransferError('inventory-pending', { jobId: null });
  if (list.state === 'pending') {
    const { jobId, startedAt, isNew } = list;
    throw new TransferError('inventory-pending', { jobId, startedAt, isNew });
  }
  return { takenAt: list.takenAt, archives: () => compareAll(session, list, isImporting) };
}

type ReadyList = Extract<ArchiveList, { readonly state: 'ready' }>;

/** Requests and writes that run at the same time: fewer than the connections to a service. */
const AT_ONCE = 8;

/**
 * Keeps a few facts of each archive of the catalogue and nothing of the service's list. The catalogue is read twice: its
 * own two passes, the first of which asks for each entry if it is wanted, have the list between them.
 */
async function* compareAll(
  session: AuditSession,
  list: ReadyList,
  isImporting: boolean,
): AsyncGenerator<AuditedArchive> {
  const tracker = new AuditTracker(session.target.capabilities.storesObjects);
  const isAudited = entryFilter(session.targetIdentity);
  const entries = session.catalogue
    .oldestFirst((entry) => {
      session.signal.throwIfAborted();
      const isWanted = isAudited(entry);
      if (isWanted) tracker.add(entry);
      return isWanted;
    })
    [Symbol.asyncIterator]();
  // No entry comes before all were asked for.
  const first = await entries.next();
  const limit = pLimit(AT_ONCE);
  try {
    for await (const archives of listedPages(session, list)) {
      const unknown = archives.filter((listed) => !tracker.note(listed));
      if (!isImporting) for (const listed of unknown) yield unknownResult(listed, false);
      else yield* resultsInOrder(unknown, (listed) => limit(() => importUnknown(session, listed)));
    }
    yield* resultsInOrder(continued(first, entries), (entry) => {
      session.signal.throwIfAborted();
      const tracking = tracker.compare(entry);
      if (!needsLook(list, entry, tracking)) return resultOf(list, entry, tracking);
      return limit(async () => resultOf(list, entry, await lookAgain(session, entry, tracking)));
    });
  } finally {
    limit.clearQueue();
  }
}

/** Returns what an iterator still gives, after the value that was taken from it. */
function continued<T>(first: IteratorResult<T>, rest: AsyncIterator<T>): AsyncIterable<T> {
  let taken: IteratorResult<T> | null = first;
  const next = async (): Promise<IteratorResult<T>> => {
    const value = taken ?? rest.next();
    taken = null;
    return value;
  };
  return { [Symbol.asyncIterator]: () => ({ next }) };
}

async function* listedPages(
  { target, signal }: AuditSession,
  list: ReadyList,
): AsyncGenerator<readonly ListedArchive[]> {
  const fetchPage = (marker: string | null) => target.listArchivesPage(marker ?? list.marker, signal);
  for await (const { archives } of everyPage('list archives', fetchPage, ENTRIES_OF_ARCHIVES)) yield archives;
}

function unknownResult(listed: ListedArchive, imported: boolean): AuditedArchive {
  return { result: 'unknown', entry: null, listed, held: null, proof: null, imported };
}

async function importUnknown(session: AuditSession, listed: ListedArchive): Promise<AuditedArchive> {
  session.signal.throwIfAborted();
  await session.catalogue.record(importedEntry(session, listed));
  return unknownResult(listed, true);
}

/**
 * Returns true for an object that the list does not show to be right. The list may be older than the object, which some
 * stores show later; and the checksum of an object, which the list does not have, may decide where the ETag cannot.
 */
function needsLook({ takenAt }: ReadyList, { object }: CatalogueEntry, tracking: Tracking): boolean {
  if (takenAt !== null) return false;
  if (tracking.state === 'missing' || tracking.state === 'different') return true;
  const hasMore = object?.checksum !== undefined || (object?.etag ?? null) !== null;
  return tracking.state === 'same' && tracking.proof === 'size' && hasMore;
}

type Found = Tracking | Exclude<ArchiveLook, { readonly state: 'hidden' }>;

async function lookAgain(session: AuditSession, entry: CatalogueEntry, byList: Tracking): Promise<Found> {
  const { key } = parseTargetUrl(entry.identity.target.url);
  try {
    const look = await sessionAt(session, key).target.lookAt(entry, session.signal);
    return look.state === 'hidden' ? byList : look;
  } catch (error) {
    // Credentials that may only list have shown what they can.
    if (isDenied(error)) return byList;
    throw error;
  }
}

/**
 * An archive takes up to a day to appear in the inventory, and the clocks of both sides may differ.
 * Source: Amazon Glacier developer guide, "Downloading a Vault Inventory".
 */
const INVENTORY_LAG_MS = 24 * 3_600_000;

function resultOf({ takenAt }: ReadyList, entry: CatalogueEntry, found: Found): AuditedArchive {
  const { held, proof } = 'held' in found ? found : { held: null, proof: null };
  const isTooNew = takenAt !== null && Date.parse(entry.archivedAt) > Date.parse(takenAt) - INVENTORY_LAG_MS;
  const results = {
    same: 'ok',
    different: 'different',
    missing: isTooNew ? 'newer' : 'missing',
    replaced: 'replaced',
    'not-tracked': 'newer',
  } as const;
  return { result: results[found.state], entry, listed: null, held, proof, imported: false };
}

/** Returns a test for the entries of a vault, of a bucket or of the keys below a prefix. */
function entryFilter(wanted: TargetIdentity): (entry: CatalogueEntry) => boolean {
  const target = parseTargetUrl(wanted.url);
  const isBucket = target.scheme === 's3' || target.scheme === 'obs';
  const start =
    isBucket && namesMany(target) ? `${withKey(wanted.url, target.key).replace(/\/$/, '')}/` : null;
  return ({ identity: { target: own } }) => {
    const isSamePlace = own.region === wanted.region && own.endpoint === wanted.endpoint;
    // An account is not known where these credentials may not describe the vault.
    const isSameAccount = own.account === wanted.account || own.account === null || wanted.account === null;
    const isBelow = start === null ? own.url === wanted.url : own.url.startsWith(start);
    return isSamePlace && isSameAccount && isBelow;
  };
}
