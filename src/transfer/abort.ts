/** `abort`: uploads are dropped with what they hold. Never one that a live calve works on. */
import { isFailure, TransferError, withContext } from '../core/failures.js';
import { forgetUpload, goneFailure, mayBeCompleted } from './complete-upload.js';
import { listAllParts, listAllUploads } from './list.js';
import type { AbortAnswer, OpenUpload, UnfinishedUpload } from './ports.js';
import { isSameTarget, lockOptions, type Session, sessionAt } from './session.js';

export interface Aborted {
  readonly uploadId: string;
  readonly answer: AbortAnswer;
}

/**
 * Aborts one upload and removes its journal.
 * @param how `listed`: whether the service has just listed it: then a 404 means that it went in between, which is what was
 * wanted. So does a 404 where a journal of ours explains the id, unless its archive may have been made.
 * `forget`: drop what is recorded of it here even then
 * @throws TransferError `busy`; `not-found` (upload); `gone` when the archive may exist
 */
export async function abortUpload(
  session: Session,
  uploadId: string,
  { listed, forget }: { readonly listed: boolean; readonly forget: boolean },
): Promise<Aborted> {
  try {
    const lock = await session.state.lockUpload(uploadId, lockOptions(session));
    try {
      const known = await session.state.findByUploadId(uploadId);
      const ours = known !== null && isSameTarget(known.head.identity.place, session.place) ? known : null;
      const answer = await abortOnService(session, uploadId, listed, forget ? withoutDoubt(ours) : ours);
      if (session.target.capabilities.partsOutliveAbort) await lookAgain(session, uploadId);
      if (ours !== null) await forgetUpload(session, ours);
      return { uploadId, answer };
    } finally {
      await lock.release();
    }
  } catch (error) {
    throw withContext(error, { target: session.place.url, uploadId });
  }
}

/** As if complete had certainly never been sent. */
function withoutDoubt(ours: UnfinishedUpload | null): UnfinishedUpload | null {
  return ours && { ...ours, completing: null, completingUncertain: false };
}

/** How long after an abort to look again, and once more each time that parts are still listed. */
const LOOK_AGAIN_MS = [0, 1000, 3000, 6000];

/**
 * A part that was in flight may outlive the abort, whoever sent it, and would be billed for ever: the upload is
 * aborted until the service lists it no more. Source: Huawei OBS, "Aborting a Multipart Upload"; Amazon S3 API
 * reference, AbortMultipartUpload.
 */
async function lookAgain(session: Session, uploadId: string): Promise<void> {
  const { target, signal, clock } = session;
  let listed = 0;
  try {
    for (const waitMs of LOOK_AGAIN_MS) {
      if (waitMs > 0) await clock.sleep(waitMs, signal);
      const { parts } = await target.listPartsPage(uploadId, { limit: null, marker: null }, signal);
      listed = parts.length;
      await target.abort(uploadId, signal);
    }
  } catch (error) {
    if (isFailure(error, 'not-found')) return;
    // Aborted it is; who may not list can't be told more.
    if (!isFailure(error, 'refused')) throw error;
  }
  session.report({ type: 'notice', notice: 'parts-may-remain', uploadId, parts: listed });
}

async function abortOnService(
  session: Session,
  uploadId: string,
  listed: boolean,
  ours: UnfinishedUpload | null,
): Promise<AbortAnswer> {
  try {
    return await session.target.abort(uploadId, session.signal);
  } catch (error) {
    if (!isFailure(error, 'not-found') || error.facts.what !== 'upload') throw error;
    const completing = ours === null ? null : mayBeCompleted(ours);
    if (completing !== null || (!listed && ours === null)) {
      const known = await explained(session, uploadId, error);
      throw known ?? (completing === null ? error : goneFailure(uploadId, completing, error));
    }
    const { httpStatus = 404, requestId = null, hostId = null } = error.service ?? {};
    return { httpStatus, requestId, hostId };
  }
}

/** A 404 for an upload that the catalogue knows as completed says so. */
async function explained(
  session: Session,
  uploadId: string,
  error: TransferError<'not-found'>,
): Promise<TransferError | null> {
  const entry = (await session.catalogue.all()).find((each) => each.uploadId === uploadId);
  if (entry === undefined) return null;
  const detail = `it was completed on ${entry.archivedAt} as archive ${entry.archiveId}`;
  const service = error.service === null ? {} : { service: error.service };
  return new TransferError('not-found', { ...error.facts, detail }, { cause: error, ...service });
}

/** An upload in progress on the service, with what is known of it here. */
export interface JoinedUpload {
  readonly open: OpenUpload;
  readonly local: UnfinishedUpload | null;
  /** ISO-8601 UTC: when the newest of its parts arrived, where that was asked. */
  readonly newestPartAt?: string;
}

/** The service's uploads in progress, joined with the state folder's. */
export async function* joinedUploads(session: Session): AsyncGenerator<JoinedUpload> {
  const join = await joiner(session);
  for await (const open of listAllUploads(session.target, session.signal)) yield join(open);
}

/** What joins an upload that the service lists with the state folder's. An upload of another key is another place. */
export async function joiner(session: Session): Promise<(open: OpenUpload) => JoinedUpload> {
  const all = await session.state.all();
  const known = new Map(all.map((upload) => [upload.head.uploadId, upload]));
  return (open) => {
    const local = known.get(open.uploadId) ?? null;
    const { place } = sessionAt(session, open.key);
    const isHere = local !== null && isSameTarget(local.head.identity.place, place);
    return { open, local: isHere ? local : null };
  };
}

/** Which uploads a sweep takes. */
export interface Sweep {
  /** Idle at least this long; null: all of them. */
  readonly olderThanMs: number | null;
}

/**
 * The same upload with the time of its newest part, where only that tells whether it is in use: it is unknown here,
 * old enough to be taken, and the service keeps it until somebody aborts it.
 */
export async function withActivity(
  session: Session,
  upload: JoinedUpload,
  { olderThanMs }: Sweep,
): Promise<JoinedUpload> {
  const { open, local } = upload;
  const isYoung =
    session.clock.nowMs() - Date.parse(open.createdAt) < (olderThanMs ?? Number.POSITIVE_INFINITY);
  if (local !== null || isYoung || !session.target.capabilities.billsParts) return upload;
  const { target, signal } = sessionAt(session, open.key);
  try {
    const { parts } = await listAllParts(target, open.uploadId, signal);
    const newestPartAt =
      parts
        .map(({ modifiedAt }) => modifiedAt ?? '')
        .sort()
        .at(-1) ?? '';
    return newestPartAt === '' ? upload : { ...upload, newestPartAt };
  } catch (error) {
    // It went in between: the sweep will find that out again.
    if (isFailure(error, 'not-found')) return upload;
    throw error;
  }
}

/** What a sweep would do: pure, so that a dry run and the sweep agree. */
export interface Sorted {
  readonly take: readonly JoinedUpload[];
  /** Old enough, but in use by somebody else: the service would have dropped it had it been idle. */
  readonly inUse: readonly JoinedUpload[];
}

/**
 * `--older-than` counts from the last known activity: the journal's, else the newest part's, else creation. A vault drops
 * what was idle for 24 h, so an upload that this state folder does not know, and that is still there after that, is
 * being sent by another machine: it is left alone (Amazon Glacier developer guide, "Uploading an archive in parts").
 */
export function sortUploads(
  uploads: readonly JoinedUpload[],
  sweep: Sweep,
  nowMs: number,
  idleExpiryMs: number | null,
): Sorted {
  const { olderThanMs } = sweep;
  if (olderThanMs === null) return { take: uploads, inUse: [] };
  const idleMs = (each: JoinedUpload): number =>
    nowMs - Date.parse(each.local?.lastActivityAt ?? each.newestPartAt ?? each.open.createdAt);
  const old = uploads.filter((each) => idleMs(each) >= olderThanMs);
  const inUse = old.filter(
    (each) => each.local === null && idleExpiryMs !== null && idleMs(each) >= idleExpiryMs,
  );
  return { take: old.filter((each) => !inUse.includes(each)), inUse };
}
