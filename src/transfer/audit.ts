/** `audit`: compares what the catalogue has with what the service lists. It downloads no archive. */
import { isDenied, TransferError } from '../core/failures.js';
import type { TargetIdentity } from '../core/identity.js';
import { namesMany, parseTargetUrl, withKey } from '../core/target-url.js';
import { AuditTracker, type HeldFacts, type Proof } from './audit-tracker.js';
import { importedEntry } from './import-archive.js';
import { ENTRIES_OF_ARCHIVES, everyPage } from './list.js';
import type { ArchiveList, ListedArchive } from './ports/archive-list.js';
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

/** Reads the catalogue twice, so that it keeps a few facts of each archive and nothing of the service's list. */
async function* compareAll(
  session: AuditSession,
  list: ReadyList,
  isImporting: boolean,
): AsyncGenerator<AuditedArchive> {
  const { catalogue, signal } = session;
  const isAudited = entryFilter(session.targetIdentity);
  const tracker = new AuditTracker(session.target.capabilities.storesObjects);
  for await (const entry of catalogue.entries()) {
    signal.throwIfAborted();
    if (isAudited(entry)) tracker.add(entry);
  }
  for await (const listed of listedArchives(session, list)) {
    if (tracker.note(listed)) continue;
    if (isImporting) {
      await catalogue.record(importedEntry(session, listed));
      tracker.noteImport(listed.archiveId);
    }
    yield { result: 'unknown', entry: null, listed, held: null, proof: null, imported: isImporting };
  }
  for await (const entry of catalogue.oldestFirst(isAudited)) {
    signal.throwIfAborted();
    if (!tracker.wasImported(entry)) yield await auditEntry(session, list, tracker, entry);
  }
}

async function* listedArchives(
  { target, signal }: AuditSession,
  list: ReadyList,
): AsyncGenerator<ListedArchive> {
  const fetchPage = (marker: string | null) => target.listArchivesPage(marker ?? list.marker, signal);
  for await (const { archives } of everyPage('list archives', fetchPage, ENTRIES_OF_ARCHIVES))
    yield* archives;
}

/**
 * An archive takes up to a day to appear in the inventory, and the clocks of both sides may differ.
 * Source: Amazon Glacier developer guide, "Downloading a Vault Inventory".
 */
const INVENTORY_LAG_MS = 24 * 3_600_000;

async function auditEntry(
  session: AuditSession,
  { takenAt }: ReadyList,
  tracker: AuditTracker,
  entry: CatalogueEntry,
): Promise<AuditedArchive> {
  const tracking = tracker.compare(entry);
  const held = 'held' in tracking ? tracking.held : null;
  const audited = { entry, listed: null, held, proof: null, imported: false };
  if (tracking.state === 'replaced') return { ...audited, result: 'replaced' };
  if (tracking.state === 'not-tracked') return { ...audited, result: 'newer' };
  if (tracking.state === 'same') return { ...audited, result: 'ok', proof: tracking.proof };
  if (takenAt === null) {
    // The list may be older than the object itself: some stores make it later.
    const isThere = await existsNow(session, entry);
    if (isThere) return { ...audited, held: null, result: 'ok', proof: entry.object?.etag ? 'etag' : 'size' };
  } else if (tracking.state === 'missing') {
    const isNewer = Date.parse(entry.archivedAt) > Date.parse(takenAt) - INVENTORY_LAG_MS;
    if (isNewer) return { ...audited, result: 'newer' };
  }
  const proof = tracking.state === 'different' ? tracking.proof : null;
  return { ...audited, result: tracking.state, proof };
}

async function existsNow(session: AuditSession, entry: CatalogueEntry): Promise<boolean> {
  const { key } = parseTargetUrl(entry.identity.target.url);
  try {
    return await sessionAt(session, key).target.exists(entry, session.signal);
  } catch (error) {
    // Credentials that may only list have shown what they can.
    if (isDenied(error)) return false;
    throw error;
  }
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
