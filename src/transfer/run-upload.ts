/**
 * Runs one upload of a file to its archive, from a new or an unfinished upload. A part list that does not fit is
 * compared and fixed once; an upload that expired is created again once.
 */
import { isFailure, TransferError, withContext } from '../core/failures.js';
import type { Fingerprint } from '../core/fingerprint.js';
import { completeUpload } from './complete-upload.js';
import { createJournal, createUpload, journalHead, type PlannedUploadRequest } from './create-upload.js';
import { findCompleted } from './find-completed.js';
import type { ListedParts } from './list.js';
import { hasRecordedParts, unchangedFingerprint } from './parts/reread.js';
import { type PartsJob, type PartsResult, sendMissing } from './parts/send-missing.js';
import type { Source } from './ports/source.js';
import type { CatalogueEntry, Journal, Lock, LockedUpload, RecordedPart } from './ports/state.js';
import type { CreatedUpload } from './ports/target.js';
import { type ArchiveResult, type Session, sentResult, settledResult, whileHeld } from './session.js';
import { asGone, canContinue, possibleCompletion } from './upload-gone.js';

/** The starting point of an upload. */
export type UploadStart =
  | {
      readonly kind: 'new';
      readonly request: PlannedUploadRequest;
      /** The parts that an expired upload had recorded of this very file. */
      readonly recorded?: ReadonlyMap<number, RecordedPart>;
    }
  /** An upload on the service that the state folder never knew. Its lock is held. */
  | {
      readonly kind: 'adopt';
      readonly upload: PlannedUploadRequest & CreatedUpload & { readonly createdAt: string };
      readonly locked: LockedUpload;
      /** The parts that the service has just listed; null: not listed yet. */
      readonly listed: ListedParts | null;
    }
  /** An upload that the state folder knows. Its lock is held and its journal is open. */
  | {
      readonly kind: 'resume';
      readonly locked: LockedUpload;
      /** ISO-8601 UTC: the last activity that the service knows of. */
      readonly lastActivityAt: string;
      /** The reaction when somebody aborted it since: `upload` creates it again, `resume` fails. */
      readonly whenAborted: 'create-again' | 'fail';
    };

export interface UploadRun {
  readonly source: Source;
  readonly identityLock: Lock;
  readonly startedMs: number;
  readonly start: UploadStart;
}

/** An upload that is open on the service and on disk. */
interface ActiveUpload {
  readonly start: UploadStart;
  readonly locked: LockedUpload;
  readonly journal: Journal;
  /** True when this run has seen the upload on the service: if it is gone later, someone aborted it during this run. */
  seen: boolean;
}

/** @throws TransferError of any kind, with the upload id filled in */
export async function runUpload(session: Session, run: UploadRun): Promise<ArchiveResult> {
  let start = run.start;
  let superseded: Journal | null = null;
  for (;;) {
    const active = await openUpload(session, run, start);
    const { uploadId } = active.journal.upload.head;
    try {
      // Only now that another upload replaces it: had creating that failed, nothing would remember the file.
      await superseded?.remove();
      return await sendAndComplete(whileHeld(session, active.locked.lock), run, active);
    } catch (error) {
      const completed = isNeverCompleted(active.journal, error)
        ? await findCompleted(session, run.source, active.journal)
        : null;
      if (completed !== null) return settledResult(session, completed, run.startedMs);
      const request = superseded === null ? requestToCreateAgain(session, active, error) : null;
      if (request === null) {
        const failure = asGone(error, uploadId, possibleCompletion(active.journal.upload));
        const resumable = canContinue(failure) && !(await forgetOtherUpload(active.journal, error));
        throw withContext(failure, { uploadId, resumable });
      }
      superseded = active.journal;
      start = { kind: 'new', request, recorded: superseded.upload.parts };
    } finally {
      await active.locked.close();
    }
  }
}

/** Creates, adopts or resumes the upload: when this returns, the upload id and the plan are on disk. */
async function openUpload(session: Session, run: UploadRun, start: UploadStart): Promise<ActiveUpload> {
  try {
    if (start.kind === 'new') run.source.expectParts(start.request.plan.partCount);
    await session.catalogue.proveWritable();
  } catch (error) {
    if (start.kind !== 'new') await start.locked.close();
    throw error;
  }
  const locked = await lockedUpload(session, run, start);
  const { journal } = locked;
  if (journal === null) throw new TransferError('bug', { detail: 'an upload was started without a journal' });
  return { start, locked, journal, seen: start.kind !== 'resume' };
}

async function lockedUpload(session: Session, run: UploadRun, start: UploadStart): Promise<LockedUpload> {
  const { path, fingerprint } = run.source;
  const identity = { kind: 'file', path } as const;
  if (start.kind === 'resume') return start.locked;
  const { identityLock: lock } = run;
  if (start.kind === 'new') return createUpload(session, { identity, fingerprint, lock }, start.request);
  await lock.assertHeld();
  const { createdAt: startedAt, ...created } = start.upload;
  const head = journalHead(session, identity, { ...created, fingerprint, startedAt });
  return createJournal(session, head, start.locked);
}

async function sendAndComplete(
  session: Session,
  run: UploadRun,
  active: ActiveUpload,
): Promise<ArchiveResult> {
  const { journal, start } = active;
  const resumed = start.kind !== 'new';
  const recorded = (start.kind === 'new' ? start.recorded : undefined) ?? journal.upload.parts;
  const onListed = (): void => {
    active.seen = true;
  };
  const listed = start.kind === 'adopt' ? start.listed : null;
  const job: PartsJob = { source: run.source, journal, resumed, recorded, listed, onListed };
  let sent = await sendMissing(session, job);
  let entry: CatalogueEntry;
  try {
    entry = await completeUnchanged(session, run, active, sent);
  } catch (error) {
    // The service refused to complete, so it holds other parts than we sent: compare once more, and send what differs.
    if (!isFailure(error, 'checksum') || journal.upload.completing !== null) throw error;
    const again = await sendMissing(session, {
      ...job,
      listed: null,
      resumed: true,
      recorded: new Map(),
      distrustsRecords: true,
    });
    if (again.partsSent === 0) throw error;
    sent = { ...again, partsSent: sent.partsSent + again.partsSent, partsReused: sent.partsReused };
    entry = await completeUnchanged(session, run, active, sent);
  }
  const { partsSent, partsReused } = sent;
  return sentResult(session, entry, run.startedMs, { partsSent, partsReused, resumed });
}

/** Completes the upload, unless the file is no longer the one whose parts were sent. */
async function completeUnchanged(
  session: Session,
  { source, identityLock }: UploadRun,
  { journal, locked }: ActiveUpload,
  { whole }: PartsResult,
): Promise<CatalogueEntry> {
  const fingerprint = await checkUnchanged(session, source, journal);
  return completeUpload(session, { journal, locks: [identityLock, locked.lock], whole, fingerprint });
}

/** @throws TransferError `source` (`changed`) */
async function checkUnchanged(session: Session, source: Source, journal: Journal): Promise<Fingerprint> {
  const hasSameBytes = (reopened: Source): Promise<boolean> => hasRecordedParts(session, reopened, journal);
  const fingerprint = await unchangedFingerprint(session, source, hasSameBytes);
  if (fingerprint !== source.fingerprint) await journal.recordFingerprint(fingerprint);
  return fingerprint;
}

/** Returns true when the service no longer has an upload that no run of calve has sent complete for. */
function isNeverCompleted({ upload }: Journal, error: unknown): boolean {
  const isGone = isFailure(error, 'not-found') && error.facts.what === 'upload';
  return isGone && upload.completing === null && !upload.completingUncertain;
}

/**
 * Returns the request that creates the upload again after the service said that it does not exist; null: fail. An upload
 * whose `completing` record was written, or may have been, is never created again by itself: its archive may exist.
 */
function requestToCreateAgain(
  { clock, target, report }: Session,
  { start, journal, seen }: ActiveUpload,
  error: unknown,
): PlannedUploadRequest | null {
  const { head } = journal.upload;
  if (!isNeverCompleted(journal, error) || head.identity.source.kind === 'stream') return null;
  // A touched file's new fingerprint was recorded on disk only, which keeps nothing alive on the service.
  const { lastActivityAt } = start.kind === 'resume' && !seen ? start : journal.upload;
  const idleMs = clock.nowMs() - Date.parse(lastActivityAt);
  const { idleExpiryMs } = target.capabilities;
  const expired = idleExpiryMs !== null && idleMs >= idleExpiryMs;
  const goneBetweenRuns = start.kind === 'resume' && start.whenAborted === 'create-again' && !seen;
  if (!expired && !goneBetweenRuns) return null;
  const { uploadId, plan, description, object } = head;
  report(
    expired
      ? { type: 'notice', notice: 'expired-created-again', uploadId, lastActivityAt }
      : { type: 'notice', notice: 'gone-created-again', uploadId },
  );
  return object === undefined ? { plan, description } : { plan, description, object };
}

/**
 * Removes the journal of an upload that turned out to be another file's: the next `upload` of this file would continue
 * it. @returns true when it was such an upload
 */
async function forgetOtherUpload(journal: Journal, error: unknown): Promise<boolean> {
  const { parts, completing, completingUncertain } = journal.upload;
  const isOther = isFailure(error, 'source') && error.facts.why === 'other-upload';
  if (!isOther || parts.size > 0 || completing !== null || completingUncertain) return false;
  await journal.remove();
  return true;
}
