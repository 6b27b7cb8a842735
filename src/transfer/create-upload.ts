/** Creates an upload on the service and its journal on disk. */
import { cleanUp } from '../core/clean-up.js';
import { withContext } from '../core/failures.js';
import type { SourceIdentity } from '../core/identity.js';
import type { PartPlan } from '../core/part-plan.js';
import { abandonUpload } from './abandon-upload.js';
import { isoNow } from './ports/clock.js';
import type { JournalHead, Lock, LockedUpload } from './ports/state.js';
import type { CreatedUpload, CreateUploadRequest } from './ports/target.js';
import { lockOptions, type Session } from './session.js';

/** A request whose number of parts is known. */
export interface PlannedUploadRequest extends CreateUploadRequest {
  readonly plan: PartPlan;
}

/**
 * Creates an upload on the service, and reports the storage class of an object for which the user named none: it decides
 * what the object will cost.
 */
export async function createOnService(
  { target, signal, report }: Pick<Session, 'target' | 'signal' | 'report'>,
  request: CreateUploadRequest,
): Promise<CreatedUpload> {
  const created = await target.createUpload(request, signal);
  const storageClass = created.object?.storageClass ?? null;
  if (storageClass !== null && (request.object?.storageClass ?? null) === null) {
    report({ type: 'notice', notice: 'default-class', storageClass });
  }
  return created;
}

/** Returns the facts about an upload that its journal begins with. */
export function journalHead(
  { targetIdentity, connection }: Pick<Session, 'targetIdentity' | 'connection'>,
  source: SourceIdentity,
  facts: CreatedUpload & Pick<JournalHead, 'plan' | 'description' | 'fingerprint' | 'startedAt'>,
): JournalHead {
  const { uploadId, plan, description, fingerprint, startedAt, object } = facts;
  const identity = { source, target: targetIdentity };
  const head = { uploadId, identity, connection, plan, description, fingerprint, startedAt };
  return object === undefined ? head : { ...head, object };
}

/** The source of a new upload. */
export interface NewSource {
  readonly identity: SourceIdentity;
  readonly fingerprint: JournalHead['fingerprint'];
  /** The lock of its identity. */
  readonly lock: Lock;
}

/**
 * Creates an upload: when this returns, the upload exists on the service and its id and plan are on disk. While the
 * service answered, this machine may have slept, and another calve may have taken the lock and archived the file. So the
 * lock is confirmed before there is a journal that a later run would complete.
 * @returns the upload, locked, with its journal
 * @throws TransferError `busy` when the lock was lost
 */
export async function createUpload(
  session: Session,
  source: NewSource,
  request: PlannedUploadRequest,
): Promise<LockedUpload> {
  const created = await createOnService(session, request);
  const { uploadId } = created;
  try {
    await source.lock.assertHeld();
    const { fingerprint } = source;
    const { plan, description } = request;
    const startedAt = isoNow(session.clock);
    const head = journalHead(session, source.identity, {
      ...created,
      plan,
      description,
      fingerprint,
      startedAt,
    });
    return await createJournal(session, head, await session.state.openUpload(uploadId, lockOptions(session)));
  } catch (error) {
    // There is no journal: abort, so that no orphan upload remains.
    const isLeft = !(await abandonUpload(session, uploadId));
    const { targetIdentity: target, connection } = session;
    const orphan = { uploadId, target, connection };
    throw withContext(error, { uploadId, resumable: false, ...(isLeft && { orphan }) });
  }
}

/** Writes the journal of an upload whose lock is held. Closes the lock when that fails. */
export async function createJournal(
  { state }: Pick<Session, 'state'>,
  head: JournalHead,
  locked: LockedUpload,
): Promise<LockedUpload> {
  try {
    const journal = await state.create(head);
    return {
      lock: locked.lock,
      journal,
      close: () =>
        cleanUp(
          () => journal.close(),
          () => locked.close(),
        ),
    };
  } catch (error) {
    await locked.close();
    throw error;
  }
}
