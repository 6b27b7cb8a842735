/**
 * Finds out what an upload still needs. The service's list says which parts it holds; parts that the journal recorded
 * need not be read again. Pure.
 */
import { TransferError } from '../../core/failures.js';
import { type PartPlan, partRange } from '../../core/part-plan.js';
import type { TreeHash } from '../../core/tree-hash.js';
import type { RecordedPart } from '../ports/state.js';
import type { RemotePart } from '../ports/target.js';

export interface Reconciliation {
  /** The service holds these with the hash that the journal recorded: done. */
  readonly matching: ReadonlyMap<number, TreeHash>;
  /** The service holds these, but the journal does not know them: they are read and compared, never assumed. */
  readonly toCompare: ReadonlyMap<number, RemotePart>;
  /** The service does not hold these, or holds other bytes (sending a part again replaces it). In file order. */
  readonly toSend: readonly number[];
  /** The number of parts on the service that are not as long as this file's part at that position. */
  readonly wrongSize: number;
  /** False if the service was not asked: nothing but the records says what it holds. */
  readonly isListed: boolean;
}

/**
 * Accepts both readings of a listed range's end, because old part lists of the vault service gave exclusive ends (seen
 * since 2012): the end may be one byte too large.
 */
function coversPart(remote: RemotePart, startByte: number, endByte: number): boolean {
  return remote.startByte === startByte && (remote.endByte === endByte || remote.endByte === endByte + 1);
}

/**
 * Compares the service's list with the journal.
 * @param recorded the journal's parts by index; empty when an upload is adopted
 * @param remoteParts every part that the service lists, of all pages, in any order
 * @throws TransferError `source` (`other-upload`) when the service holds bytes at a position that this file does not
 * have: such a part cannot be removed, so the upload can never become this file
 */
export function reconcile(
  plan: PartPlan,
  recorded: ReadonlyMap<number, RecordedPart>,
  remoteParts: Iterable<RemotePart>,
): Reconciliation {
  const { listed, wrongSize } = byIndex(plan, remoteParts);
  const matching = new Map<number, TreeHash>();
  const toCompare = new Map<number, RemotePart>();
  const toSend: number[] = [];
  for (let index = 0; index < plan.partCount; index += 1) {
    const remote = listed.get(index) ?? null;
    const record = recorded.get(index);
    const agrees = remote === null || record === undefined ? null : hasSameHash(record, remote);
    if (remote === null || agrees === false) toSend.push(index);
    else if (record === undefined || agrees === null) toCompare.set(index, remote);
    else matching.set(index, record.treeHash);
  }
  return { matching, toCompare, toSend, wrongSize, isListed: true };
}

/**
 * Believes the records, for credentials that may not list parts. The service still compares each part when the upload is
 * completed: by its ETag, or by the tree hash of the whole.
 */
export function believeRecords(plan: PartPlan, recorded: ReadonlyMap<number, RecordedPart>): Reconciliation {
  const matching = new Map([...recorded].map(([index, { treeHash }]) => [index, treeHash]));
  const toSend = [...Array(plan.partCount).keys()].filter((index) => !recorded.has(index));
  return { matching, toCompare: new Map(), toSend, wrongSize: 0, isListed: false };
}

/**
 * Sorts the service's parts by index; null for a part that cannot be used, because its size or hash is unclear.
 * @throws TransferError `source` (`other-upload`): as reconcile
 */
export function byIndex(
  plan: PartPlan,
  remoteParts: Iterable<RemotePart>,
): { listed: Map<number, RemotePart | null>; wrongSize: number } {
  const listed = new Map<number, RemotePart | null>();
  let wrongSize = 0;
  for (const part of remoteParts) {
    const index = part.startByte / plan.partSizeBytes;
    if (!Number.isInteger(index) || index < 0 || index >= plan.partCount) throw foreignPart(part, plan);
    const range = partRange(plan, index);
    const fits = coversPart(part, range.startByte, range.endByte);
    if (!fits) wrongSize += 1;
    const usable = fits && hasHash(part) ? part : null;
    // The service lists the part twice with different hashes, so its content is unknown.
    const isAmbiguous = listed.has(index) && !isAlike(listed.get(index) ?? null, usable);
    listed.set(index, isAmbiguous ? null : usable);
  }
  return { listed, wrongSize };
}

export function hasHash({ treeHash, linearHash = null, crc32 = null, etag }: RemotePart): boolean {
  return treeHash !== null || linearHash !== null || crc32 !== null || etag !== null;
}

export function isAlike(a: RemotePart | null, b: RemotePart | null): boolean {
  const hashes = (part: RemotePart | null): unknown[] => [
    part?.treeHash,
    part?.linearHash,
    part?.crc32,
    part?.etag,
  ];
  return JSON.stringify(hashes(a)) === JSON.stringify(hashes(b));
}

/**
 * Compares by the strongest hash that both have, and by CRC-32 and ETag together, because a CRC-32 is short.
 * @returns null when they share none
 */
export function hasSameHash(record: RecordedPart, remote: RemotePart): boolean | null {
  if (remote.treeHash !== null) return record.treeHash === remote.treeHash;
  const { linearHash = null, crc32 = null } = remote;
  if (linearHash !== null && record.linearHash !== null) return record.linearHash === linearHash;
  const sameCrc = crc32 !== null && record.crc32 !== undefined ? record.crc32 === crc32 : null;
  const sameEtag = remote.etag !== null && record.etag !== undefined ? record.etag === remote.etag : null;
  if (sameCrc === null || sameEtag === null) return sameCrc ?? sameEtag;
  return sameCrc && sameEtag;
}

function foreignPart(part: RemotePart, plan: PartPlan): TransferError<'source'> {
  return new TransferError('source', {
    path: '',
    why: 'other-upload',
    detail: `the service has a part at byte ${part.startByte}, and the file has ${plan.sizeBytes} bytes in parts of ${plan.partSizeBytes}`,
  });
}
