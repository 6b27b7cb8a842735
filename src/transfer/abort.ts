/** `abort`: removes uploads and their parts from the service. Never one that a live calve works on. */
import { type FailureFacts, isFailure, TransferError, withContext, wrapFailure } from '../core/failures.js';
import { isSameTarget } from '../core/identity.js';
import type { KnownFleets } from './ports/fleet.js';
import type { Catalogue, CatalogueEntry, UnfinishedUpload } from './ports/state.js';
import { type AbortResponse, alreadyAborted } from './ports/target.js';
import { lockOptions, type Session } from './session.js';
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
    return wrapFailure(error, 'not-found', { ...error.facts, detail: completedAs(entry) });
  }
  return null;
}

/** Returns the reason why an upload is not found whose archive was made. */
export function completedAs({
  archivedAt,
  archiveId,
}: Pick<CatalogueEntry, 'archivedAt' | 'archiveId'>): string {
  return `it was completed on ${archivedAt} as archive ${archiveId}`;
}
