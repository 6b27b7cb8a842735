/** Finds out what `upload` has to decide on: unfinished uploads of the file, and its archives. */
import { isFailure } from '../core/failures.js';
import { compareFingerprints, type Sameness } from '../core/fingerprint.js';
import type { UploadIdentity } from '../core/identity.js';
import type { Candidate, UploadFacts } from './decide.js';
import { confirmTouched, wholeTreeHash } from './parts/reread.js';
import type { Source } from './ports/source.js';
import type { CatalogueEntry, Lock, UnfinishedUpload } from './ports/state.js';
import { lockOptions, type Session } from './session.js';
import { mayBeArchived, settleUpload } from './settle-upload.js';
import { stillExists } from './still-exists.js';

/** The file that is uploaded. The lock of its identity is held. */
export interface FileToUpload {
  readonly source: Source;
  readonly identity: UploadIdentity;
  readonly lock: Lock;
  readonly fresh: boolean;
}

/**
 * Reads the state folder and the catalogue, settles uploads whose archive may exist, and compares the file with what is
 * left. With --fresh nothing but the list of unfinished uploads matters.
 */
export async function gatherFacts(session: Session, file: FileToUpload): Promise<UploadFacts> {
  const { source, identity, fresh } = file;
  const { billsParts } = session.target.capabilities;
  const unfinished = await session.state.findByIdentity(identity);
  for (const upload of unfinished) noticeDamage(session, upload);
  if (fresh) {
    const candidates = unfinished.map((upload) => ({ upload, sameness: null }));
    return { fresh, candidates, archived: null, settled: [], billsParts };
  }
  const entries = await session.catalogue.findByIdentity(identity);
  const { open, settled } = await settleAll(session, unfinished, entries, file.lock);
  const archived = await findArchived(session, source, newestFirst([...settled, ...entries]));
  const candidates = await compareAll(session, source, open);
  return { fresh, candidates, archived, settled, billsParts };
}

/**
 * Works like gatherFacts for a file whose lock is not held, which is enough if it has no unfinished upload.
 * @returns null if it has one
 */
export async function gatherFactsUnlocked(
  session: Session,
  { source, identity, fresh }: Omit<FileToUpload, 'lock'>,
): Promise<UploadFacts | null> {
  const { billsParts } = session.target.capabilities;
  if ((await session.state.findByIdentity(identity)).length > 0) return null;
  const entries = fresh ? [] : await session.catalogue.findByIdentity(identity);
  const archived = await findArchived(session, source, newestFirst(entries));
  return { fresh, candidates: [], archived, settled: [], billsParts };
}

/** Reports lines of a journal that could not be read. */
export function noticeDamage({ report }: Pick<Session, 'report'>, upload: UnfinishedUpload): void {
  if (upload.damagedLines === 0) return;
  const { journalPath: path, damagedLines: lines } = upload;
  report({ type: 'notice', notice: 'journal-damaged', path, lines });
}

/** Sends complete again for every upload whose archive may exist. @returns the others, and the archives */
async function settleAll(
  session: Session,
  unfinished: readonly UnfinishedUpload[],
  entries: readonly CatalogueEntry[],
  identityLock: Lock,
): Promise<{ open: UnfinishedUpload[]; settled: CatalogueEntry[] }> {
  const open: UnfinishedUpload[] = [];
  const settled: CatalogueEntry[] = [];
  for (const upload of unfinished) {
    if (!mayBeArchived(upload, entries)) {
      open.push(upload);
      continue;
    }
    const locked = await session.state.openUpload(upload.head.uploadId, lockOptions(session));
    const { lock, journal } = locked;
    try {
      if (journal === null) continue; // Another calve has just ended it.
      const result = await settleUpload(session, { journal, locks: [identityLock, lock] }, entries);
      if (result.outcome === 'archived') settled.push(result.entry);
      else open.push({ ...upload, completing: null });
    } catch (error) {
      const isOver = isFailure(error, 'gone') || (journal?.upload.mismatch ?? null) !== null;
      if (!isOver || !wasArchivedSince(upload, newestFirst([...settled, ...entries]))) throw error;
      await journal?.remove();
    } finally {
      await locked.close();
    }
  }
  return { open, settled };
}

export function newestFirst(entries: readonly CatalogueEntry[]): CatalogueEntry[] {
  return [...entries].sort((a, b) => (a.archivedAt < b.archivedAt ? 1 : -1));
}

/** Returns true when --fresh has made an archive of the file since: the older upload's end then stops nothing. */
export function wasArchivedSince(upload: UnfinishedUpload, [newest]: readonly CatalogueEntry[]): boolean {
  return newest !== undefined && newest.archivedAt > upload.lastActivityAt;
}

/**
 * Returns the newest archive of this very file, by what the file system says or by the file's bytes. Of an object the
 * service is asked whether it still exists: somebody may have deleted or replaced it.
 * @param entries the newest first
 */
async function findArchived(
  session: Session,
  source: Source,
  entries: readonly CatalogueEntry[],
): Promise<CatalogueEntry | null> {
  const archived = await findSameFile(session, source, entries);
  if (archived === null || (await stillExists(session, archived))) return archived;
  const { archiveId, archivedAt } = archived;
  session.report({ type: 'notice', notice: 'archive-gone', archiveId, archivedAt });
  return null;
}

async function findSameFile(
  session: Session,
  source: Source,
  entries: readonly CatalogueEntry[],
): Promise<CatalogueEntry | null> {
  for (const entry of entries) {
    const sameness = compareFingerprints(entry.fingerprint, source.fingerprint);
    if (sameness === 'same') return entry;
    if (sameness === 'touched' && (await hasTreeHash(session, source, entry))) {
      const refreshed = { ...entry, fingerprint: source.fingerprint };
      await session.catalogue.record(refreshed);
      return refreshed;
    }
  }
  return null;
}

/** Reads the whole file and compares it with an archive. */
export async function hasTreeHash(
  session: Pick<Session, 'report' | 'signal'>,
  source: Source,
  entry: CatalogueEntry,
): Promise<boolean> {
  session.report({ type: 'notice', notice: 'comparing-again', parts: entry.plan.partCount });
  return (await wholeTreeHash(source, session)) === entry.treeHash;
}

/** Compares the file with each upload, until one fits. */
async function compareAll(
  session: Session,
  source: Source,
  open: readonly UnfinishedUpload[],
): Promise<Candidate[]> {
  const candidates: Candidate[] = [];
  let found = false;
  for (const upload of open) {
    const sameness = found ? null : await compareWithUpload(session, source, upload);
    if (sameness === 'same' || sameness === 'touched') found = true;
    candidates.push({ upload, sameness });
  }
  return candidates;
}

/**
 * Compares the file with what the upload was created for. A touched file's recorded parts are read again; when their
 * bytes agree, that is recorded, so that the next run need not read them.
 */
async function compareWithUpload(
  session: Session,
  source: Source,
  upload: UnfinishedUpload,
): Promise<Sameness> {
  const sameness = compareFingerprints(upload.fingerprint, source.fingerprint);
  if (sameness !== 'touched') return sameness;
  const locked = await session.state.openUpload(upload.head.uploadId, lockOptions(session));
  try {
    const { journal } = locked;
    return journal !== null && (await confirmTouched(session, source, journal)) ? 'touched' : 'changed';
  } finally {
    await locked.close();
  }
}
