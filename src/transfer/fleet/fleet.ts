/** The members that the use cases of a fleet share. */
import { type FleetWords, isDenied, isFailure, TransferError, wrapFailure } from '../../core/failures.js';
import { partRange } from '../../core/part-plan.js';
import { listAllParts } from '../list.js';
import { byIndex } from '../parts/reconcile.js';
import type { FleetFolder, FleetManifest, FleetReceipt, ReceiptsReading } from '../ports/fleet.js';
import type { RemotePart } from '../ports/target.js';
import { checkTarget } from '../resume.js';
import type { Session } from '../session.js';
import { headOf } from './manifest-facts.js';

/** One upload that many machines send, as this run reaches it. */
export interface Fleet {
  readonly manifest: FleetManifest;
  readonly manifestPath: string;
  readonly folder: FleetFolder;
  readonly words: FleetWords;
}

/**
 * The same names may mean another vault under other credentials. Credentials that may not describe the vault do not show
 * their account: the upload id shows then that it is the right one.
 * @throws TransferError `refused`
 */
export function checkFleetTarget(session: Pick<Session, 'targetIdentity'>, { manifest }: Fleet): void {
  const isUnknown = session.targetIdentity.account === null || manifest.target.account === null;
  if (!isUnknown) checkTarget(session, headOf(manifest).identity);
}

/** The service's parts by index; null: the size or the hash of a part is unclear. */
export type HeldParts = ReadonlyMap<number, RemotePart | null>;

/**
 * Lists the parts that the service holds.
 * @returns undefined for credentials that may not list
 * @throws TransferError `not-found` (upload); `fleet-differs` if the upload has parts of another size than the manifest
 */
export async function listHeld(
  { target, signal, report }: Pick<Session, 'target' | 'signal' | 'report'>,
  { manifest, manifestPath: path, words: fleet }: Fleet,
): Promise<HeldParts | undefined> {
  const { plan, uploadId } = manifest;
  const otherParts = (detail: string | null): TransferError<'fleet-differs'> => {
    const facts = { fleet, path, why: 'held', index: null, shard: null, detail } as const;
    return new TransferError('fleet-differs', facts);
  };
  try {
    const { upload, parts } = await listAllParts(target, uploadId, signal, plan.partSizeBytes);
    if (upload.partSizeBytes !== null && upload.partSizeBytes !== plan.partSizeBytes) {
      throw otherParts(
        `the upload has parts of ${upload.partSizeBytes} bytes, and the manifest says ${plan.partSizeBytes}`,
      );
    }
    return byIndex(plan, parts).listed;
  } catch (error) {
    if (isDenied(error)) {
      const { url } = manifest.target;
      report({ type: 'notice', notice: 'parts-unchecked', parts: plan.partCount, target: url });
      return undefined;
    }
    if (isFailure(error, 'source')) throw otherParts(error.facts.detail);
    throw error;
  }
}

/** Returns the receipts that fit the plan. A manifest or a receipt of another plan may have been copied here. */
export function fittingReceipts({ plan }: FleetManifest, { byIndex: all }: ReceiptsReading): Receipts {
  const fitting = new Map<number, readonly FleetReceipt[]>();
  for (const [index, receipts] of all) {
    if (index >= plan.partCount) continue;
    const { sizeBytes } = partRange(plan, index);
    const these = receipts.filter((receipt) => receipt.sizeBytes === sizeBytes);
    if (these.length > 0) fitting.set(index, these);
  }
  return fitting;
}

export type Receipts = ReadonlyMap<number, readonly FleetReceipt[]>;

/** Writes receipts into the files of their shares, and syncs each file once. @throws TransferError `manifest` */
export async function writeReceipts({ folder }: Fleet, receipts: readonly FleetReceipt[]): Promise<void> {
  for (const shard of new Set(receipts.map((each) => each.shard))) {
    const writer = await folder.openReceipts(shard);
    try {
      for (const receipt of receipts) if (receipt.shard === shard) await writer.record(receipt);
      await writer.sync();
    } finally {
      await writer.close();
    }
  }
}

/** Reports lines of receipts that could not be read. Their parts are read and compared again. */
export function noticeDamage(
  { report }: Pick<Session, 'report'>,
  { folder: { path } }: Fleet,
  { damagedLines: lines }: ReceiptsReading,
): void {
  if (lines > 0) report({ type: 'notice', notice: 'receipts-damaged', path, lines });
}

/** Returns the failure of an upload that was ended without this fleet. */
export function fleetGone(error: unknown, { manifest }: Fleet, completing: boolean): unknown {
  const isGone = isFailure(error, 'not-found') && error.facts.what === 'upload';
  if (!isGone) return error;
  const { plan, uploadId, treeHash } = manifest;
  const whole = completing ? { sizeBytes: plan.sizeBytes, treeHash } : null;
  return wrapFailure(error, 'gone', { uploadId, completing: whole });
}
