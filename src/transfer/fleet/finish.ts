/**
 * `fleet finish`: completes the upload of a fleet. Every part must be on the service, and for each there must be a receipt
 * with the service's checksum, or the file is read. The order of writes is that of completeUpload.
 */
import { cleanUp } from '../../core/clean-up.js';
import { isFailure, type TransferError, withContext, wrapFailure } from '../../core/failures.js';
import type { CompleteSession } from '../complete-upload.js';
import { isRefusal, recordEntry, sendComplete } from '../complete-upload.js';
import { foldInOrder } from '../parts/send.js';
import type { FleetEndRecord } from '../ports/fleet.js';
import type { CatalogueEntry, Lock, RecordedPart } from '../ports/state.js';
import type { FinishedArchive, WholeArchive } from '../ports/target.js';
import { type ArchiveResult, lockOptions, type Session, sentResult, skippedResult } from '../session.js';
import { mismatchFailure } from '../settle-upload.js';
import { checkFleetTarget, type Fleet, fleetGone, type HeldParts, listHeld } from './fleet.js';
import { headOf } from './manifest-facts.js';
import { hashWhole, provenParts } from './proven-parts.js';

export type FinishSession = CompleteSession &
  Pick<Session, 'targetIdentity' | 'openSource' | 'concurrency' | 'lockWaitMs'>;

export interface FinishOptions {
  /** The file on this machine; null: the manifest's path. */
  readonly file: string | null;
  /** True accepts a file with another modification time: its bytes are compared. */
  readonly ignoreMtime: boolean;
  /** True reads the file and compares every part, whatever the receipts say. */
  readonly verify: boolean;
}

/** The upload of a fleet, while it ends. */
interface Ending {
  readonly fleet: Fleet;
  readonly options: FinishOptions;
  readonly record: FleetEndRecord;
  readonly lock: Lock;
  readonly startedMs: number;
}

/**
 * @throws TransferError `fleet-incomplete`, `fleet-differs`: nothing was completed; `gone`; `busy` if another run ends the
 * upload; `unrecorded` if the archive exists, but the catalogue could not be written
 */
export async function finishFleet(
  session: FinishSession,
  fleet: Fleet,
  options: FinishOptions,
): Promise<ArchiveResult> {
  const { manifest, folder, words } = fleet;
  const startedMs = session.clock.monotonicMs();
  let lock: Lock | null = null;
  let record: FleetEndRecord | null = null;
  try {
    checkFleetTarget(session, fleet);
    await folder.proveWritable();
    lock = await folder.lockEnd(lockOptions(session));
    await session.catalogue.proveWritable();
    record = await folder.openEnd();
    return await finishLocked(session, { fleet, options, record, lock, startedMs });
  } catch (error) {
    session.report({ type: 'failed', file: manifest.path });
    const { uploadId, target, path: file } = manifest;
    const resumable = !isFailure(error, 'gone') && !isFailure(error, 'fleet-differs');
    throw withContext(error, { file, target: target.url, uploadId, resumable, fleet: words });
  } finally {
    await record?.close();
    await lock?.release();
  }
}

async function finishLocked(session: FinishSession, ending: Ending): Promise<ArchiveResult> {
  const { fleet, record, startedMs } = ending;
  const known = await knownArchive(session, ending);
  if (known !== null) {
    session.report({ type: 'notice', notice: 'fleet-finished' });
    return skippedResult(session, known, startedMs);
  }
  if (record.end.mismatch !== null) throw mismatchFailure(record.end.mismatch);
  const entry = await completeProven(session, ending);
  const partsReused = fleet.manifest.plan.partCount;
  return sentResult(session, entry, startedMs, { partsSent: 0, partsReused, resumed: true });
}

/** Returns the archive that an earlier run made, on this machine or on another; it is in this catalogue then. */
async function knownArchive(
  { catalogue }: FinishSession,
  { fleet: { manifest }, record }: Ending,
): Promise<CatalogueEntry | null> {
  const entries = await catalogue.findByIdentity(headOf(manifest).identity);
  const entry = entries.find(({ uploadId }) => uploadId === manifest.uploadId) ?? null;
  const { archive } = record.end;
  if (entry !== null && archive === null) await record.recordArchive(entry);
  if (entry === null && archive !== null) await catalogue.record(archive);
  return entry ?? archive;
}

function reportStarted({ report }: FinishSession, { manifest, words }: Fleet): void {
  const { path: file, target, uploadId, plan } = manifest;
  const reused = { reusedParts: plan.partCount, reusedBytes: plan.sizeBytes, resumed: true };
  report({
    type: 'started',
    file,
    target: target.url,
    uploadId,
    plan,
    ...reused,
    orphan: null,
    fleet: words,
  });
}

/** Completes the upload. A service that refuses holds other parts by now: they are listed again, and named. */
async function completeProven(session: FinishSession, ending: Ending): Promise<CatalogueEntry> {
  for (let attempts = 1; ; attempts += 1) {
    const held = await listOrGone(session, ending.fleet);
    if (held === 'gone') return completeGone(session, ending);
    const parts = await provenParts(session, ending.fleet, { ...ending.options, held });
    try {
      return await complete(session, ending, parts);
    } catch (error) {
      if (!isRefusal(error) || attempts > 1) throw error;
    }
  }
}

async function listOrGone(session: FinishSession, fleet: Fleet): Promise<HeldParts | undefined | 'gone'> {
  try {
    return await listHeld(session, fleet);
  } catch (error) {
    if (isFailure(error, 'not-found') && error.facts.what === 'upload') return 'gone';
    throw error;
  }
}

type Parts = ReadonlyMap<number, RecordedPart>;

async function complete(session: FinishSession, ending: Ending, parts: Parts): Promise<CatalogueEntry> {
  const { fleet, record, lock } = ending;
  const whole = wholeOf(fleet, parts);
  const mayBeUnderWay = isRecent(session, record);
  await lock.assertHeld();
  await record.recordCompleting(whole);
  reportStarted(session, fleet);
  session.report({ type: 'completing', uploadId: fleet.manifest.uploadId });
  return archiveOf(session, ending, parts, { ...whole, mayBeUnderWay });
}

/**
 * Sends complete for an upload that the service no longer has, because an earlier run may have completed it: the service
 * then gives the same archive again. Nothing is recorded before.
 * @throws TransferError `gone`
 */
async function completeGone(session: FinishSession, ending: Ending): Promise<CatalogueEntry> {
  const { fleet, options, record } = ending;
  const parts = await hashWhole(session, fleet, options);
  const whole = wholeOf(fleet, parts);
  try {
    return await archiveOf(session, ending, parts, { ...whole, mayBeUnderWay: isRecent(session, record) });
  } catch (error) {
    const wasCompleting = record.end.completing !== null;
    if (isFailure(error, 'gone')) throw fleetGone(error.cause, fleet, wasCompleting);
    // The service remembers an archive of other parts than these.
    throw isRefusal(error) ? goneAfter(error as TransferError, fleet) : error;
  }
}

function goneAfter(error: TransferError, { manifest: { uploadId, plan } }: Fleet): TransferError<'gone'> {
  return wrapFailure(error, 'gone', { uploadId, completing: { sizeBytes: plan.sizeBytes, treeHash: null } });
}

async function archiveOf(
  session: FinishSession,
  { fleet: { manifest }, record }: Ending,
  parts: Parts,
  whole: WholeArchive & { readonly mayBeUnderWay: boolean },
): Promise<CatalogueEntry> {
  const head = headOf(manifest);
  const completion = {
    upload: { head, parts },
    recordReopened: () => record.recordReopened(),
    recordMismatch: (mismatch: { expected: string; got: string }) => record.recordMismatch(mismatch),
  };
  const archive: FinishedArchive = await sendComplete(session, completion, whole);
  const { uploadId, identity, description, plan, fingerprint } = head;
  const sent = { uploadId, identity, description, plan, treeHash: whole.treeHash, fingerprint };
  const entry = await recordEntry(session, sent, archive);
  // The catalogue has it. Without this record, a later run finds it there or asks the service again.
  await cleanUp(() => record.recordArchive(entry));
  return entry;
}

/** A store may work on complete for some minutes. Source: Amazon S3 API reference, CompleteMultipartUpload. */
const UNDER_WAY_MAX_MS = 5 * 60_000;

function isRecent({ clock }: FinishSession, { end }: FleetEndRecord): boolean {
  const { completing, lastActivityAt } = end;
  return completing !== null && clock.nowMs() - Date.parse(lastActivityAt) < UNDER_WAY_MAX_MS;
}

function wholeOf({ manifest: { plan } }: Fleet, parts: Parts): WholeArchive {
  const hashes = new Map([...parts].map(([index, { treeHash }]) => [index, treeHash]));
  return { sizeBytes: plan.sizeBytes, treeHash: foldInOrder(hashes, plan.partCount) };
}
