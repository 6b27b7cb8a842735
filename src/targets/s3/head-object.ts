/** What is there under a key, by a HEAD. */
import type { HeadObjectCommandOutput } from '@aws-sdk/client-s3';
import { isFailure } from '../../core/failures.js';
import type { BucketCaller } from './client.js';
import type { Dialect } from './dialect.js';
import { incompleteResponse, type Operation } from './failures.js';
import { bareEtag } from './hashes.js';

/** In the object's metadata: our own id of the upload that made it. */
export const OWN_ID_NAME = 'calve-upload';

export interface ExistingObject {
  readonly sizeBytes: number;
  readonly etag: string;
  readonly versionId: string | null;
  readonly storageClass: string | null;
  /** Null where another program made it. */
  readonly ownId: string | null;
  /** Whether its ETag is no MD5 of MD5s: encrypted with keys of the store's service or the customer's. */
  readonly isKeyEncrypted: boolean;
}

export interface ObjectAddress {
  readonly bucket: string;
  readonly key: string;
}

/**
 * @returns what is there, or null
 * @throws TransferError `refused` where these credentials may not look
 */
export async function headObject(
  caller: BucketCaller,
  address: ObjectAddress,
  dialect: Dialect,
  signal: AbortSignal,
): Promise<ExistingObject | null> {
  const operation: Operation = { name: 'HeadObject', ...address, uploadId: null, sent: null };
  try {
    const answer = await caller.call(operation, signal, (client, send, sdk) =>
      client.send(new sdk.HeadObjectCommand({ Bucket: address.bucket, Key: address.key }), send),
    );
    return seen(answer, operation, dialect);
  } catch (error) {
    if (isFailure(error, 'not-found')) return null;
    throw error;
  }
}

function seen(answer: HeadObjectCommandOutput, operation: Operation, dialect: Dialect): ExistingObject {
  const etag = bareEtag(answer.ETag);
  const { ContentLength: sizeBytes, ServerSideEncryption: sse } = answer;
  if (etag === null || sizeBytes === undefined) throw incompleteResponse(operation, 'ETag or length');
  return {
    sizeBytes,
    etag,
    versionId: answer.VersionId ?? null,
    // The protocol leaves the header away for its first class.
    storageClass: dialect.ownClass(answer.StorageClass ?? 'STANDARD'),
    ownId: answer.Metadata?.[OWN_ID_NAME] ?? null,
    isKeyEncrypted: answer.SSECustomerAlgorithm !== undefined || (sse !== undefined && sse !== 'AES256'),
  };
}
