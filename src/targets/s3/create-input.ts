/** The request that creates an upload, which sets the properties of the object. */
import type { CreateMultipartUploadCommandInput } from '@aws-sdk/client-s3';
import type { FailureContext } from '../../core/failures.js';
import type { ObjectOptions, ObjectUpload } from '../../transfer/ports/target.js';
import type { Dialect } from './dialect.js';
import { isRefusedForChecksums } from './failures.js';
import { OWN_ID_NAME } from './head-object.js';
import type { UploadChecksum } from './upload-properties.js';

/** The properties of an object besides its bytes. The request that creates its upload sets them. */
export interface ObjectHeaders {
  readonly sse: string | null;
  readonly sseKmsKeyId: string | null;
  /** `k1=v1&k2=v2`, the format of the header. */
  readonly tagging: string | null;
}

/** The place of an object, and the properties that the user sets. */
interface NewObject {
  readonly bucket: string;
  readonly key: string;
  readonly dialect: Dialect;
  readonly object: ObjectHeaders;
}

/** Returns the options that may be why the service refuses to create an upload: each is a right, or a feature, of its own. */
export function givenOptions(
  { object: { sse, sseKmsKeyId, tagging } }: NewObject,
  { storageClass }: ObjectOptions,
): FailureContext {
  const options = [
    ...(storageClass === null ? [] : ['--storage-class']),
    ...(sse === null ? [] : ['--sse']),
    ...(sseKmsKeyId === null ? [] : ['--sse-kms-key-id']),
    ...(tagging === null ? [] : ['--tagging']),
  ];
  return options.length === 0 ? {} : { options };
}

export function createInput(
  { bucket, key, dialect, object }: NewObject,
  { storageClass: named }: ObjectOptions,
  upload: ObjectUpload,
  checksum: UploadChecksum | null,
): CreateMultipartUploadCommandInput {
  type Input = CreateMultipartUploadCommandInput;
  return {
    Bucket: bucket,
    Key: key,
    Metadata: { [OWN_ID_NAME]: upload.ownId ?? '' },
    ...(checksum !== null && { ChecksumAlgorithm: checksum.algorithm }),
    // SHA-256 has one type only, and older stores do not know the field.
    ...(checksum?.type === 'FULL_OBJECT' && { ChecksumType: checksum.type }),
    ...(named !== null && { StorageClass: dialect.wireClass(named) as NonNullable<Input['StorageClass']> }),
    ...(object.sse !== null && {
      ServerSideEncryption: object.sse as NonNullable<Input['ServerSideEncryption']>,
    }),
    ...(object.sseKmsKeyId !== null && { SSEKMSKeyId: object.sseKmsKeyId }),
    ...(object.tagging !== null && { Tagging: object.tagging }),
  };
}

/**
 * Creates an upload with the first of these checksums that the store does not refuse.
 * @param create sends the request
 */
export async function createWithFirst<T>(
  [checksum = null, ...others]: readonly (UploadChecksum | null)[],
  create: (checksum: UploadChecksum | null) => Promise<T>,
): Promise<T> {
  try {
    return await create(checksum);
  } catch (error) {
    if (others.length === 0 || !isRefusedForChecksums(error)) throw error;
    return createWithFirst(others, create);
  }
}
