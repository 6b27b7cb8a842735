/**
 * From the last part to the archive id in the catalogue. The order of writes is the promise: `completing` is synced
 * before complete is sent, the catalogue entry before the id is shown, and the journal goes last.
 */
import { type FailureFacts, isFailure, TransferError, withContext } from '../core/failures.js';
import type { Fingerprint } from '../core/fingerprint.js';
import type {
  CatalogueEntry,
  FinishedArchive,
  Journal,
  Lock,
  UnfinishedUpload,
  WholeArchive,
} from './ports.js';
import { isoNow, lockOptions, type Session } from './session.js';

export interface Finish {
  readonly journal: Journal;
  readonly locks: readonly Lock[];
  readonly whole: WholeArchive;
  readonly fingerprint: Fingerprint;
}

/**
 * Completes an upload whose parts are all held, and records its archive.
 * @throws TransferError `checksum` (archive): the service holds other bytes; the upload is open again and the
 * journal says so. `gone`: the upload is not there, and an earlier complete may have made the archive.
 * `unrecorded`: the archive exists, but the catalogue could not be written; the journal stays.
 */
export async function finishUpload(session: Session, finish: Finish): Promise<CatalogueEntry> {
  const { journal, whole } = finish;
  const { head } = journal.upload;
  await journal.recordCompleting(whole);
  for (const lock of finish.locks) await lock.assertHeld();
  session.report({ type: 'completing', uploadId: head.uploadId });
  const archive = await completeOnce(session, journal, whole);
  return recordArchive(session, journal, archiveEntry(session, journal.upload, finish, archive));
}

/**
 * An upload whose `completing` record an earlier run left: its archive may exist, so complete is repeated before
 * anything else is thought of (the service gives the same id again for a while). Needs no file.
 * @returns the archive; null when the service says that the upload is still open and its parts don't fit yet
 * @throws TransferError `gone` when the service knows the upload no more: the archive may exist all the same;
 * `checksum` when it made an archive of other bytes
 */
export async function settleUpload(
  session: Session,
  upload: UnfinishedUpload,
  identityLock: Lock,
): Promise<CatalogueEntry | null> {
  const { journal, lock } = await reopenLocked(session, upload);
  try {
    return await settleCompleting(session, journal, [identityLock, lock]);
  } catch (error) {
    throw withContext(error, { uploadId: upload.head.uploadId, resumable: canGoOn(error) });
  } finally {
    await journal.close();
    await lock.release();
  }
}

/**
 * Whether the archive of an unfinished upload exists or may exist: by its `completing` record, or by the catalogue
 * where that record was lost with the end of the journal.
 */
export async function mayBeArchived(session: Session, upload: UnfinishedUpload): Promise<boolean> {
  return upload.completing !== null || (await findEntry(session, upload)) !== null;
}

/** Whether another run can get further: not where the upload is gone, or the file is no longer what was begun. */
export function canGoOn(error: unknown): boolean {
  return !isFailure(error, 'gone') && !(isFailure(error, 'source') && error.facts.why === 'changed');
}

/** A known upload's journal under its lock. */
export async function reopenLocked(
  session: Session,
  upload: UnfinishedUpload,
): Promise<{ journal: Journal; lock: Lock }> {
  const lock = await session.state.lockUpload(upload.head.uploadId, lockOptions(session));
  try {
    return { journal: await session.state.reopen(upload), lock };
  } catch (error) {
    await lock.release();
    throw error;
  }
}

/** Drops the journal of an upload that is over, or that nobody waits for any more. */
export async function forgetUpload(session: Session, upload: UnfinishedUpload): Promise<void> {
  const journal = await session.state.reopen(upload);
  await journal.remove();
}

/** What may have become of an upload that is gone: null when complete was certainly never sent. */
export function mayBeCompleted(upload: UnfinishedUpload): FailureFacts['gone']['completing'] {
  const { head, completing, completingUncertain } = upload;
  return completing ?? (completingUncertain ? { sizeBytes: head.plan.sizeBytes, treeHash: null } : null);
}

/** @param missing the service's answer that it knows no such upload */
export function goneFailure(
  uploadId: string,
  completing: FailureFacts['gone']['completing'],
  missing: TransferError,
): TransferError<'gone'> {
  const extras = missing.service === null ? { cause: missing } : { cause: missing, service: missing.service };
  return new TransferError('gone', { uploadId, completing }, extras);
}

async function settleCompleting(
  session: Session,
  journal: Journal,
  locks: readonly Lock[],
): Promise<CatalogueEntry | null> {
  const { upload } = journal;
  const recorded = await findEntry(session, upload);
  if (recorded !== null) {
    await journal.remove();
    return recorded;
  }
  const whole = upload.completing;
  if (whole === null) return null;
  session.report({ type: 'notice', notice: 'completing-again', uploadId: upload.head.uploadId });
  for (const lock of locks) await lock.assertHeld();
  await session.catalogue.proveWritable();
  try {
    const archive = await completeOnce(session, journal, whole);
    const entry = archiveEntry(session, upload, { whole, fingerprint: upload.fingerprint }, archive);
    return await recordArchive(session, journal, entry);
  } catch (error) {
    if (isFailure(error, 'checksum') && journal.upload.completing === null) return null;
    throw error;
  }
}

async function findEntry(session: Session, upload: UnfinishedUpload): Promise<CatalogueEntry | null> {
  const entries = await session.catalogue.findByIdentity(upload.head.identity);
  return entries.find((entry) => entry.uploadId === upload.head.uploadId) ?? null;
}

async function completeOnce(
  session: Session,
  journal: Journal,
  whole: WholeArchive,
): Promise<FinishedArchive> {
  const { uploadId } = journal.upload.head;
  try {
    const { parts, head } = journal.upload;
    const object = head.object === undefined ? {} : { object: head.object };
    return await session.target.complete(uploadId, { ...whole, parts, ...object }, session.signal);
  } catch (error) {
    if (isFailure(error, 'not-found') && error.facts.what === 'upload') {
      throw goneFailure(uploadId, whole, error);
    }
    if (isFailure(error, 'checksum') && error.service?.httpStatus === 400) await journal.recordReopened();
    throw error;
  }
}

function archiveEntry(
  session: Session,
  upload: UnfinishedUpload,
  finish: Pick<Finish, 'whole' | 'fingerprint'>,
  archive: FinishedArchive,
): CatalogueEntry {
  const { head } = upload;
  return {
    archiveId: archive.archiveId,
    location: archive.location,
    uploadId: head.uploadId,
    identity: head.identity,
    description: head.description,
    plan: head.plan,
    treeHash: finish.whole.treeHash,
    fingerprint: finish.fingerprint,
    archivedAt: isoNow(session),
    ...(archive.object !== undefined && { object: archive.object }),
  };
}

async function recordArchive(
  session: Session,
  journal: Journal,
  entry: CatalogueEntry,
): Promise<CatalogueEntry> {
  try {
    await session.catalogue.record(entry);
  } catch (error) {
    const detail = isFailure(error, 'state') ? error.facts.detail : null;
    const facts = {
      archiveId: entry.archiveId,
      path: session.catalogue.directory,
      detail: detail ?? (error instanceof Error ? error.message : String(error)),
    };
    throw withContext(new TransferError('unrecorded', facts, { cause: error }), {
      file: entry.identity.file,
      target: entry.identity.place.url,
      uploadId: entry.uploadId,
      resumable: true,
    });
  }
  await journal.remove();
  return entry;
}
