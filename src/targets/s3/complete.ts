/** Completes an upload and checks the object, also if the response to an earlier request was lost. */
import type { CompleteMultipartUploadCommandOutput } from '@aws-sdk/client-s3';
import { isFailure, TransferError, wrapFailure } from '../../core/failures.js';
import { foldPartHashes } from '../../core/tree-hash.js';
import type { RecordedPart } from '../../transfer/ports/state.js';
import type { Completion, FinishedArchive } from '../../transfer/ports/target.js';
import { incompleteResponse } from '../aws/failures.js';
import type { BucketCaller } from './client.js';
import type { Dialect } from './dialect.js';
import type { Operation } from './failures.js';
import { bareEtag, base64OfHex, compositeOf, isMd5 } from './hashes.js';
import { type ExistingObject, headObject, type ObjectAddress } from './head-object.js';

export interface Completing {
  readonly caller: BucketCaller;
  readonly dialect: Dialect;
  readonly address: ObjectAddress;
  /** The id of the object: `s3://bucket/key`. */
  readonly url: string;
  readonly uploadId: string;
  readonly hasChecksums: boolean;
  readonly whole: Completion;
}

/**
 * Completes an upload with the recorded parts only, and checks the object. If the upload no longer exists, or the response
 * does not show whether the object was made, the object under the key is looked at before anything is sent again: it may
 * be the result of this request, or of an earlier one.
 * @throws TransferError `not-found` (upload) if it does not exist and the object is not its result; `checksum` if the
 * parts do not make this archive, or the object is not what was sent; `exists`
 */
export async function completeObject(completing: Completing, signal: AbortSignal): Promise<FinishedArchive> {
  const { whole, dialect, address, caller } = completing;
  const parts = orderedParts(whole);
  const head = (): Promise<ExistingObject | null> => headObject(caller, address, dialect, signal);
  try {
    if (keepsObject(whole)) await assertStillFree(completing, parts, head);
    const { response, lookedInstead } = await sendComplete(completing, parts, signal);
    const finished = await checkObject(completing, parts, response, head);
    return lookedInstead ? { ...finished, lookedInstead } : finished;
  } catch (error) {
    const isGone = isFailure(error, 'not-found') && error.facts.what === 'upload';
    const isRefused = isPreconditionFailed(error);
    const isUnclear = isFailure(error, 'unreachable') && error.retryClass === 'unavailable';
    if (!isGone && !isRefused && !isUnclear) throw error;
    const object = isUnclear ? await orNull(head, signal) : await head();
    if (object !== null && isOurs(object, whole, parts)) return finishedArchive(completing, object, null);
    if (isUnclear && hasAnswered(error)) await assertUploadExists(completing, signal);
    if (!isUnclear && object !== null && keepsObject(whole)) {
      throw wrapFailure(error, 'exists', { url: completing.url });
    }
    throw error;
  }
}

function keepsObject({ object }: Completion): boolean {
  return object?.noOverwrite === true;
}

/**
 * Looks at the key once more, because some stores ignore the condition of complete, or refuse it.
 * @throws TransferError `exists`
 */
async function assertStillFree(
  { url, whole }: Completing,
  parts: readonly RecordedPart[],
  head: () => Promise<ExistingObject | null>,
): Promise<void> {
  const object = await headIfAllowed(head);
  if (object !== null && !isOurs(object, whole, parts)) throw existsFailure(url);
}

/** Looks at the object after an unclear response; a look that fails shows nothing. */
async function orNull(
  head: () => Promise<ExistingObject | null>,
  signal: AbortSignal,
): Promise<ExistingObject | null> {
  const object = await head().catch(() => null);
  signal.throwIfAborted();
  return object;
}

/** Returns true unless the connection or a gateway gave up: the store may then still be making the object. */
function hasAnswered({ service, cause }: TransferError): boolean {
  const status = service?.httpStatus ?? null;
  return status === null ? service === null && cause === undefined : status !== 408 && status !== 504;
}

/**
 * Fails if the store no longer knows the upload: it then repeats its unclear response forever.
 * @throws TransferError `not-found` (upload)
 */
async function assertUploadExists(
  { caller, address, uploadId }: Completing,
  signal: AbortSignal,
): Promise<void> {
  const operation: Operation = { name: 'ListParts', ...address, uploadId, sent: null };
  const input = { Bucket: address.bucket, Key: address.key, UploadId: uploadId, MaxParts: 1 };
  try {
    await caller.call(operation, signal, (client, send, sdk) =>
      client.send(new sdk.ListPartsCommand(input), send),
    );
  } catch (error) {
    signal.throwIfAborted();
    if (isFailure(error, 'not-found') && error.facts.what === 'upload') throw error;
  }
}

export function existsFailure(url: string): TransferError<'exists'> {
  return new TransferError('exists', { url });
}

function isPreconditionFailed(error: unknown): error is TransferError {
  if (!(error instanceof TransferError)) return false;
  return error.service?.httpStatus === 412 || error.service?.code === 'PreconditionFailed';
}

/**
 * Returns the parts in order, after the check that none is missing and that they make this archive.
 * @throws TransferError `checksum`: no request was sent, and the upload stays open
 */
function orderedParts({ parts, sizeBytes, treeHash }: Completion): RecordedPart[] {
  const ordered: RecordedPart[] = [];
  for (let part = parts.get(0); part !== undefined; part = parts.get(ordered.length)) ordered.push(part);
  const hasAllParts = ordered.length === parts.size && ordered.length > 0;
  const got = hasAllParts ? foldPartHashes(ordered.map((part) => part.treeHash)) : `${parts.size} parts`;
  if (got !== treeHash || sizeBytes < 0) {
    throw new TransferError('checksum', { what: 'archive', index: null, expected: treeHash, got });
  }
  return ordered;
}

/** Sends complete with the condition that no object exists, or without it where the store does not know conditions. */
async function sendComplete(
  completing: Completing,
  parts: readonly RecordedPart[],
  signal: AbortSignal,
): Promise<{ response: CompleteMultipartUploadCommandOutput; lookedInstead: boolean }> {
  const send = (condition: { IfNoneMatch?: string }) => sendOnce(completing, parts, condition, signal);
  if (!keepsObject(completing.whole)) return { response: await send({}), lookedInstead: false };
  try {
    return { response: await send({ IfNoneMatch: '*' }), lookedInstead: false };
  } catch (error) {
    if (!isFailure(error, 'refused') || error.service?.httpStatus !== 501) throw error;
    return { response: await send({}), lookedInstead: true };
  }
}

async function sendOnce(
  completing: Completing,
  parts: readonly RecordedPart[],
  condition: { readonly IfNoneMatch?: string },
  signal: AbortSignal,
): Promise<CompleteMultipartUploadCommandOutput> {
  const { caller, address, uploadId, hasChecksums, whole } = completing;
  const sent = { what: 'archive', index: null, hash: whole.treeHash } as const;
  const operation: Operation = { name: 'CompleteMultipartUpload', ...address, uploadId, sent };
  const input = {
    Bucket: address.bucket,
    Key: address.key,
    UploadId: uploadId,
    MultipartUpload: {
      Parts: parts.map(({ etag, linearHash }, index) => ({
        PartNumber: index + 1,
        ETag: `"${etag ?? ''}"`,
        ...(hasChecksums && linearHash !== null && { ChecksumSHA256: base64OfHex(linearHash) }),
      })),
    },
    // Only stores with checksums know this field.
    ...(hasChecksums && { MpuObjectSize: whole.sizeBytes }),
    ...condition,
  };
  const response = await caller.call(operation, signal, (client, send, sdk) =>
    client.send(new sdk.CompleteMultipartUploadCommand(input), send),
  );
  if (bareEtag(response.ETag) === null) throw incompleteResponse(operation, 'ETag');
  return response;
}

/** Returns the ETag of an object made of these parts; null if an ETag of a part is not an MD5. */
function expectedEtag(parts: readonly RecordedPart[]): string | null {
  const etags = parts.map(({ etag = '' }) => etag);
  return etags.every(isMd5) ? compositeOf('md5', etags, 'hex') : null;
}

/**
 * Returns true if the object is the result of this upload, by calve's own id in its metadata. For an upload that another
 * program created, compares the size and the hash of the parts.
 */
function isOurs(object: ExistingObject, whole: Completion, parts: readonly RecordedPart[]): boolean {
  if (object.sizeBytes !== whole.sizeBytes) return false;
  const ownId = whole.object?.ownId ?? null;
  return ownId === null ? object.etag === expectedEtag(parts) : object.ownId === ownId;
}

/** @throws TransferError `checksum`: the object is not what was sent; the `resource` of `service` is its URL */
async function checkObject(
  completing: Completing,
  parts: readonly RecordedPart[],
  response: CompleteMultipartUploadCommandOutput,
  head: () => Promise<ExistingObject | null>,
): Promise<FinishedArchive> {
  const { whole, url } = completing;
  const failChecksum = (expected: string, got: string): never => {
    const { httpStatusCode: httpStatus = null, requestId = null } = response.$metadata;
    const service = { httpStatus, code: null, message: null, requestId, hostId: null, resource: url };
    throw new TransferError('checksum', { what: 'archive', index: null, expected, got }, { service });
  };
  const ownChecksum = expectedChecksum(parts);
  const checksum = response.ChecksumSHA256;
  if (checksum !== undefined && ownChecksum !== null && checksum !== ownChecksum) {
    failChecksum(ownChecksum, checksum);
  }
  const etag = bareEtag(response.ETag) ?? '';
  const object = await headIfAllowed(head);
  if (object === null) return finishedArchive(completing, null, response);
  if (object.etag !== etag) failChecksum(etag, object.etag);
  if (object.sizeBytes !== whole.sizeBytes) {
    failChecksum(`${whole.sizeBytes} bytes`, `${object.sizeBytes} bytes`);
  }
  const expected = expectedEtag(parts);
  const isComparable = expected !== null && !object.isKeyEncrypted && /^[0-9a-f]{32}-\d+$/.test(etag);
  if (isComparable && expected !== etag) failChecksum(expected, etag);
  return finishedArchive(completing, object, response);
}

function expectedChecksum(parts: readonly RecordedPart[]): string | null {
  const hashes = parts.map(({ linearHash }) => linearHash);
  return hashes.every((hash) => hash !== null) ? compositeOf('sha256', hashes, 'base64') : null;
}

/** Returns null for credentials that may only write: the response to complete is then the only check. */
async function headIfAllowed(head: () => Promise<ExistingObject | null>): Promise<ExistingObject | null> {
  try {
    return await head();
  } catch (error) {
    if (isFailure(error, 'refused')) return null;
    throw error;
  }
}

function finishedArchive(
  completing: Completing,
  object: ExistingObject | null,
  response: CompleteMultipartUploadCommandOutput | null,
): FinishedArchive {
  const { url, whole } = completing;
  return {
    archiveId: url,
    location: response?.Location ?? null,
    treeHash: null,
    object: {
      etag: object?.etag ?? bareEtag(response?.ETag),
      versionId: object?.versionId ?? response?.VersionId ?? null,
      storageClass: object?.storageClass ?? whole.object?.storageClass ?? null,
    },
  };
}
