/** The properties of an upload that a store reports. */
import type { CreateMultipartUploadCommandOutput, ListPartsCommandOutput } from '@aws-sdk/client-s3';
import type { ObjectChecksum } from '../../core/object-checksum.js';
import type { RecordedPart } from '../../transfer/ports/state.js';

/** The checksum with which an upload was created, and which each of its parts is sent with. */
export interface UploadChecksum {
  readonly algorithm: ObjectChecksum['algorithm'];
  /** Null: the store does not name it. */
  readonly type: ObjectChecksum['type'] | null;
}

/** The properties of an upload that earlier responses reported. They save a request for each part. */
export interface UploadProperties {
  /** Null: none that calve computes. */
  readonly checksum: UploadChecksum | null;
  /** True if `checksum` is what calve would ask for, because these credentials may not list the parts. */
  readonly isGuess?: boolean;
  /** True if the signature must cover the bytes: the store refused a part, or did not confirm its checksum. */
  readonly mustSign?: boolean;
  /** The checksum algorithm that each of its parts requires and that calve does not compute; null: none. */
  readonly foreignAlgorithm?: string | null;
  readonly partSizeBytes: number | null;
}

const SHA256: UploadChecksum = { algorithm: 'SHA256', type: 'COMPOSITE' };

/**
 * Returns the checksum that a response names; null: none that calve computes. Of CRC32 a store may keep either form,
 * whichever was asked for.
 */
export function confirmedChecksum({
  ChecksumAlgorithm,
  ChecksumType,
}: Pick<
  CreateMultipartUploadCommandOutput | ListPartsCommandOutput,
  'ChecksumAlgorithm' | 'ChecksumType'
>): UploadChecksum | null {
  if (ChecksumAlgorithm === 'SHA256') return SHA256;
  return ChecksumAlgorithm === 'CRC32' ? { algorithm: 'CRC32', type: ChecksumType ?? null } : null;
}

/**
 * Returns the checksum algorithm that each part requires and that calve does not compute; null: none. For a checksum of
 * the whole object (`FULL_OBJECT`, which CRC64NVME always is), the store computes it if the parts have none.
 * Source: Amazon S3 user guide, "Checking object integrity".
 */
export function foreignAlgorithmOf(response: ListPartsCommandOutput): string | null {
  const { ChecksumAlgorithm = null, ChecksumType } = response;
  const isOfParts = ChecksumType !== 'FULL_OBJECT' && ChecksumAlgorithm !== 'CRC64NVME';
  return isOfParts && confirmedChecksum(response) === null ? ChecksumAlgorithm : null;
}

/** Returns the checksum of an upload whose parts were listed. Some stores report it only when the upload is created. */
export function listedChecksum(
  response: ListPartsCommandOutput,
  earlier: UploadProperties | undefined,
): UploadChecksum | null {
  if (earlier?.checksum && earlier.isGuess !== true) return earlier.checksum;
  const { Parts = [] } = response;
  const ofParts = Parts.some(({ ChecksumSHA256 }) => ChecksumSHA256 !== undefined)
    ? SHA256
    : Parts.some(({ ChecksumCRC32 }) => ChecksumCRC32 !== undefined)
      ? ({ algorithm: 'CRC32', type: null } as const)
      : null;
  return confirmedChecksum(response) ?? ofParts;
}

/** Returns the checksum that all recorded parts have, for an upload that the store does not describe; null: none. */
export function recordedChecksum(parts: Iterable<RecordedPart>): UploadChecksum | null {
  const all = [...parts];
  if (all.every(({ crc32 }) => crc32 !== undefined)) return { algorithm: 'CRC32', type: null };
  return all.every(({ linearHash }) => linearHash !== null) ? SHA256 : null;
}
