/** `abort`: removes uploads and their parts from the service. Never one that a live calve works on. */
import { type FailureFacts, isFailure, TransferError, withContext, wrapFailure } from '../core/failures.js';
import { isSameTarget } from '../core/identity.js';
import { type JoinedUpload, listAllParts, listUploads } from './list.js';
import type { KnownFleets } from './ports/fleet.js';
import type { Catalogue, UnfinishedUpload } from './ports/state.js';
import { type AbortResponse, alreadyAborted } from './ports/target.js';
import { lockOptions, type Session, sessionAt } from './session.js';
import { goneFailure, possibleCompletion } from './upload-gone.js';

/** The members of a session that abort needs. It opens no source, and asks the catalogue only about an unknown upload. */
export interface AbortSession
  extends Pick<
    Session,
    'target' | 'targetIdentity' | 'state' | 'report' | 'clock' | 'signal' | 'lockWaitMs'
  > {
  /** Null where neither an option nor the environment names its folder. */
  readonly catalogue: Pick<Catalogue, 'entries'> | null;
  /** The fleets that this machine knows; absent: none is looked for. */
  readonly fleets?: Pick<KnownFleets, 'find'>;
}

export interface Aborted {
  readonly uploadId: string;
  readonly answer: AbortResponse;
}

export interface AbortOptions {
  /**
   * True when the service has just listed the upload. A 404 then means that the upload has ended since, which is the
   * wanted result.
   */
  readonly listed: boolean;
  /** Remove the journal even where the archive may have been made. */
  readonly forget: boolean;
}

/**
 * Aborts one upload and removes its journal. A 404 is the wanted result too where our own journal knows the upload,
 * unless its archive may have been made.
 * @throws TransferError `busy`; `not-found` (upload); `gone` when the archive may exist
 */
export async function abortUpload(
  session: AbortSession,
  uploadId: string,
  { listed, forget }: AbortOptions,
): Promise<Aborted> {
  try {
    if (!listed) await assertNoFleet(session, uploadId);
    const locked = await session.state.openUpload(uploadId, lockOptions(session));
    try {
      const { journal } = locked;
      const upload = journal?.upload ?? null;
      const isOurs = upload !== null && isSameTarget(upload.head.identity.target, session.targetIdentity);
      const ours = isOurs ? upload : null;
      // An archive that is known to be wrong is not lost with the record of it.
      const isSettled = forget || (ours !== null && ours.mismatch !== null);
      const known = isSettled ? asNeverCompleted(ours) : ours;
      const completing = known === null ? null : possibleCompletion(known);
      const answer = await abortWithParts(session, uploadId, {
        isKnown: listed || known !== null,
        completing,
      });
      if (isOurs) await journal?.remove();
      return { uploadId, answer };
    } finally {
      await locked.close();
    }
  } catch (error) {
    throw withContext(error, { target: session.targetIdentity.url, uploadId });
  }
}

/** A sweep has looked for a fleet already. @throws TransferError `busy` for the upload of a fleet */
async function assertNoFleet({ fleets }: AbortSession, uploadId: string): Promise<void> {
  const fleet = (await fleets?.find(uploadId)) ?? null;
  if (fleet === null) return;
  const { manifestPath: manifest } = fleet;
  const facts = { what: `upload ${uploadId}`, holder: `the fleet of ${manifest}`, sinceMs: null, manifest };
  throw new TransferError('busy', facts);
}

type ServiceSession = Pick<AbortSession, 'target' | 'report' | 'clock' | 'signal' | 'catalogue'>;

/** The facts that are known of an upload that is aborted. */
interface KnownUpload {
  /** True if the upload existed, so that a 404 is the wanted result. */
  readonly isKnown: boolean;
  /** The archive that may have been made of it; null: none. */
  readonly completing: FailureFacts['gone']['completing'];
}

/**
 * Aborts an upload on the service, with parts that arrive late.
 * @throws TransferError `not-found` (upload); `gone` when the archive may exist
 */
export async function abortWithParts(
  session: ServiceSession,
  uploadId: string,
  known: KnownUpload,
): Promise<AbortResponse> {
  const answer = await abortOnService(session, uploadId, known);
  if (session.target.capabilities.partsOutliveAbort) await abortLateParts(session, uploadId);
  return answer;
}

/** Returns the upload as if complete had certainly never been sent. */
function asNeverCompleted(ours: UnfinishedUpload | null): UnfinishedUpload | null {
  return ours && { ...ours, completing: null, completingUncertain: false };
}

/** The waits before each look for parts that arrived after the abort. */
const LOOK_AGAIN_MS = [0, 1000, 3000, 6000];

/**
 * A part that was in flight may outlive the abort, whoever sent it, and would be billed forever. So this aborts again
 * until the service no longer lists the upload. Source: Huawei OBS, "Aborting a Multipart Upload"; Amazon S3 API
 * reference, AbortMultipartUpload.
 */
async function abortLateParts(session: ServiceSession, uploadId: string): Promise<void> {
  const { target, signal, clock } = session;
  let listed: number | null = 0;
  try {
    for (const waitMs of LOOK_AGAIN_MS) {
      if (waitMs > 0) await clock.sleep(waitMs, signal);
      const { parts } = await target.listPartsPage(uploadId, { limit: null, marker: null }, signal);
      listed = parts.length;
      await target.abort(uploadId, signal);
    }
  } catch (error) {
    if (isFailure(error, 'not-found')) return;
    // The upload is aborted. Credentials that may not list cannot find out more.
    if (!isFailure(error, 'refused')) throw error;
    listed = null;
  }
  session.report({ type: 'notice', notice: 'parts-may-remain', uploadId, parts: listed });
}

async function abortOnService(
  session: ServiceSession,
  uploadId: string,
  { isKnown, completing }: KnownUpload,
): Promise<AbortResponse> {
  try {
    return await session.target.abort(uploadId, session.signal);
  } catch (error) {
    if (!isFailure(error, 'not-found') || error.facts.what !== 'upload') throw error;
    if (completing !== null || !isKnown) {
      const completed = await asCompleted(session, uploadId, error);
      throw completed ?? (completing === null ? error : goneFailure(uploadId, completing, error));
    }
    return alreadyAborted(error);
  }
}

/** Returns the 404 of an upload that the catalogue knows as completed, saying so; null for any other. */
async function asCompleted(
  { catalogue }: Pick<AbortSession, 'catalogue'>,
  uploadId: string,
  error: TransferError<'not-found'>,
): Promise<TransferError | null> {
  for await (const entry of catalogue?.entries() ?? []) {
    if (entry.uploadId !== uploadId) continue;
    const detail = `it was completed on ${entry.archivedAt} as archive ${entry.archiveId}`;
    return wrapFailure(error, 'not-found', { ...error.facts, detail });
  }
  return null;
}

/** Which uploads a sweep takes. */
export interface Sweep {
  /** Idle for at least this long; null: all of them. */
  readonly olderThanMs: number | null;
}

/**
 * Returns the same upload with the time of its newest part, where only that shows whether somebody uses it: this
 * machine does not know it, it is old enough to be taken, and the service keeps it until somebody aborts it.
 */
export async function withActivity(
  session: AbortSession,
  upload: JoinedUpload,
  { olderThanMs }: Sweep,
): Promise<JoinedUpload> {
  const { open, local } = upload;
  const fleet = upload.fleet ?? (await session.fleets?.find(open.uploadId)) ?? null;
  if (fleet !== null && upload.fleet === undefined) {
    return withActivity(session, { ...upload, fleet }, { olderThanMs });
  }
  const isYoung = ageMs(upload, session.clock.nowMs()) < (olderThanMs ?? Number.POSITIVE_INFINITY);
  if (local !== null || isYoung || !session.target.capabilities.billsParts) return upload;
  const { target, signal } = sessionAt(session, open.key);
  try {
    const { parts } = await listAllParts(target, open.uploadId, signal);
    const times = parts.map(({ modifiedAt }) => modifiedAt ?? '').sort();
    const newestPartAt = times.at(-1) ?? '';
    return newestPartAt === '' ? upload : { ...upload, newestPartAt };
  } catch (error) {
    // The upload has ended since it was listed: the sweep finds that out again.
    if (isFailure(error, 'not-found')) return upload;
    throw error;
  }
}

/**
 * Returns how long ago the service created the upload or received its newest part. The time of the list counts, because
 * the service wrote it by the same clock as these dates. The clock of this machine, which may be wrong by hours, counts
 * only where the service gives no time.
 */
function ageMs({ open, newestPartAt, listedMs = null }: JoinedUpload, nowMs: number): number {
  return (listedMs ?? nowMs) - Date.parse(newestPartAt ?? open.createdAt);
}

/**
 * Returns how long the upload was idle. The time of the journal is one of this machine's clock, and counts by it. If
 * that clock was set in between, the service's dates still show an upload that is too young to have been idle so long.
 */
function idleMs(upload: JoinedUpload, nowMs: number): number {
  const { local, fleet } = upload;
  const age = ageMs(upload, nowMs);
  const known = fleet === undefined ? age : Math.min(age, nowMs - fleet.activeMs);
  return local === null ? known : Math.min(known, nowMs - Date.parse(local.lastActivityAt));
}

/** The decision of a sweep: pure, so that a dry run and the sweep agree. */
export interface SortedUploads {
  readonly take: readonly JoinedUpload[];
  /** Old enough, but another machine uses them: idle ones would have been removed by the service. */
  readonly inUse: readonly JoinedUpload[];
  /** A fleet that this machine knows works on them. */
  readonly inFleet: readonly JoinedUpload[];
}

/**
 * Sorts uploads by what a sweep does with them. `--older-than` counts from the last known activity: the journal's, else
 * the newest part's, else creation (see idleMs). A vault removes uploads that were idle for 24 h, so an upload that this state folder
 * does not know and that still exists after that is being sent by another machine: it is left alone (Amazon Glacier
 * developer guide, "Uploading an archive in parts").
 */
export function sortUploads(
  uploads: readonly JoinedUpload[],
  { olderThanMs }: Sweep,
  nowMs: number,
  idleExpiryMs: number | null,
): SortedUploads {
  if (olderThanMs === null) {
    const inFleet = uploads.filter(({ fleet }) => fleet !== undefined);
    return { take: uploads.filter(({ fleet }) => fleet === undefined), inUse: [], inFleet };
  }
  const old = uploads.filter((each) => idleMs(each, nowMs) >= olderThanMs);
  const inUse = old.filter(
    (each) => each.local === null && idleExpiryMs !== null && idleMs(each, nowMs) >= idleExpiryMs,
  );
  return { take: old.filter((each) => !inUse.includes(each)), inUse, inFleet: [] };
}

/**
 * Lists the uploads to the target, and sorts them.
 * @throws TransferError as listUploads
 */
export async function chooseUploads(session: AbortSession, sweep: Sweep): Promise<SortedUploads> {
  const uploads: JoinedUpload[] = [];
  for await (const each of listUploads(session)) uploads.push(await withActivity(session, each, sweep));
  const { idleExpiryMs } = session.target.capabilities;
  const sorted = sortUploads(uploads, sweep, session.clock.nowMs(), idleExpiryMs);
  for (const { open } of sorted.inUse) {
    const { uploadId, createdAt } = open;
    session.report({ type: 'notice', notice: 'in-use-elsewhere', uploadId, createdAt });
  }
  for (const { open, fleet } of sorted.inFleet) {
    const manifest = fleet?.manifestPath ?? '';
    session.report({ type: 'notice', notice: 'fleet-in-use', uploadId: open.uploadId, manifest });
  }
  return sorted;
}
