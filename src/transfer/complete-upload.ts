/**
 * From the last part to the archive id in the catalogue. The order of writes is the promise: `completing` is synced
 * before complete is sent, the catalogue entry before the id is shown, and the journal is removed last.
 */
import { type FailureFacts, isFailure, TransferError, withContext, wrapFailure } from '../core/failures.js';
import { compareFingerprints, type Fingerprint } from '../core/fingerprint.js';
import { sourceName } from '../core/identity.js';
import { isoNow } from './ports/clock.js';
import type { CatalogueEntry, Journal, Lock, UnfinishedUpload } from './ports/state.js';
import type { FinishedArchive, WholeArchive } from './ports/target.js';
import type { Session } from './session.js';

type CompleteSession = Pick<Session, 'target' | 'catalogue' | 'clock' | 'report' | 'signal'>;

/** An upload whose parts the service holds. */
export interface UploadToComplete {
  readonly journal: Journal;
  /** Confirmed before `completing` is written. */
  readonly locks: readonly Lock[];
  readonly whole: WholeArchive;
  readonly fingerprint: Fingerprint;
}

/**
 * Completes an upload whose parts the service holds, and records its archive.
 * @throws TransferError `checksum` (archive): the service holds other bytes; the upload is open again, and the journal
 * says so. `gone`: the upload no longer exists, and an earlier complete may have made the archive. `unrecorded`: the
 * archive exists, but the catalogue could not be written; the journal stays.
 */
export async function completeUpload(
  session: CompleteSession,
  upload: UploadToComplete,
): Promise<CatalogueEntry> {
  const { journal, whole, fingerprint } = upload;
  // With `completing`, every later run sends complete. A run that lost its lock must not leave that behind: the one that
  // took the lock may have archived the file.
  for (const lock of upload.locks) await lock.assertHeld();
  await journal.recordCompleting(whole);
  session.report({ type: 'completing', uploadId: journal.upload.head.uploadId });
  const archive = await sendComplete(session, journal, whole);
  const made = { treeHash: whole.treeHash, fingerprint, archivedAt: isoNow(session.clock) };
  return recordArchive(session, journal, archiveEntry(journal.upload, made, archive));
}

/** Returns the catalogue's entry of this upload, or null. */
function findEntry({ head }: UnfinishedUpload, entries: readonly CatalogueEntry[]): CatalogueEntry | null {
  return entries.find((entry) => entry.uploadId === head.uploadId) ?? null;
}

/**
 * Returns true when the archive of an unfinished upload exists or may exist: by its `completing` record, or by the
 * catalogue where that record was lost with the end of the journal.
 * @param entries the catalogue's entries of the same identity
 */
export function mayBeArchived(upload: UnfinishedUpload, entries: readonly CatalogueEntry[]): boolean {
  return upload.completing !== null || findEntry(upload, entries) !== null;
}

/**
 * Returns an archive of the same file that another upload made after this one was created; null: there is none. Of two
 * streams each is wanted, even with the same bytes.
 * @param entries the catalogue's entries of the same identity
 */
export function newerArchive(
  { head, completing, fingerprint }: UnfinishedUpload,
  entries: readonly CatalogueEntry[],
): CatalogueEntry | null {
  if (head.identity.source.kind === 'stream') return null;
  const hasSameBytes = (entry: CatalogueEntry): boolean =>
    completing === null
      ? compareFingerprints(entry.fingerprint, fingerprint) === 'same'
      : entry.treeHash === completing.treeHash;
  const isNewer = (entry: CatalogueEntry): boolean =>
    entry.uploadId !== head.uploadId && entry.archivedAt > head.startedAt;
  return entries.find((entry) => isNewer(entry) && hasSameBytes(entry)) ?? null;
}

/** The outcome for an upload whose archive may exist. */
export type Settled =
  | { readonly outcome: 'archived'; readonly entry: CatalogueEntry }
  /** The service says that its parts do not fit yet. */
  | { readonly outcome: 'open' }
  /** It was never completed, and another upload has archived the same bytes since. */
  | { readonly outcome: 'superseded'; readonly by: CatalogueEntry };

/**
 * Settles an upload whose `completing` record an earlier run left. Its archive may exist, so complete is sent again
 * before anything else (the service gives the same id again for a while). Needs no file. The journal is removed when the
 * archive is known. The catalogue is asked first: complete would make a second archive of the same bytes.
 * @param entries the catalogue's entries of the same identity
 * @throws TransferError `gone` when the service no longer knows the upload: the archive may exist all the same;
 * `checksum` when it made an archive of other bytes
 */
export async function settleUpload(
  session: CompleteSession,
  { journal, locks }: Pick<UploadToComplete, 'journal' | 'locks'>,
  entries: readonly CatalogueEntry[],
): Promise<Settled> {
  const { upload } = journal;
  const { uploadId } = upload.head;
  try {
    const recorded = findEntry(upload, entries);
    if (recorded !== null) {
      await dropJournal(session, journal);
      return { outcome: 'archived', entry: recorded };
    }
    if (upload.completing === null) return { outcome: 'open' };
    const by = newerArchive(upload, entries);
    if (by !== null && (await isOpen(session, uploadId))) return { outcome: 'superseded', by };
    session.report({ type: 'notice', notice: 'completing-again', uploadId });
    for (const lock of locks) await lock.assertHeld();
    await session.catalogue.proveWritable();
    const entry = await completeAgain(session, journal, upload.completing);
    return entry === null ? { outcome: 'open' } : { outcome: 'archived', entry };
  } catch (error) {
    throw withContext(error, { uploadId, resumable: canContinue(error) });
  }
}

/** Returns true when the service still has the upload, so that no archive was made of it. */
async function isOpen({ target, signal }: CompleteSession, uploadId: string): Promise<boolean> {
  try {
    await target.listPartsPage(uploadId, { limit: 1, marker: null }, signal);
    return true;
  } catch (error) {
    // Credentials that may not list: the archive that is known is enough.
    if (isFailure(error, 'refused')) return true;
    if (isFailure(error, 'not-found') && error.facts.what === 'upload') return false;
    throw error;
  }
}

async function completeAgain(
  session: CompleteSession,
  journal: Journal,
  whole: WholeArchive,
): Promise<CatalogueEntry | null> {
  const { upload } = journal;
  try {
    const archive = await sendComplete(session, journal, whole);
    const { fingerprint } = upload;
    const made = { treeHash: whole.treeHash, fingerprint, archivedAt: isoNow(session.clock) };
    return await recordArchive(session, journal, archiveEntry(upload, made, archive));
  } catch (error) {
    const isRefusal = isFailure(error, 'checksum') || isFailure(error, 'limit');
    if (isRefusal && journal.upload.completing === null) return null;
    throw error;
  }
}

/** Returns false when no later run can continue: the upload is gone, the file has changed, or a limit rules it out. */
export function canContinue(error: unknown): boolean {
  if (isFailure(error, 'gone') || isFailure(error, 'limit')) return false;
  return !(isFailure(error, 'source') && error.facts.why === 'changed');
}

/** Returns the archive that may have been made of an upload that is gone; null: complete was certainly never sent. */
export function possibleCompletion(upload: UnfinishedUpload): FailureFacts['gone']['completing'] {
  const { head, completing, completingUncertain } = upload;
  return completing ?? (completingUncertain ? { sizeBytes: head.plan.sizeBytes, treeHash: null } : null);
}

/** @param missing the service's answer that it knows no such upload */
export function goneFailure(
  uploadId: string,
  completing: FailureFacts['gone']['completing'],
  missing: TransferError,
): TransferError<'gone'> {
  return wrapFailure(missing, 'gone', { uploadId, completing });
}

/** Returns the same error, or `gone` when it says that the service no longer knows an upload that we had. */
export function asGone(
  error: unknown,
  uploadId: string,
  completing: FailureFacts['gone']['completing'],
): unknown {
  const isGone = isFailure(error, 'not-found') && error.facts.what === 'upload';
  return isGone ? goneFailure(uploadId, completing, error) : error;
}

async function sendComplete(
  { target, signal, report }: CompleteSession,
  journal: Journal,
  whole: WholeArchive,
): Promise<FinishedArchive> {
  const { parts, head } = journal.upload;
  const { uploadId } = head;
  try {
    const object = head.object === undefined ? {} : { object: head.object };
    const archive = await target.complete(uploadId, { ...whole, parts, ...object }, signal);
    if (archive.lookedInstead === true) report({ type: 'notice', notice: 'looked-instead' });
    return archive;
  } catch (error) {
    const isRefused = isFailure(error, 'checksum') && error.service?.httpStatus === 400;
    if (isRefused || isFailure(error, 'limit')) await journal.recordReopened();
    throw asGone(error, uploadId, whole);
  }
}

function archiveEntry(
  { head }: UnfinishedUpload,
  made: Pick<CatalogueEntry, 'treeHash' | 'fingerprint' | 'archivedAt'>,
  archive: FinishedArchive,
): CatalogueEntry {
  return {
    archiveId: archive.archiveId,
    location: archive.location,
    uploadId: head.uploadId,
    identity: head.identity,
    description: head.description,
    plan: head.plan,
    ...made,
    ...(archive.object !== undefined && { object: archive.object }),
  };
}

/** Removes the journal of an archive that is recorded. A failure must not hide the archive: a later run removes it. */
async function dropJournal({ report }: Pick<Session, 'report'>, journal: Journal): Promise<void> {
  try {
    await journal.remove();
  } catch (error) {
    if (!isFailure(error, 'state')) throw error;
    const { path, detail } = error.facts;
    report({ type: 'notice', notice: 'journal-left', path, detail });
  }
}

async function recordArchive(
  session: Pick<Session, 'catalogue' | 'report'>,
  journal: Journal,
  entry: CatalogueEntry,
): Promise<CatalogueEntry> {
  const { catalogue } = session;
  try {
    await catalogue.record(entry);
  } catch (error) {
    const reason = isFailure(error, 'state') ? error.facts.detail : null;
    const facts = {
      archiveId: entry.archiveId,
      path: catalogue.directory,
      detail: reason ?? (error instanceof Error ? error.message : String(error)),
    };
    throw withContext(new TransferError('unrecorded', facts, { cause: error }), {
      file: sourceName(entry.identity.source),
      target: entry.identity.target.url,
      uploadId: entry.uploadId,
      resumable: true,
    });
  }
  await dropJournal(session, journal);
  return entry;
}
