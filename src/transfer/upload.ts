/** `upload`: one file becomes one archive, whatever happened before. */
import { describeFile } from '../core/description.js';
import { withContext } from '../core/failures.js';
import type { PartPlan } from '../core/part-plan.js';
import { abortUpload } from './abort.js';
import { checkOptions } from './check-options.js';
import type { PlannedUploadRequest } from './create-upload.js';
import { decide, type UploadAction } from './decide.js';
import { gatherFacts, gatherFactsUnlocked } from './gather-facts.js';
import { planFile } from './parts/plan.js';
import type { Source } from './ports/source.js';
import type { Lock, UnfinishedUpload } from './ports/state.js';
import type { ObjectOptions } from './ports/target.js';
import { type FileToPut, putFile, takesOneRequest } from './put-file.js';
import { runUpload, type UploadStart } from './run-upload.js';
import {
  type ArchiveResult,
  addressOf,
  lockOptions,
  type Session,
  settledResult,
  skippedResult,
  whileHeld,
} from './session.js';
import { endedByAnother } from './upload-gone.js';

export interface UploadOptions {
  readonly file: string;
  /** `auto`, or a size that the user named; null: that of an unfinished upload, else auto. */
  readonly partSizeBytes: number | 'auto' | null;
  /** Checked by core/description; null: the file's name. */
  readonly description: string | null;
  /** The file's path below the target, which describes its archive in a vault; null: its base name. */
  readonly name?: string | null;
  /** Create a new upload, whatever is unfinished or archived. */
  readonly fresh: boolean;
  /** Set where the target stores objects. */
  readonly object?: ObjectOptions;
}

/**
 * Uploads a file, or continues its unfinished upload, or finds that it is archived already.
 * @throws TransferError of any kind, with file and target filled in
 */
export async function uploadFile(session: Session, options: UploadOptions): Promise<ArchiveResult> {
  const startedMs = session.clock.monotonicMs();
  let source: Source | null = null;
  let lock: Lock | null = null;
  try {
    source = await session.openSource(options.file);
    const { path, fingerprint } = source;
    const { limits } = session.target.capabilities;
    const plan = planFile({ path, sizeBytes: fingerprint.sizeBytes }, options.partSizeBytes, limits);
    const identity = { source: { kind: 'file', path }, target: session.targetIdentity } as const;
    const file = { source, plan, identity, startedMs };
    const result = await putUnlocked(session, options, file);
    // Not even the catalogue decides, because the object may be older than its entry.
    if (result === 'again') return await uploadFile(session, { ...options, fresh: true });
    if (result !== null) return result;
    lock = await session.state.lockIdentity(identity, lockOptions(session));
    const held = whileHeld(session, lock);
    const facts = await gatherFacts(held, { source, identity, lock, fresh: options.fresh });
    return await act(held, options, decide(facts), { ...file, lock });
  } catch (error) {
    const file = source?.path ?? options.file;
    session.report({ type: 'failed', file });
    throw withContext(error, { file, target: session.targetIdentity.url });
  } finally {
    await source?.close();
    await lock?.release();
  }
}

/** The opened file, planned. */
interface OpenedFile extends FileToPut {
  readonly plan: PartPlan;
}

/** Its lock is held, too. */
interface LockedFile extends OpenedFile {
  readonly lock: Lock;
}

/**
 * Sends a file that becomes an object by a single request, or finds that it is archived, without a lock: that would cost
 * more than the object.
 * @returns null if the file takes an upload, or has an unfinished one; `again` if a newer version of it must be sent
 */
async function putUnlocked(
  session: Session,
  options: UploadOptions,
  file: OpenedFile,
): Promise<ArchiveResult | 'again' | null> {
  if (!isPut(session, options, file)) return null;
  const facts = await gatherFactsUnlocked(session, { ...file, fresh: options.fresh });
  if (facts === null) return null;
  const action = decide(facts);
  if (action.action === 'skip') return skip(session, action, file.startedMs);
  return (await putFile(session, file, requestFor(options, file))) ?? 'again';
}

function isPut({ target }: Session, { object }: UploadOptions, { source, plan }: OpenedFile): boolean {
  return takesOneRequest(target.capabilities, plan, object, source.inMemoryPartMaxBytes);
}

function skip(
  session: Session,
  { entry, leftovers }: Extract<UploadAction, { action: 'skip' }>,
  startedMs: number,
): ArchiveResult {
  const { archiveId, archivedAt } = entry;
  session.report({ type: 'notice', notice: 'already-archived', archiveId, archivedAt });
  for (const upload of leftovers) noticeUnfinished(session, 'left-unfinished', upload);
  return skippedResult(session, entry, startedMs);
}

async function act(
  session: Session,
  options: UploadOptions,
  action: UploadAction,
  file: LockedFile,
): Promise<ArchiveResult> {
  switch (action.action) {
    case 'settled':
      return settledResult(session, action.entry, file.startedMs);
    case 'skip':
      return skip(session, action, file.startedMs);
    case 'resume': {
      checkOptions(options, action.upload, session.target.capabilities.limits);
      const start = await startOf(session, action.upload);
      return await run(session, file, start, action.leftovers);
    }
    case 'create': {
      for (const upload of action.olderVersions)
        noticeUnfinished(session, 'older-version-unfinished', upload);
      const request = requestFor(options, file);
      const result = isPut(session, options, file) ? await putFile(session, file, request) : null;
      if (result === null) return await run(session, file, { kind: 'new', request }, action.leftovers);
      await endLeftovers(session, action.leftovers);
      return result;
    }
  }
}

async function startOf(session: Session, upload: UnfinishedUpload): Promise<UploadStart> {
  const { head, lastActivityAt } = upload;
  const locked = await session.state.openUpload(head.uploadId, lockOptions(session));
  if (locked.journal !== null) {
    return { kind: 'resume', locked, lastActivityAt, whenAborted: 'create-again' };
  }
  await locked.close();
  throw endedByAnother(head.uploadId);
}

function requestFor(options: UploadOptions, { source, plan }: OpenedFile): PlannedUploadRequest {
  const description = options.description ?? describeFile(options.name ?? source.baseName, source.mtimeMs);
  const { object } = options;
  return object === undefined ? { plan, description } : { plan, description, object };
}

async function run(
  session: Session,
  { source, lock: identityLock, startedMs }: LockedFile,
  start: UploadStart,
  leftovers: readonly UnfinishedUpload[],
): Promise<ArchiveResult> {
  const result = await runUpload(session, { source, identityLock, startedMs, start });
  await endLeftovers(session, leftovers);
  return result;
}

/** Aborts, or reports, the uploads that the new archive made unnecessary. */
async function endLeftovers(session: Session, leftovers: readonly UnfinishedUpload[]): Promise<void> {
  for (const upload of leftovers) {
    if (session.target.capabilities.billsParts) await abortSuperseded(session, upload);
    else noticeUnfinished(session, 'left-unfinished', upload);
  }
}

/** Aborts our own upload that the new object made unnecessary: its parts would be billed forever. */
async function abortSuperseded(session: Session, upload: UnfinishedUpload): Promise<void> {
  const { uploadId, startedAt } = upload.head;
  try {
    await abortUpload(session, uploadId, { listed: true, forget: false });
    session.report({ type: 'notice', notice: 'superseded-aborted', uploadId, startedAt });
  } catch {
    // The object exists, which is what the user asked for: a failed clean-up must not turn that into a failure.
    noticeUnfinished(session, 'left-unfinished', upload);
  }
}

function noticeUnfinished(
  { report }: Pick<Session, 'report'>,
  notice: 'left-unfinished' | 'older-version-unfinished',
  { head }: UnfinishedUpload,
): void {
  const { uploadId, startedAt } = head;
  report({ type: 'notice', notice, uploadId, startedAt, address: addressOf(head) });
}
