/** The uploads that `abort --all` and `abort --older-than` take. */
import { isFailure } from '../core/failures.js';
import { isSameTarget } from '../core/identity.js';
import { namesMany, parseTargetUrl } from '../core/target-url.js';
import type { AbortSession } from './abort.js';
import { type JoinedUpload, listAllParts, listUploads } from './list.js';
import type { UnfinishedUpload } from './ports/state.js';
import { sessionAt } from './session.js';
import { possibleCompletion } from './upload-gone.js';

/** Which uploads a sweep takes. */
export interface Sweep {
  /** Idle for at least this long; null: all of them. */
  readonly olderThanMs: number | null;
}

/**
 * Returns the same upload with the fleet that works on it, and with the time of its newest part, where only that shows whether somebody uses it: this
 * machine does not know it, it is old enough to be taken, and the service keeps it until somebody aborts it.
 */
export async function withActivity(
  session: AbortSession,
  upload: JoinedUpload,
  { olderThanMs }: Sweep,
): Promise<JoinedUpload> {
  const { open, local } = upload;
  const fleet = (await session.fleets?.find(open.uploadId)) ?? null;
  const known = fleet === null ? upload : { ...upload, fleet };
  const isYoung = ageMs(upload, session.clock.nowMs()) < (olderThanMs ?? Number.POSITIVE_INFINITY);
  if (local !== null || isYoung || !session.target.capabilities.billsParts) return known;
  const { target, signal } = sessionAt(session, open.key);
  try {
    const { parts } = await listAllParts(target, open.uploadId, signal);
    const times = parts.map(({ modifiedAt }) => modifiedAt ?? '').sort();
    const newestPartAt = times.at(-1) ?? '';
    return newestPartAt === '' ? known : { ...known, newestPartAt };
  } catch (error) {
    // The upload has ended since it was listed: the sweep finds that out again.
    if (isFailure(error, 'not-found')) return known;
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

/** Returns true if the sweep of a target covers an upload that this machine has recorded. */
function covers(
  { targetIdentity }: Pick<AbortSession, 'targetIdentity'>,
  { head }: UnfinishedUpload,
): boolean {
  const { target } = head.identity;
  const [swept, own] = [parseTargetUrl(targetIdentity.url), parseTargetUrl(target.url)];
  const isCovered = namesMany(swept) ? own.key.startsWith(swept.key) : own.key === swept.key;
  return (
    isCovered &&
    own.scheme === swept.scheme &&
    own.container === swept.container &&
    isSameTarget({ ...target, url: targetIdentity.url }, targetIdentity)
  );
}

/** Returns a recorded upload as if the service had listed it. */
function asListed(local: UnfinishedUpload): JoinedUpload {
  const { uploadId, description, plan, startedAt: createdAt, identity, object } = local.head;
  const { key } = parseTargetUrl(identity.target.url);
  const storageClass = object?.storageClass ?? null;
  const { partSizeBytes } = plan;
  const facts = { uploadId, description, partSizeBytes, createdAt, storageClass, vaultArn: null };
  return { open: { ...facts, key: key === '' ? null : key }, local };
}

/**
 * Lists the uploads to the target, and sorts them. Also takes the records of uploads that the service no longer has,
 * because they expired or were aborted elsewhere, unless they may have become an archive.
 * @throws TransferError as listUploads
 */
export async function chooseUploads(session: AbortSession, sweep: Sweep): Promise<SortedUploads> {
  // Before the list: an upload that is created later is not in it, and not lost.
  const recorded = await session.state.all();
  const uploads: JoinedUpload[] = [];
  for await (const each of listUploads(session, recorded))
    uploads.push(await withActivity(session, each, sweep));
  const listed = new Set(uploads.map(({ open }) => open.uploadId));
  for (const local of recorded) {
    const isLost = !listed.has(local.head.uploadId) && possibleCompletion(local) === null;
    if (isLost && covers(session, local)) uploads.push(asListed(local));
  }
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
