/** Settles an upload whose archive may exist, because an earlier run had recorded that it sends complete. */
import { isFailure, TransferError, withContext } from '../core/failures.js';
import { compareFingerprints } from '../core/fingerprint.js';
import {
  type CompleteSession,
  dropJournal,
  isRefusal,
  recordArchive,
  sendComplete,
  type UploadToComplete,
} from './complete-upload.js';
import type { ArchiveMismatch, CatalogueEntry, Journal, UnfinishedUpload } from './ports/state.js';
import type { WholeArchive } from './ports/target.js';
import { canContinue } from './upload-gone.js';

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
 * `checksum` when it made an archive of other bytes, now or in an earlier run
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
    if (upload.mismatch !== null) throw mismatchFailure(upload.mismatch);
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

/** A store may work on complete for some minutes. Source: Amazon S3 API reference, CompleteMultipartUpload. */
const UNDER_WAY_MAX_MS = 5 * 60_000;

async function completeAgain(
  session: CompleteSession,
  journal: Journal,
  whole: WholeArchive,
): Promise<CatalogueEntry | null> {
  const { fingerprint, lastActivityAt } = journal.upload;
  const mayBeUnderWay = session.clock.nowMs() - Date.parse(lastActivityAt) < UNDER_WAY_MAX_MS;
  try {
    const archive = await sendComplete(session, journal, { ...whole, mayBeUnderWay });
    return await recordArchive(session, journal, { treeHash: whole.treeHash, fingerprint }, archive);
  } catch (error) {
    if (isRefusal(error) && journal.upload.completing === null) return null;
    throw error;
  }
}

/** Creates the failure for an archive that an earlier run found to be of other bytes. */
export function mismatchFailure({ expected, got }: ArchiveMismatch): unknown {
  const facts = { what: 'archive', index: null, expected, got } as const;
  return withContext(new TransferError('checksum', facts), { resumable: false });
}
