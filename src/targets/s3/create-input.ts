/** The requests that set the properties of an object: the one that creates its upload, and the one that puts it as a whole. */
import type { CreateMultipartUploadCommandInput, PutObjectCommandInput } from '@aws-sdk/client-s3';
import type { FailureContext } from '../../core/failures.js';
import type { ObjectOptions, ObjectUpload } from '../../transfer/ports/target.js';
import type { Dialect } from './dialect.js';
import { isRefusedForChecksums } from './failures.js';
import { OWN_ID_NAME } from './head-object.js';
import type { UploadChecksum } from './upload-properties.js';

/** The properties of an object besides its bytes. */
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

/** The fields that both requests have. */
export type ObjectInput = Pick<
  PutObjectCommandInput & CreateMultipartUploadCommandInput,
  'Bucket' | 'Key' | 'Metadata' | 'StorageClass' | 'ServerSideEncryption' | 'SSEKMSKeyId' | 'Tagging'
>;

export function objectInput(
  { bucket, key, dialect, object }: NewObject,
  { storageClass: named }: ObjectOptions,
  ownId: string | null,
): ObjectInput {
  type Input = ObjectInput;
  return {
    Bucket: bucket,
    Key: key,
    Metadata: { [OWN_ID_NAME]: ownId ?? '' },
    ...(named !== null && { StorageClass: dialect.wireClass(named) as NonNullable<Input['StorageClass']> }),
    ...(object.sse !== null && {
      ServerSideEncryption: object.sse as NonNullable<Input['ServerSideEncryption']>,
    }),
    ...(object.sseKmsKeyId !== null && { SSEKMSKeyId: object.sseKmsKeyId }),
    ...(object.tagging !== null && { Tagging: object.tagging }),
  };
}

export function createInput(
  newObject: NewObject,
  options: ObjectOptions,
  upload: ObjectUpload,
  checksum: UploadChecksum | null,
): CreateMultipartUploadCommandInput {
  return {
    ...objectInput(newObject, options, upload.ownId),
    ...(checksum !== null && { ChecksumAlgorithm: checksum.algorithm }),
    // SHA-256 has one type only, and older stores do not know the field.
    ...(checksum?.type === 'FULL_OBJECT' && { ChecksumType: checksum.type }),
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
