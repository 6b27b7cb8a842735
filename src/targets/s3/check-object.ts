/** Checks that an object is what was sent, with the same result whenever and however often it is looked at. */
import type { CompleteMultipartUploadCommandOutput } from '@aws-sdk/client-s3';
import { TransferError } from '../../core/failures.js';
import type { ObjectChecksum } from '../../core/object-checksum.js';
import type { Completion, FinishedArchive } from '../../transfer/ports/target.js';
import {
  type Comparison,
  compareObject,
  expectedChecksum,
  readChecksum,
  type SentParts,
} from './compare-object.js';
import { bareEtag } from './hashes.js';
import { type ExistingObject, headIfAllowed, isKeyEncrypted, type ObjectReader } from './head-object.js';
import type { UploadChecksum } from './upload-properties.js';

/** An upload whose object is checked. */
export interface ObjectCheck extends ObjectReader {
  /** The id of the object: `s3://bucket/key`. */
  readonly url: string;
  /** The checksum with which the parts were sent; null: none. */
  readonly checksum: UploadChecksum | null;
  /** True for a service that documents its ETags as the MD5 of the parts' MD5s. */
  readonly hasKnownEtags: boolean;
}

/**
 * Returns true if the object is the result of this upload, by calve's own id in its metadata. For an upload that another
 * program created, compares the size and the hash of the parts.
 */
export function isOurs(object: ExistingObject, whole: Completion, sent: SentParts): boolean {
  if (object.sizeBytes !== whole.sizeBytes) return false;
  const ownId = whole.object?.ownId ?? null;
  if (ownId !== null) return object.ownId === ownId;
  return compareObject(object, sent, false).result === 'same';
}

/** Compares the object under the key. The store is asked for its checksum only if the ETag proves nothing. */
export async function compareExisting(
  check: ObjectCheck,
  object: ExistingObject,
  sent: SentParts,
  signal: AbortSignal,
): Promise<Comparison> {
  const byEtag = compareObject(object, sent, check.hasKnownEtags);
  if (byEtag.result !== 'unknown' || check.checksum === null) return byEtag;
  const again = await headIfAllowed(check, signal, true);
  const isSame = again !== null && again.etag === object.etag;
  return isSame ? compareObject(again, sent, check.hasKnownEtags) : byEtag;
}

/** An object, as the response to complete and a later look at the key show it. */
interface Observation {
  /** The object under the key; null if these credentials may not look, or another upload has replaced it. */
  readonly seen: ExistingObject | null;
  /** Null if the response to complete was lost. */
  readonly response: CompleteMultipartUploadCommandOutput | null;
}

/**
 * Checks the object that complete has made.
 * @throws TransferError `checksum`: the object is not what was sent; the `resource` of `service` is its URL
 */
export async function checkObject(
  check: ObjectCheck & { readonly whole: Completion },
  sent: SentParts,
  observation: Observation,
  signal: AbortSignal,
): Promise<FinishedArchive> {
  const { whole, url } = check;
  const { seen, response } = observation;
  if (seen !== null && seen.sizeBytes !== whole.sizeBytes) {
    throw checksumFailure(url, response, `${whole.sizeBytes} bytes`, `${seen.sizeBytes} bytes`);
  }
  const comparison = await compareBoth(check, sent, observation, signal);
  if (comparison.result === 'different') {
    throw checksumFailure(url, response, comparison.expected, comparison.got);
  }
  const finished = finishedArchive(check, { whole, sent }, observation);
  return comparison.result === 'same' ? finished : { ...finished, remarks: ['not-comparable'] };
}

async function compareBoth(
  check: ObjectCheck,
  sent: SentParts,
  { seen, response }: Observation,
  signal: AbortSignal,
): Promise<Comparison> {
  const etag = bareEtag(response?.ETag);
  const checksum = readChecksum(response ?? {});
  if (seen === null) {
    const proof = { etag, checksum, isKeyEncrypted: response !== null && isKeyEncrypted(response) };
    return compareObject(proof, sent, check.hasKnownEtags);
  }
  if (etag === null || etag === seen.etag) {
    return compareExisting(check, { ...seen, checksum }, sent, signal);
  }
  // The two contradict each other, so only an object that is shown to be right is accepted.
  const bySight = await compareExisting(check, seen, sent, signal);
  return bySight.result === 'same' ? bySight : { result: 'different', expected: etag, got: seen.etag };
}

function checksumFailure(
  url: string,
  response: CompleteMultipartUploadCommandOutput | null,
  expected: string,
  got: string,
): TransferError<'checksum'> {
  const { httpStatusCode: httpStatus = null, requestId = null } = response?.$metadata ?? {};
  const service = { httpStatus, code: null, message: null, requestId, hostId: null, resource: url };
  return new TransferError('checksum', { what: 'archive', index: null, expected, got }, { service });
}

/** Returns the checksum that a later look at the object can be compared with, in the form that the store has shown. */
function checksumToRecord(
  { checksum }: ObjectCheck,
  sent: SentParts,
  { seen, response }: Observation,
): ObjectChecksum | null {
  if (checksum === null) return null;
  const shown = readChecksum(response ?? {}) ?? seen?.checksum ?? null;
  const { algorithm, type } = checksum;
  return expectedChecksum(shown ?? { algorithm, type: type ?? 'FULL_OBJECT' }, sent);
}

export function finishedArchive(
  check: ObjectCheck,
  { whole, sent }: { readonly whole: Pick<Completion, 'object'>; readonly sent: SentParts },
  observation: Observation,
): FinishedArchive {
  const { seen, response } = observation;
  const checksum = checksumToRecord(check, sent, observation);
  return {
    archiveId: check.url,
    location: response?.Location ?? null,
    treeHash: null,
    object: {
      etag: seen?.etag ?? bareEtag(response?.ETag),
      versionId: seen?.versionId ?? response?.VersionId ?? null,
      storageClass: seen?.storageClass ?? whole.object?.storageClass ?? null,
      ...(checksum !== null && { checksum }),
    },
  };
}
