/**
 * What is left to do of an upload: the service's part list is the truth for what it holds, the journal saves
 * reading again what it vouches for. Pure.
 */
import { TransferError } from '../../core/failures.js';
import { type PartPlan, partRange } from '../../core/part-plan.js';
import type { TreeHash } from '../../core/tree-hash.js';
import type { RecordedPart, RemotePart } from '../ports.js';

export interface Reconciliation {
  /** Held by the service with the hash that the journal recorded: done. */
  readonly held: ReadonlyMap<number, TreeHash>;
  /** Held by the service but unknown here: to be read and compared with what it lists, never assumed. */
  readonly toCompare: ReadonlyMap<number, RemotePart>;
  /** Not held, or held with other bytes (sending a part again replaces it). In file order. */
  readonly toSend: readonly number[];
  /** How many parts the service holds that are not as long as this file's part in that place. */
  readonly illFitting: number;
}

/**
 * The length that a listed range claims may be one byte too long: old part lists of the vault service gave ends
 * that were exclusive (seen in the wild since 2012), so both readings of the end are taken.
 */
function coversPart(held: RemotePart, startByte: number, endByte: number): boolean {
  return held.startByte === startByte && (held.endByte === endByte || held.endByte === endByte + 1);
}

/**
 * @param recorded the journal's parts by index; empty when an upload is adopted
 * @param remoteParts every part that the service lists, of all pages, in any order
 * @throws TransferError `source` (`other-upload`) when the service holds bytes that are not in this file: such a
 * part can't be taken back, so the upload can never become this file
 */
export function reconcile(
  plan: PartPlan,
  recorded: ReadonlyMap<number, RecordedPart>,
  remoteParts: Iterable<RemotePart>,
): Reconciliation {
  const listed = new Map<number, RemotePart | null>();
  let illFitting = 0;
  for (const part of remoteParts) {
    const index = part.startByte / plan.partSizeBytes;
    if (!Number.isInteger(index) || index < 0 || index >= plan.partCount) throw strangePart(part, plan);
    const range = partRange(plan, index);
    const fits = coversPart(part, range.startByte, range.endByte);
    if (!fits) illFitting += 1;
    const known = fits && hasHash(part) ? part : null;
    // Listed twice and not alike: nobody can tell which of them it holds.
    listed.set(index, listed.has(index) && !isAlike(listed.get(index) ?? null, known) ? null : known);
  }
  const held = new Map<number, TreeHash>();
  const toCompare = new Map<number, RemotePart>();
  const toSend: number[] = [];
  for (let index = 0; index < plan.partCount; index += 1) {
    const part = listed.get(index) ?? null;
    const known = recorded.get(index);
    const agrees = part === null || known === undefined ? null : agreement(known, part);
    if (part === null || agrees === false) toSend.push(index);
    else if (known === undefined || agrees === null) toCompare.set(index, part);
    else held.set(index, known.treeHash);
  }
  return { held, toCompare, toSend, illFitting };
}

function hasHash({ treeHash, linearHash = null, etag }: RemotePart): boolean {
  return treeHash !== null || linearHash !== null || etag !== null;
}

function isAlike(a: RemotePart | null, b: RemotePart | null): boolean {
  const hashes = (part: RemotePart | null): unknown[] => [part?.treeHash, part?.linearHash, part?.etag];
  return JSON.stringify(hashes(a)) === JSON.stringify(hashes(b));
}

/** Whether a record and the list speak of the same bytes, by the strongest hash that both have; null: they share none. */
function agreement(known: RecordedPart, part: RemotePart): boolean | null {
  if (part.treeHash !== null) return known.treeHash === part.treeHash;
  const { linearHash = null } = part;
  if (linearHash !== null && known.linearHash !== null) return known.linearHash === linearHash;
  return part.etag !== null && known.etag !== undefined ? known.etag === part.etag : null;
}

function strangePart(part: RemotePart, plan: PartPlan): TransferError<'source'> {
  return new TransferError('source', {
    path: '',
    why: 'other-upload',
    detail: `the service has a part at byte ${part.startByte}, and the file has ${plan.sizeBytes} bytes in parts of ${plan.partSizeBytes}`,
  });
}
