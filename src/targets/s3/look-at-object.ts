/** Compares an object with its entry in the catalogue, without a download. */
import { isDenied } from '../../core/failures.js';
import type { ObjectChecksum } from '../../core/object-checksum.js';
import type { ArchiveLook, HeldFacts } from '../../transfer/ports/archive-list.js';
import type { CatalogueEntry } from '../../transfer/ports/state.js';
import { type ExistingObject, headObject, type ObjectReader } from './head-object.js';

/**
 * Asks for the checksum only if the ETag does not show that the object is the same, because a checksum takes the right
 * to decrypt an object of the key service. HEAD needs no other right than `s3:GetObject`; GetObjectAttributes needs a
 * second one. Source: Amazon S3 API reference, HeadObject and GetObjectAttributes ("Permissions").
 * @throws TransferError `refused` when these credentials may not look
 */
export async function lookAtObject(
  reader: ObjectReader,
  entry: CatalogueEntry,
  signal: AbortSignal,
): Promise<ArchiveLook> {
  const seen = await headObject(reader, signal);
  if (seen === null) return { state: 'missing' };
  const look = compareWithEntry(seen, entry);
  const isDecided = look.proof === 'etag' && look.state === 'same';
  const mayDecide = entry.object?.checksum !== undefined && seen.sizeBytes === entry.plan.sizeBytes;
  if (isDecided || !mayDecide) return look;
  try {
    const again = await headObject(reader, signal, true);
    return again === null ? { state: 'missing' } : compareWithEntry(again, entry);
  } catch (error) {
    if (isDenied(error)) return look;
    throw error;
  }
}

type Compared = Extract<ArchiveLook, { readonly held: HeldFacts }>;

/**
 * An equal ETag is a proof on every store: it is made from the bytes, or is new with each write (objects of the key
 * service). Another ETag proves nothing if both sides have a checksum of the whole that can be compared: a copy has an
 * ETag of its own, although its bytes are the same.
 * Source: Amazon S3 API reference, Object (ETag).
 */
export function compareWithEntry(seen: ExistingObject, { plan, object }: CatalogueEntry): Compared {
  const { sizeBytes, etag, checksum, storageClass, restore } = seen;
  const held: HeldFacts = { sizeBytes, hash: etag, checksum, storageClass, restore };
  if (sizeBytes !== plan.sizeBytes) return { state: 'different', held, proof: 'size' };
  const recorded = object?.etag ?? null;
  if (recorded === etag) return { state: 'same', held, proof: 'etag' };
  if (areComparable(object?.checksum, checksum)) {
    const isSame = object?.checksum?.value === checksum?.value;
    return { state: isSame ? 'same' : 'different', held, proof: 'checksum' };
  }
  return recorded === null
    ? { state: 'same', held, proof: 'size' }
    : { state: 'different', held, proof: 'etag' };
}

/** Checksums of checksums can be compared only if the parts are the same: their number shows that they are not. */
function areComparable(a: ObjectChecksum | undefined, b: ObjectChecksum | null): boolean {
  if (a === undefined || b === null) return false;
  return a.algorithm === b.algorithm && a.type === b.type && partsOf(a) === partsOf(b);
}

function partsOf({ value }: ObjectChecksum): string {
  return /-(\d+)$/.exec(value)?.[1] ?? '';
}
