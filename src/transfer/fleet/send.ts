/**
 * `fleet send`: sends the parts of one share that the service does not hold. It needs no lock and no state: two runs of one
 * share send the same bytes, and a part that is sent twice replaces itself.
 */
import { isFailure, withContext } from '../../core/failures.js';
import { indexesOf } from '../../core/fleet.js';
import { bytesOf } from '../../core/part-plan.js';
import type { PartSession } from '../parts/send.js';
import type { ReceiptWriter } from '../ports/fleet.js';
import type { Source } from '../ports/source.js';
import type { Session } from '../session.js';
import { canContinue } from '../upload-gone.js';
import { checkFleetTarget, type Fleet, fleetGone } from './fleet.js';
import { checkFile } from './manifest-facts.js';
import { type Sent, sendMissing } from './send-share-parts.js';

export type SendSession = PartSession & Pick<Session, 'targetIdentity' | 'openSource' | 'clock'>;

export interface SendOptions {
  readonly shard: number;
  /** The file on this machine; null: the manifest's path. */
  readonly file: string | null;
  readonly ignoreMtime: boolean;
  /** True sends parts again that the service holds with other bytes, instead of refusing. */
  readonly replace: boolean;
  /** The name of this machine. */
  readonly host: string;
}

export interface ShareResult {
  readonly shard: number;
  /** The number of parts of the share. */
  readonly parts: number;
  readonly partsSent: number;
  readonly partsReused: number;
  readonly bytesSent: number;
  readonly durationMs: number;
  /** True if the upload was completed already, so that there was nothing to do. */
  readonly isFinished: boolean;
}

/**
 * @throws TransferError `fleet-differs` if the file is another one; `gone`; `manifest` if no receipt can be written;
 * `checksum`, `unreachable`, `refused`, `source`
 */
export async function sendShare(
  session: SendSession,
  fleet: Fleet,
  options: SendOptions,
): Promise<ShareResult> {
  const { manifest, folder, words } = fleet;
  const startedMs = session.clock.monotonicMs();
  const indexes = indexesOf(options.shard, manifest.plan.partCount, manifest);
  let source: Source | null = null;
  let writer: ReceiptWriter | null = null;
  try {
    source = await session.openSource(options.file ?? manifest.path);
    checkFile(manifest, source, { ignoreMtime: options.ignoreMtime, fleet: words });
    checkFleetTarget(session, fleet);
    await folder.proveWritable();
    writer = await folder.openReceipts(options.shard);
    const sent = await sendMissing(session, { fleet, options, source, writer, indexes });
    await writer.sync();
    return resultOf(fleet, options, sent, session.clock.monotonicMs() - startedMs);
  } catch (error) {
    if (isUploadGone(error) && (await isArchived(session, fleet))) {
      session.report({ type: 'notice', notice: 'fleet-finished' });
      const finished = { isFinished: true, sent: [], reused: indexes.length };
      return resultOf(fleet, options, finished, session.clock.monotonicMs() - startedMs);
    }
    const file = source?.path ?? options.file ?? manifest.path;
    session.report({ type: 'failed', file });
    const failure = fleetGone(error, fleet, await mayBeArchived(fleet, error));
    const { uploadId, target } = manifest;
    const resumable = canContinue(failure) && !isFailure(failure, 'fleet-differs');
    throw withContext(failure, { file, target: target.url, uploadId, resumable, fleet: words });
  } finally {
    await writer?.close();
    await source?.close();
  }
}

function isUploadGone(error: unknown): boolean {
  return isFailure(error, 'not-found') && error.facts.what === 'upload';
}

async function mayBeArchived({ folder }: Fleet, error: unknown): Promise<boolean> {
  return isUploadGone(error) && (await folder.readEnd()).completing !== null;
}

/** A run that has sent complete records the archive a moment after the service no longer has the upload. */
const RECORD_WAIT_MS = 1000;
const RECORD_WAITS = 10;

/** Returns true if a run has completed the upload. It first found every part there, so that this share has nothing to do. */
async function isArchived({ clock, signal }: SendSession, { folder }: Fleet): Promise<boolean> {
  for (let waits = 0; ; waits += 1) {
    const { archive, completing } = await folder.readEnd();
    if (archive !== null || completing === null || waits >= RECORD_WAITS) return archive !== null;
    await clock.sleep(RECORD_WAIT_MS, signal);
  }
}

function resultOf(
  { manifest }: Fleet,
  { shard }: SendOptions,
  { sent, reused, isFinished = false }: Sent,
  durationMs: number,
): ShareResult {
  return {
    shard,
    parts: indexesOf(shard, manifest.plan.partCount, manifest).length,
    partsSent: sent.length,
    partsReused: reused,
    bytesSent: bytesOf(manifest.plan, sent),
    durationMs,
    isFinished,
  };
}
