/**
 * One upload carried through to its archive: from a new beginning or from an unfinished one, over a part list that
 * does not fit (mended once) and an upload that expired (begun once anew).
 */
import { isFailure, TransferError, withContext } from '../core/failures.js';
import { canGoOn, finishUpload, goneFailure, mayBeCompleted, reopenLocked } from './complete-upload.js';
import { rereadRecorded, type Sent, sendMissing } from './parts/send.js';
import {
  type CatalogueEntry,
  type CreatedUpload,
  type CreateUploadRequest,
  type Journal,
  type Lock,
  type PlannedUploadRequest,
  type RecordedPart,
  type Source,
  STANDARD_INPUT,
  type UnfinishedUpload,
} from './ports.js';
import { type ArchiveResult, isoNow, lockOptions, type Session, sentResult } from './session.js';

/** Where an upload starts from. */
export type From =
  | {
      readonly begin: PlannedUploadRequest;
      /** What an upload that expired had recorded of this very file. */
      readonly known?: ReadonlyMap<number, RecordedPart>;
    }
  /** An upload of the service's that the state folder never knew. */
  | { readonly adopt: PlannedUploadRequest & CreatedUpload & { readonly createdAt: string } }
  | {
      readonly upload: UnfinishedUpload;
      /** What to do when somebody aborted it since: `upload` begins anew, `resume` does not. */
      readonly whenAborted: 'begin-anew' | 'fail';
    };

export interface RunUpload {
  readonly source: Source;
  readonly identityLock: Lock;
  readonly startedMs: number;
  readonly from: From;
}

interface Underway {
  readonly journal: Journal;
  readonly lock: Lock;
  /** Whether the service may hold parts of it already. */
  readonly resumed: boolean;
  readonly known?: ReadonlyMap<number, RecordedPart> | undefined;
  /** Whether this run has seen the upload on the service: one that goes after that was aborted under our hands. */
  seen: boolean;
}

/** @throws TransferError of any kind, with the upload id filled in */
export async function runUpload(session: Session, carry: RunUpload): Promise<ArchiveResult> {
  let from = carry.from;
  let superseded: Journal | null = null;
  for (;;) {
    const underway = await setOut(session, carry, from);
    const { uploadId } = underway.journal.upload.head;
    try {
      // Only now that another stands in its place: had that failed, nothing would remember the file.
      await superseded?.remove();
      return await sendAndFinish(session, carry, underway);
    } catch (error) {
      const request = superseded === null ? orderAnew(session, underway, from, error) : null;
      if (request === null) {
        const failure = asGone(error, underway);
        const resumable = canGoOn(failure) && !(await forgetOther(underway.journal, error));
        throw withContext(failure, { uploadId, resumable });
      }
      superseded = underway.journal;
      from = { begin: request, known: superseded.upload.parts };
    } finally {
      await underway.journal.close();
      await underway.lock.release();
    }
  }
}

/** Begins, adopts or reopens: when it returns, the upload id and the plan are on disk. */
async function setOut(session: Session, carry: RunUpload, from: From): Promise<Underway> {
  if ('begin' in from) carry.source.expectParts(from.begin.plan.partCount);
  await session.catalogue.proveWritable();
  if ('upload' in from) {
    const opened = await reopenLocked(session, from.upload);
    return { ...opened, resumed: true, seen: false };
  }
  if ('adopt' in from) {
    const { uploadId, createdAt: startedAt, object } = from.adopt;
    const begun = object === undefined ? { uploadId, startedAt } : { uploadId, startedAt, object };
    const opened = await openJournal(session, carry, from.adopt, begun);
    return { ...opened, resumed: true, seen: true };
  }
  const begun = await session.target.createUpload(from.begin, session.signal);
  const { uploadId } = begun;
  noticeClass(session, from.begin, begun);
  try {
    const opened = await openJournal(session, carry, from.begin, { ...begun, startedAt: isoNow(session) });
    return { ...opened, resumed: false, seen: true, known: from.known };
  } catch (error) {
    // Begun, and not to be remembered: dropped again, so that no upload is left that nothing here knows of.
    await session.target.abort(uploadId, session.signal).catch(() => undefined);
    throw withContext(error, { uploadId, resumable: false });
  }
}

/** What it costs to keep an object follows from a class that nobody named: said before anything is sent. */
export function noticeClass(session: Session, request: CreateUploadRequest, { object }: CreatedUpload): void {
  const storageClass = object?.storageClass ?? null;
  if (storageClass === null || (request.object?.storageClass ?? null) !== null) return;
  session.report({ type: 'notice', notice: 'default-class', storageClass });
}

async function openJournal(
  session: Session,
  carry: RunUpload,
  request: PlannedUploadRequest,
  begun: CreatedUpload & { startedAt: string },
): Promise<{ journal: Journal; lock: Lock }> {
  const lock = await session.state.lockUpload(begun.uploadId, lockOptions(session));
  try {
    const journal = await session.state.create({
      ...begun,
      identity: { file: carry.source.path, place: session.place },
      recipe: session.recipe,
      plan: request.plan,
      description: request.description,
      fingerprint: carry.source.fingerprint,
    });
    return { journal, lock };
  } catch (error) {
    await lock.release();
    throw error;
  }
}

async function sendAndFinish(session: Session, carry: RunUpload, underway: Underway): Promise<ArchiveResult> {
  const { source } = carry;
  const { journal } = underway;
  const { resumed } = underway;
  const onListed = (): void => {
    underway.seen = true;
  };
  const known = underway.known ?? journal.upload.parts;
  let sent = await sendMissing(session, { source, journal, resumed, known, onListed });
  let entry: CatalogueEntry;
  try {
    entry = await finishUnchanged(session, carry, underway, sent);
  } catch (error) {
    // The service refused to complete, so what it holds is not what we sent: looked at once more, and mended.
    if (!isFailure(error, 'checksum') || journal.upload.completing !== null) throw error;
    const mended = await sendMissing(session, { source, journal, resumed: true, known: new Map() });
    if (mended.partsSent === 0) throw error;
    sent = { ...mended, partsSent: sent.partsSent + mended.partsSent, partsReused: sent.partsReused };
    entry = await finishUnchanged(session, carry, underway, sent);
  }
  const { partsSent, partsReused } = sent;
  return sentResult(session, entry, carry.startedMs, { partsSent, partsReused, resumed });
}

/** Nothing is completed of a file that is no longer what was sent. */
async function finishUnchanged(
  session: Session,
  carry: RunUpload,
  underway: Underway,
  sent: Sent,
): Promise<CatalogueEntry> {
  const fingerprint = await confirmUnchanged(session, carry.source, underway.journal);
  return finishUpload(session, {
    journal: underway.journal,
    locks: [carry.identityLock, underway.lock],
    whole: sent.whole,
    fingerprint,
  });
}

async function confirmUnchanged(session: Session, source: Source, journal: Journal) {
  const sameness = await source.compareNow();
  if (sameness === 'same') return source.fingerprint;
  const changed = new TransferError('source', { path: source.path, why: 'changed', detail: null });
  if (sameness === 'changed') throw changed;
  const again = await session.openSource(source.path);
  try {
    const same = await rereadRecorded(session, again, journal, journal.upload.parts);
    if (!same || (await again.compareNow()) !== 'same') throw changed;
    await journal.recordFingerprint(again.fingerprint);
    return again.fingerprint;
  } finally {
    await again.close();
  }
}

/**
 * What to begin anew after the service said that the upload is not there; null: don't. An upload whose `completing`
 * record was written, or may have been, is never begun anew by itself: its archive may exist.
 */
function orderAnew(
  session: Session,
  underway: Underway,
  from: From,
  error: unknown,
): PlannedUploadRequest | null {
  if (!isFailure(error, 'not-found') || error.facts.what !== 'upload') return null;
  const { head, completing, completingUncertain } = underway.journal.upload;
  if (completing !== null || completingUncertain) return null;
  // A touched file's new fingerprint was noted here without the service: that kept nothing alive there.
  const { lastActivityAt } = 'upload' in from && !underway.seen ? from.upload : underway.journal.upload;
  const idleMs = session.clock.nowMs() - Date.parse(lastActivityAt);
  const expired = session.target.idleExpiryMs !== null && idleMs >= session.target.idleExpiryMs;
  const goneBetweenRuns = 'upload' in from && from.whenAborted === 'begin-anew' && !underway.seen;
  // Of a stream nothing could be sent anew.
  if (head.identity.file === STANDARD_INPUT || (!expired && !goneBetweenRuns)) return null;
  session.report(
    expired
      ? { type: 'notice', notice: 'expired-begun-anew', uploadId: head.uploadId, lastActivityAt }
      : { type: 'notice', notice: 'gone-begun-anew', uploadId: head.uploadId },
  );
  const { plan, description, object } = head;
  return object === undefined ? { plan, description } : { plan, description, object };
}

/**
 * An upload that turned out to be another file's is not kept under this one's name: the next `upload` of this file
 * would go on with it. @returns whether it was such a one
 */
async function forgetOther(journal: Journal, error: unknown): Promise<boolean> {
  const { parts, completing, completingUncertain } = journal.upload;
  const isOther = isFailure(error, 'source') && error.facts.why === 'other-upload';
  if (!isOther || parts.size > 0 || completing !== null || completingUncertain) return false;
  await journal.remove();
  return true;
}

/** A missing upload that a journal vouches for has a name of its own. */
function asGone(error: unknown, underway: Underway): unknown {
  if (!isFailure(error, 'not-found') || error.facts.what !== 'upload') return error;
  const { upload } = underway.journal;
  return goneFailure(upload.head.uploadId, mayBeCompleted(upload), error);
}
