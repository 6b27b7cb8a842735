/** `resume`: an unfinished upload goes on, from the journal or from an upload id alone. */
import { describeFile } from '../core/description.js';
import { TransferError, withContext } from '../core/failures.js';
import { foreignPartSize, isLegalPartSize } from '../core/part-plan.js';
import { mayBeArchived, settleUpload } from './complete-upload.js';
import { planSource } from './parts/plan.js';
import {
  type Lock,
  type Source,
  STANDARD_INPUT,
  type UnfinishedUpload,
  type UploadIdentity,
} from './ports.js';
import { runUpload } from './run-upload.js';
import {
  type ArchiveResult,
  isoNow,
  isSameTarget,
  lockOptions,
  type Session,
  settledResult,
} from './session.js';
import { spentStream } from './spent-stream.js';
import { compareWithUpload } from './upload.js';

/**
 * Goes on with an upload that the state folder knows.
 * @throws TransferError `source` (`changed`) when the file is no longer what was begun; `gone` when somebody aborted
 * it (resume begins no other); `not-found` (unfinished upload) when another calve has just completed or aborted it; `refused` when the credentials are another account's
 */
export async function resumeUpload(session: Session, known: UnfinishedUpload): Promise<ArchiveResult> {
  const { head } = known;
  const context = { file: head.identity.file, target: head.identity.place.url, uploadId: head.uploadId };
  const startedMs = session.clock.nowMs();
  let lock: Lock | null = null;
  let source: Source | null = null;
  try {
    checkPlace(session, known);
    lock = await session.state.lockIdentity(head.identity, lockOptions(session));
    const upload = await session.state.findByUploadId(head.uploadId);
    if (upload === null) throw overTaken(head.uploadId);
    if (await mayBeArchived(session, upload)) {
      const entry = await settleUpload(session, upload, lock);
      if (entry !== null) return settledResult(session, entry, startedMs);
    }
    const { file } = head.identity;
    source = file === STANDARD_INPUT ? spentStream(upload) : await session.openSource(file);
    if ((await compareWithUpload(session, source, upload)) === 'changed') {
      throw new TransferError('source', { path: source.path, why: 'changed', detail: null });
    }
    const from = { upload, whenAborted: 'fail' } as const;
    return await runUpload(session, { source, identityLock: lock, startedMs, from });
  } catch (error) {
    throw withContext(error, context);
  } finally {
    await source?.close();
    await lock?.release();
  }
}

/** Between the reading and the lock another calve finished or aborted it. */
function overTaken(uploadId: string): TransferError<'not-found'> {
  const detail = 'another calve has just completed or aborted it';
  return new TransferError('not-found', { what: 'unfinished upload', name: uploadId, detail });
}

/** The same names may mean another vault under other credentials. */
function checkPlace(session: Session, upload: UnfinishedUpload): void {
  const { place } = upload.head.identity;
  if (isSameTarget(place, session.place)) return;
  throw new TransferError('refused', {
    why: 'wrong-credentials',
    operation: 'resume the upload',
    detail: `it was created in ${place.url} of account ${place.account ?? 'unknown'}, but these credentials belong to account ${session.place.account ?? 'unknown'}`,
  });
}

/**
 * Adopts an upload by its id, from the service's own part list: what it holds is read here and compared, never
 * assumed; what differs or is missing is sent.
 * @throws TransferError `not-found` (upload); `source` (`other-upload`) when the file is plainly not the one; `usage` for
 * parts of a size that calve does not make
 */
export async function adoptUpload(session: Session, file: string, uploadId: string): Promise<ArchiveResult> {
  const startedMs = session.clock.nowMs();
  let lock: Lock | null = null;
  let source: Source | null = null;
  try {
    source = await session.openSource(file);
    const identity: UploadIdentity = { file: source.path, place: session.place };
    lock = await session.state.lockIdentity(identity, lockOptions(session));
    const known = await session.state.findByUploadId(uploadId);
    if (known !== null) {
      await lock.release();
      return await resumeKnown(session, known, identity);
    }
    const first = await session.target.listPartsPage(uploadId, { limit: 1, marker: null }, session.signal);
    // Without a part nothing shows the size that was meant, and any will do.
    const { limits } = session.target;
    const partSizeBytes = first.partSizeBytes ?? 'auto';
    if (partSizeBytes !== 'auto' && !isLegalPartSize(partSizeBytes, limits)) {
      throw foreignPartSize(uploadId, partSizeBytes, limits);
    }
    const plan = planSource(source, { file, partSizeBytes }, limits);
    const description = first.description ?? describeFile(source.baseName, source.mtimeMs);
    const createdAt = isoTime(first.createdAt) ?? isoNow(session);
    const from = { adopt: { plan, description, uploadId, createdAt } };
    return await runUpload(session, { source, identityLock: lock, startedMs, from });
  } catch (error) {
    throw withContext(error, { file: source?.path ?? file, target: session.place.url, uploadId });
  } finally {
    await source?.close();
    await lock?.release();
  }
}

/** The service's time in the one form that sorts; null where it gave none that can be read. */
function isoTime(text: string | null): string | null {
  const timeMs = Date.parse(text ?? '');
  return Number.isNaN(timeMs) ? null : new Date(timeMs).toISOString();
}

/** An id that the state folder knows needs no adoption, but must be meant for the same file. */
async function resumeKnown(
  session: Session,
  known: UnfinishedUpload,
  identity: UploadIdentity,
): Promise<ArchiveResult> {
  if (known.head.identity.file === identity.file) return resumeUpload(session, known);
  throw new TransferError('source', {
    path: identity.file,
    why: 'other-upload',
    detail: `the upload was created here for ${known.head.identity.file}`,
  });
}
