/** `resume`: continues an unfinished upload, from its journal or from an upload id alone. */
import { describeFile } from '../core/description.js';
import { isFailure, TransferError, withContext } from '../core/failures.js';
import { compareFingerprints } from '../core/fingerprint.js';
import { isSameTarget, sourceName, type UploadIdentity } from '../core/identity.js';
import { isLegalPartSize, unsupportedPartSize } from '../core/part-plan.js';
import { type ListedParts, listAllParts } from './list.js';
import { comparePartSizes, differentPartSizes } from './parts/part-sizes.js';
import { planFile } from './parts/plan.js';
import { confirmTouched } from './parts/reread.js';
import { isoNow } from './ports/clock.js';
import type { Source } from './ports/source.js';
import type { CatalogueEntry, Journal, JournalHead, Lock, LockedUpload } from './ports/state.js';
import type { PartsPage } from './ports/target.js';
import { runUpload } from './run-upload.js';
import {
  type ArchiveResult,
  addressOf,
  lockOptions,
  type Session,
  settledResult,
  skippedResult,
  whileHeld,
} from './session.js';
import { mayBeArchived, newerArchive, settleUpload } from './settle-upload.js';
import { spentStream } from './spent-stream.js';
import { stillExists } from './still-exists.js';
import { endedByAnother } from './upload-gone.js';

/**
 * Continues an upload that the state folder knows.
 * @throws TransferError `source` (`changed`) when the file is no longer the one that the upload was created for; `gone`
 * when somebody aborted it (resume creates no other); `not-found` (unfinished upload) when another calve has just ended
 * it; `refused` when the credentials are another account's
 */
export async function resumeUpload(
  session: Session,
  head: Pick<JournalHead, 'uploadId' | 'identity'>,
): Promise<ArchiveResult> {
  const { uploadId, identity } = head;
  const file = sourceName(identity.source);
  let lock: Lock | null = null;
  try {
    checkTarget(session, identity);
    lock = await session.state.lockIdentity(identity, lockOptions(session));
    const locked = await session.state.openUpload(uploadId, lockOptions(session));
    try {
      if (locked.journal === null) throw endedByAnother(uploadId);
      const held = whileHeld(session, lock, locked.lock);
      return await resumeLocked(held, locked, locked.journal, lock);
    } finally {
      await locked.close();
    }
  } catch (error) {
    session.report({ type: 'failed', file });
    const isSpent = isFailure(error, 'source') && error.facts.why === 'read-once';
    const resend = { uploadId, target: identity.target, connection: session.connection };
    throw withContext(error, { file, target: identity.target.url, uploadId, ...(isSpent && { resend }) });
  } finally {
    await lock?.release();
  }
}

async function resumeLocked(
  session: Session,
  locked: LockedUpload,
  journal: Journal,
  identityLock: Lock,
): Promise<ArchiveResult> {
  const startedMs = session.clock.monotonicMs();
  const { head, lastActivityAt } = journal.upload;
  const entries = await session.catalogue.findByIdentity(head.identity);
  if (mayBeArchived(journal.upload, entries)) {
    const settled = await settleUpload(session, { journal, locks: [identityLock, locked.lock] }, entries);
    if (settled.outcome === 'archived') return settledResult(session, settled.entry, startedMs);
    if (settled.outcome === 'superseded') return leaveUnfinished(session, head, settled.by, startedMs);
  } else {
    const by = newerArchive(journal.upload, entries);
    const isArchived = by !== null && (await stillExists(session, by));
    if (isArchived) return leaveUnfinished(session, head, by, startedMs);
  }
  const { source: identity } = head.identity;
  const source =
    identity.kind === 'stream' ? spentStream(journal.upload) : await session.openSource(identity.path);
  try {
    await checkSameFile(session, source, journal);
    const start = { kind: 'resume', locked, lastActivityAt, whenAborted: 'fail' } as const;
    return await runUpload(session, { source, identityLock, startedMs, start });
  } finally {
    await source.close();
  }
}

/** Returns the archive that another upload of the same file made since, instead of making a second one. */
function leaveUnfinished(
  session: Session,
  head: JournalHead,
  by: CatalogueEntry,
  startedMs: number,
): ArchiveResult {
  const { archiveId, archivedAt } = by;
  const { uploadId, startedAt } = head;
  session.report({ type: 'notice', notice: 'already-archived', archiveId, archivedAt });
  const address = addressOf(head);
  session.report({ type: 'notice', notice: 'left-unfinished', uploadId, startedAt, address });
  return skippedResult(session, by, startedMs);
}

/** @throws TransferError `source` (`changed`) */
async function checkSameFile(session: Session, source: Source, journal: Journal): Promise<void> {
  const sameness = compareFingerprints(journal.upload.fingerprint, source.fingerprint);
  if (sameness === 'same') return;
  if (sameness === 'touched' && (await confirmTouched(session, source, journal))) return;
  const changed = new TransferError('source', { path: source.path, why: 'changed', detail: null });
  throw withContext(changed, { orphan: addressOf(journal.upload.head) });
}

/** The same names may mean another vault under other credentials. @throws TransferError `refused` */
export function checkTarget(
  { targetIdentity }: Pick<Session, 'targetIdentity'>,
  { target }: UploadIdentity,
): void {
  if (isSameTarget(target, targetIdentity)) return;
  throw new TransferError('refused', {
    why: 'wrong-credentials',
    operation: 'resume the upload',
    detail: `it was created in ${target.url} of account ${target.account ?? 'unknown'}, but these credentials belong to account ${targetIdentity.account ?? 'unknown'}`,
  });
}

/**
 * Adopts an upload by its id, from the service's own part list: the parts that the service holds are compared with the
 * file, never assumed; those that differ or are missing are sent.
 * @throws TransferError `not-found` (upload); `source` (`other-upload`) when the file is clearly another one; `usage`
 * for a part size that calve does not use
 */
export async function adoptUpload(session: Session, file: string, uploadId: string): Promise<ArchiveResult> {
  const startedMs = session.clock.monotonicMs();
  let source: Source | null = null;
  let identityLock: Lock | null = null;
  let locked: LockedUpload | null = null;
  try {
    source = await session.openSource(file);
    const identity = {
      source: { kind: 'file', path: source.path },
      target: session.targetIdentity,
    } as const;
    identityLock = await session.state.lockIdentity(identity, lockOptions(session));
    locked = await session.state.openUpload(uploadId, lockOptions(session));
    const held = whileHeld(session, identityLock, locked.lock);
    if (locked.journal !== null) {
      checkTarget(session, locked.journal.upload.head.identity);
      checkSameFileName(locked.journal.upload.head, identity);
      return await resumeLocked(held, locked, locked.journal, identityLock);
    }
    const { facts, listed } = await listToAdopt(held, uploadId);
    const upload = { uploadId, ...adoptedFacts(held, source, uploadId, facts) };
    const start = { kind: 'adopt', upload, locked, listed } as const;
    return await runUpload(held, { source, identityLock, startedMs, start });
  } catch (error) {
    const path = source?.path ?? file;
    session.report({ type: 'failed', file: path });
    throw withContext(error, { file: path, target: session.targetIdentity.url, uploadId });
  } finally {
    await locked?.close();
    await source?.close();
    await identityLock?.release();
  }
}

interface AdoptedList {
  readonly facts: PartsPage;
  /** All parts, with the ranges that they have in the file; null when they must be listed with the part size. */
  readonly listed: ListedParts | null;
}

/**
 * Returns the facts that the list of parts shows of an upload. A vault reports the part size on any page; of a bucket all
 * parts are needed. They are listed while this run holds the locks, so that the list is as fresh as another one.
 * @throws TransferError `usage` if the parts have different sizes
 */
async function listToAdopt({ target, signal }: Session, uploadId: string): Promise<AdoptedList> {
  if (!target.capabilities.storesObjects) {
    const facts = await target.listPartsPage(uploadId, { limit: 1, marker: null }, signal);
    return { facts, listed: null };
  }
  const listed = await listAllParts(target, uploadId, signal);
  const { upload, parts } = listed;
  const sizes = comparePartSizes(parts, upload.partSizeBytes);
  if (sizes === 'different') throw differentPartSizes(uploadId, parts);
  const isPartSize = isLegalPartSize(upload.partSizeBytes ?? 0, target.capabilities.limits);
  // The only part may be the last one, and short: then it shows no size, and is compared as it fits the file.
  if (sizes === 'unclear' && !isPartSize) return { facts: { ...upload, partSizeBytes: null }, listed: null };
  return { facts: upload, listed };
}

/** Returns what the service lists of the upload, completed by what the file says. */
function adoptedFacts({ target, clock }: Session, source: Source, uploadId: string, listed: PartsPage) {
  const { limits } = target.capabilities;
  // Without a part nothing shows the intended size, and any size will do.
  const partSizeBytes = listed.partSizeBytes ?? 'auto';
  if (partSizeBytes !== 'auto' && !isLegalPartSize(partSizeBytes, limits)) {
    throw unsupportedPartSize(uploadId, partSizeBytes, limits);
  }
  const { path, baseName, fingerprint, mtimeMs } = source;
  return {
    plan: planFile({ path, sizeBytes: fingerprint.sizeBytes }, partSizeBytes, limits),
    description: listed.description ?? describeFile(baseName, mtimeMs),
    createdAt: isoTime(listed.createdAt) ?? isoNow(clock),
  };
}

/** Returns the service's time in the one form that sorts as text; null when the service gave none that can be read. */
export function isoTime(text: string | null): string | null {
  const timeMs = Date.parse(text ?? '');
  return Number.isNaN(timeMs) ? null : new Date(timeMs).toISOString();
}

/** An upload that the state folder knows must be meant for the same file. @throws TransferError `source` */
function checkSameFileName({ identity }: JournalHead, wanted: UploadIdentity): void {
  const known = sourceName(identity.source);
  const path = sourceName(wanted.source);
  if (known === path) return;
  const detail = `the upload was created here for ${known}`;
  throw new TransferError('source', { path, why: 'other-upload', detail });
}
