/** Reads the properties of the object under a key, with a HEAD request. */
import type { HeadObjectCommandOutput } from '@aws-sdk/client-s3';
import { isDenied, isFailure } from '../../core/failures.js';
import type { ObjectChecksum } from '../../core/object-checksum.js';
import type { RestoreState } from '../../transfer/ports/archive-list.js';
import { incompleteResponse } from '../aws/failures.js';
import type { BucketCaller } from './client.js';
import { readChecksum } from './compare-object.js';
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
  /** Null: none that calve computes, or not asked for. */
  readonly checksum: ObjectChecksum | null;
  /** Null: it is not a cold object that is being brought back. */
  readonly restore: RestoreState | null;
}

export interface ObjectAddress {
  readonly bucket: string;
  readonly key: string;
}

/** The bucket and key of an object, and the way to ask for it. */
export interface ObjectReader {
  readonly caller: BucketCaller;
  readonly address: ObjectAddress;
  readonly dialect: Dialect;
}

/**
 * @param withChecksum asks for the checksum too, which takes the right to decrypt an object of the key service
 * @returns the object under the key; null if there is none
 * @throws TransferError `refused` if the credentials do not allow it
 */
export async function headObject(
  { caller, address, dialect }: ObjectReader,
  signal: AbortSignal,
  withChecksum = false,
): Promise<ExistingObject | null> {
  const operation: Operation = { name: 'HeadObject', ...address, uploadId: null, sent: null };
  const mode = withChecksum ? ({ ChecksumMode: 'ENABLED' } as const) : {};
  const input = { Bucket: address.bucket, Key: address.key, ...mode };
  try {
    const response = await caller.call(operation, signal, (client, send, sdk) =>
      client.send(new sdk.HeadObjectCommand(input), send),
    );
    return parseObject(response, operation, dialect);
  } catch (error) {
    if (isFailure(error, 'not-found')) return null;
    throw error;
  }
}

/** Returns null also for credentials that may only write. */
export async function headIfAllowed(
  reader: ObjectReader,
  signal: AbortSignal,
  withChecksum = false,
): Promise<ExistingObject | null> {
  try {
    return await headObject(reader, signal, withChecksum);
  } catch (error) {
    if (isDenied(error)) return null;
    throw error;
  }
}

/** The fields of a response that say how an object is encrypted. */
interface Encryption {
  readonly ServerSideEncryption?: string | undefined;
  readonly SSECustomerAlgorithm?: string | undefined;
}

/** Returns true for keys of the store's key service or of the customer. */
export function isKeyEncrypted({ ServerSideEncryption: sse, SSECustomerAlgorithm }: Encryption): boolean {
  return SSECustomerAlgorithm !== undefined || (sse !== undefined && sse !== 'AES256');
}

function parseObject(
  response: HeadObjectCommandOutput,
  operation: Operation,
  dialect: Dialect,
): ExistingObject {
  const etag = bareEtag(response.ETag);
  const { ContentLength: sizeBytes } = response;
  if (etag === null || sizeBytes === undefined) throw incompleteResponse(operation, 'ETag or length');
  return {
    sizeBytes,
    etag,
    versionId: response.VersionId ?? null,
    // The protocol omits the header for STANDARD.
    storageClass: dialect.ownClass(response.StorageClass ?? 'STANDARD'),
    ownId: response.Metadata?.[OWN_ID_NAME] ?? null,
    isKeyEncrypted: isKeyEncrypted(response),
    checksum: readChecksum(response),
    restore: readRestore(response.Restore),
  };
}

/** Source: Amazon S3 API reference, HeadObject (x-amz-restore). */
function readRestore(header: string | undefined): RestoreState | null {
  const isUnderWay = /ongoing-request="(true|false)"/.exec(header ?? '')?.[1];
  return isUnderWay === undefined ? null : isUnderWay === 'true' ? 'restoring' : 'restored';
}
