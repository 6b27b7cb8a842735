/** The properties of an upload that a store reports. */
import type { ListPartsCommandOutput } from '@aws-sdk/client-s3';

/** The properties of an upload that earlier responses reported. They save a request for each part. */
export interface UploadProperties {
  readonly hasChecksums: boolean;
  /** The checksum algorithm that each of its parts requires and that calve does not compute; null: none. */
  readonly foreignAlgorithm?: string | null;
  readonly partSizeBytes: number | null;
}

/**
 * Returns the checksum algorithm that each part requires and that calve does not compute; null: none. For a checksum of
 * the whole object (`FULL_OBJECT`, which CRC64NVME always is), the store computes it if the parts have none.
 * Source: Amazon S3 user guide, "Checking object integrity".
 */
export function foreignAlgorithmOf({
  ChecksumAlgorithm,
  ChecksumType,
}: ListPartsCommandOutput): string | null {
  const isOfParts = ChecksumType !== 'FULL_OBJECT' && ChecksumAlgorithm !== 'CRC64NVME';
  return isOfParts && ChecksumAlgorithm !== 'SHA256' ? (ChecksumAlgorithm ?? null) : null;
}

/** Returns true if the upload has SHA-256 checksums. Some stores report them only when the upload is created. */
export function hasSha256Checksums(
  { ChecksumAlgorithm, Parts = [] }: ListPartsCommandOutput,
  earlier: UploadProperties | undefined,
): boolean {
  const isListed = Parts.some(({ ChecksumSHA256 }) => ChecksumSHA256 !== undefined);
  return ChecksumAlgorithm === 'SHA256' || isListed || earlier?.hasChecksums === true;
}
