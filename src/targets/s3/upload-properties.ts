/** The properties of an upload to a bucket: those that it is created with, and those that the store reports. */
import type { CreateMultipartUploadCommandInput, ListPartsCommandOutput } from '@aws-sdk/client-s3';
import type { ObjectOptions, ObjectUpload } from '../../transfer/ports/target.js';
import type { Dialect } from './dialect.js';
import { OWN_ID_NAME } from './head-object.js';

/** The properties of an object besides its bytes. The request that creates its upload sets them. */
export interface ObjectHeaders {
  readonly sse: string | null;
  readonly sseKmsKeyId: string | null;
  /** `k1=v1&k2=v2`, the format of the header. */
  readonly tagging: string | null;
}

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

/** The object that an upload creates. */
interface NewObject {
  readonly bucket: string;
  readonly key: string;
  readonly dialect: Dialect;
  readonly object: ObjectHeaders;
}

/** Returns the input of the request that creates an upload. */
export function createInput(
  { bucket, key, dialect, object }: NewObject,
  { storageClass: named }: ObjectOptions,
  upload: ObjectUpload,
  withChecksums: boolean,
): CreateMultipartUploadCommandInput {
  type Input = CreateMultipartUploadCommandInput;
  return {
    Bucket: bucket,
    Key: key,
    Metadata: { [OWN_ID_NAME]: upload.ownId ?? '' },
    ...(withChecksums && { ChecksumAlgorithm: 'SHA256' }),
    ...(named !== null && { StorageClass: dialect.wireClass(named) as NonNullable<Input['StorageClass']> }),
    ...(object.sse !== null && {
      ServerSideEncryption: object.sse as NonNullable<Input['ServerSideEncryption']>,
    }),
    ...(object.sseKmsKeyId !== null && { SSEKMSKeyId: object.sseKmsKeyId }),
    ...(object.tagging !== null && { Tagging: object.tagging }),
  };
}
