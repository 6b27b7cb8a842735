/**
 * From the last part to the archive id in the catalogue. The order of writes is the promise: `completing` is synced
 * before complete is sent, the catalogue entry before the id is shown, and the journal is removed last.
 */
import { cleanUp } from '../core/clean-up.js';
import { isFailure, TransferError, withContext } from '../core/failures.js';
import type { Fingerprint } from '../core/fingerprint.js';
import { sourceName } from '../core/identity.js';
import { isError } from '../core/is-error.js';
import { isoNow } from './ports/clock.js';
import type { CatalogueEntry, Journal, Lock, UnfinishedUpload } from './ports/state.js';
import type { Completion, FinishedArchive, WholeArchive } from './ports/target.js';
import type { Session } from './session.js';
import { asGone } from './upload-gone.js';

export type CompleteSession = Pick<Session, 'target' | 'catalogue' | 'clock' | 'report' | 'signal'>;

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
  return recordArchive(session, journal, { treeHash: whole.treeHash, fingerprint }, archive);
}

/** The members of a journal that complete needs. */
export interface CompletionRecord extends Pick<Journal, 'recordReopened' | 'recordMismatch'> {
  readonly upload: Pick<UnfinishedUpload, 'head' | 'parts'>;
}

/**
 * Sends complete, and records in the journal how the service refused it. After a `checksum` failure that is not a refusal
 * the archive exists and is not what was sent: that is recorded, so that no later run takes it for a success.
 */
export async function sendComplete(
  { target, signal, report }: CompleteSession,
  journal: CompletionRecord,
  whole: Pick<Completion, 'sizeBytes' | 'treeHash' | 'mayBeUnderWay'>,
): Promise<FinishedArchive> {
  const { parts, head } = journal.upload;
  const { uploadId } = head;
  try {
    const object = head.object === undefined ? {} : { object: head.object };
    const { partSizeBytes } = head.plan;
    const completion = { ...whole, partSizeBytes, parts, ...object };
    const archive = await target.complete(uploadId, completion, signal);
    for (const notice of archive.remarks ?? []) report({ type: 'notice', notice });
    return archive;
  } catch (error) {
    if (isRefusal(error)) await journal.recordReopened();
    else if (isFailure(error, 'checksum') && error.service !== null) {
      const { expected, got } = error.facts;
      await cleanUp(() => journal.recordMismatch({ expected, got }));
      throw withContext(error, { resumable: false });
    }
    throw asGone(error, uploadId, { sizeBytes: whole.sizeBytes, treeHash: whole.treeHash });
  }
}

/** Returns true when the service refused to complete, with an error code, so that the upload is open again. */
export function isRefusal(error: unknown): boolean {
  const isAboutParts = isFailure(error, 'checksum') || isFailure(error, 'limit');
  return isAboutParts && (error.service?.code ?? null) !== null;
}

/** Removes the journal of an archive that is recorded. A failure must not hide the archive: a later run removes it. */
export async function dropJournal({ report }: Pick<Session, 'report'>, journal: Journal): Promise<void> {
  try {
    await journal.remove();
  } catch (error) {
    if (!isFailure(error, 'state')) throw error;
    const { path, detail } = error.facts;
    report({ type: 'notice', notice: 'journal-left', path, detail });
  }
}

/**
 * Records the archive of an upload, and removes its journal.
 * @throws TransferError `unrecorded`
 */
export async function recordArchive(
  session: Pick<Session, 'catalogue' | 'report' | 'clock'>,
  journal: Journal,
  content: Pick<CatalogueEntry, 'treeHash' | 'fingerprint'>,
  archive: FinishedArchive,
): Promise<CatalogueEntry> {
  const { head } = journal.upload;
  const { uploadId, identity, description, plan } = head;
  const entry = await recordEntry(session, { uploadId, identity, description, plan, ...content }, archive);
  await dropJournal(session, journal);
  return entry;
}

/**
 * Records an archive that exists.
 * @throws TransferError `unrecorded`
 */
export async function recordEntry(
  session: Pick<Session, 'catalogue' | 'clock'>,
  sent: Omit<CatalogueEntry, 'archiveId' | 'location' | 'archivedAt' | 'object'>,
  archive: FinishedArchive,
): Promise<CatalogueEntry> {
  const entry: CatalogueEntry = {
    archiveId: archive.archiveId,
    location: archive.location,
    ...sent,
    archivedAt: isoNow(session.clock),
    ...(archive.object !== undefined && { object: archive.object }),
  };
  try {
    await session.catalogue.record(entry);
    return entry;
  } catch (error) {
    throw unrecorded(session, entry, error);
  }
}

function unrecorded(
  { catalogue }: Pick<Session, 'catalogue'>,
  entry: CatalogueEntry,
  error: unknown,
): unknown {
  const reason = isFailure(error, 'state') ? error.facts.detail : null;
  const facts = {
    archiveId: entry.archiveId,
    path: catalogue.directory,
    detail: reason ?? (isError(error) ? error.message : String(error)),
  };
  return withContext(new TransferError('unrecorded', facts, { cause: error }), {
    file: sourceName(entry.identity.source),
    target: entry.identity.target.url,
    ...(entry.uploadId !== null && { uploadId: entry.uploadId, resumable: true }),
  });
}
