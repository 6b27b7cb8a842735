/** Reads the properties of the object under a key, with a HEAD request. */
import type { HeadObjectCommandOutput } from '@aws-sdk/client-s3';
import { isFailure } from '../../core/failures.js';
import { incompleteResponse } from '../aws/failures.js';
import type { BucketCaller } from './client.js';
import type { Dialect } from './dialect.js';
import type { Operation } from './failures.js';
import { bareEtag } from './hashes.js';

/** The name in the object's metadata for calve's own id of the upload that created it. */
export const OWN_ID_NAME = 'calve-upload';

export interface ExistingObject {
  readonly sizeBytes: number;
  readonly etag: string;
  readonly versionId: string | null;
  readonly storageClass: string | null;
  /** Null if another program created the object. */
  readonly ownId: string | null;
  /** True if it is encrypted with keys of the store's key service or of the customer: its ETag is then not an MD5. */
  readonly isKeyEncrypted: boolean;
}

export interface ObjectAddress {
  readonly bucket: string;
  readonly key: string;
}

/**
 * @returns the object under the key; null if there is none
 * @throws TransferError `refused` if the credentials do not allow it
 */
export async function headObject(
  caller: BucketCaller,
  address: ObjectAddress,
  dialect: Dialect,
  signal: AbortSignal,
): Promise<ExistingObject | null> {
  const operation: Operation = { name: 'HeadObject', ...address, uploadId: null, sent: null };
  try {
    const response = await caller.call(operation, signal, (client, send, sdk) =>
      client.send(new sdk.HeadObjectCommand({ Bucket: address.bucket, Key: address.key }), send),
    );
    return parseObject(response, operation, dialect);
  } catch (error) {
    if (isFailure(error, 'not-found')) return null;
    throw error;
  }
}

function parseObject(
  response: HeadObjectCommandOutput,
  operation: Operation,
  dialect: Dialect,
): ExistingObject {
  const etag = bareEtag(response.ETag);
  const { ContentLength: sizeBytes, ServerSideEncryption: sse } = response;
  if (etag === null || sizeBytes === undefined) throw incompleteResponse(operation, 'ETag or length');
  return {
    sizeBytes,
    etag,
    versionId: response.VersionId ?? null,
    // The protocol omits the header for STANDARD.
    storageClass: dialect.ownClass(response.StorageClass ?? 'STANDARD'),
    ownId: response.Metadata?.[OWN_ID_NAME] ?? null,
    isKeyEncrypted: response.SSECustomerAlgorithm !== undefined || (sse !== undefined && sse !== 'AES256'),
  };
}
