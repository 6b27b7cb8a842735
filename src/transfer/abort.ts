/** `abort`: uploads are dropped with what they hold. Never one that a live calve works on. */
import { isFailure, TransferError, withContext } from '../core/failures.js';
import { forgetUpload, goneFailure, mayBeCompleted } from './finish.js';
import { listAllUploads } from './pages.js';
import type { AbortAnswer, OpenUpload, UnfinishedUpload } from './ports.js';
import { lockWish, type Session, samePlace } from './session.js';

export interface Aborted {
  readonly uploadId: string;
  readonly key: string | null;
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
    const lock = await session.state.lockUpload(uploadId, lockWish(session));
    try {
      const known = await session.state.findByUploadId(uploadId);
      const ours = known !== null && samePlace(known.head.identity.place, session.place) ? known : null;
      const answer = await abortOnService(session, uploadId, listed, forget ? withoutDoubt(ours) : ours);
      if (ours !== null) await forgetUpload(session, ours);
      return { uploadId, key: null, answer };
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
}

/** The service's uploads in progress, joined with the state folder's. */
export async function* joinedUploads(session: Session): AsyncGenerator<JoinedUpload> {
  const known = await knownUploads(session);
  for await (const open of listAllUploads(session.target, session.signal)) {
    yield { open, local: known.get(open.uploadId) ?? null };
  }
}

/** Unfinished uploads of this place that the state folder knows, by id. */
export async function knownUploads(session: Session): Promise<Map<string, UnfinishedUpload>> {
  const all = await session.state.all();
  const here = all.filter((upload) => samePlace(upload.head.identity.place, session.place));
  return new Map(here.map((upload) => [upload.head.uploadId, upload]));
}

/** Which uploads a sweep takes. */
export interface Sweep {
  /** Idle at least this long; null: all of them. */
  readonly olderThanMs: number | null;
}

/** What a sweep would do: pure, so that a dry run and the sweep agree. */
export interface Sorted {
  readonly take: readonly JoinedUpload[];
  /** Old enough, but in use by somebody else: the service would have dropped it had it been idle. */
  readonly inUse: readonly JoinedUpload[];
}

/**
 * `--older-than` counts from the last known activity: the journal's, else the service's creation date. A vault drops
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
    nowMs - Date.parse(each.local?.lastActivityAt ?? each.open.createdAt);
  const old = uploads.filter((each) => idleMs(each) >= olderThanMs);
  const inUse = old.filter(
    (each) => each.local === null && idleExpiryMs !== null && idleMs(each) >= idleExpiryMs,
  );
  return { take: old.filter((each) => !inUse.includes(each)), inUse };
}
