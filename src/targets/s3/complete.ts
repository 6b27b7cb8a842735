/** From parts to an object, whatever becomes of the answer. */
import type { CompleteMultipartUploadCommandOutput } from '@aws-sdk/client-s3';
import { isFailure, TransferError } from '../../core/failures.js';
import { foldPartHashes } from '../../core/tree-hash.js';
import type { RecordedPart } from '../../transfer/ports/state.js';
import type { Completion, FinishedArchive } from '../../transfer/ports/target.js';
import type { BucketCaller } from './client.js';
import type { Dialect } from './dialect.js';
import { incompleteResponse, type Operation } from './failures.js';
import { bareEtag, base64OfHex, compositeOf, isMd5 } from './hashes.js';
import { type ExistingObject, headObject, type ObjectAddress } from './head-object.js';

export interface Completing {
  readonly caller: BucketCaller;
  readonly dialect: Dialect;
  readonly address: ObjectAddress;
  /** `s3://bucket/key`, which is an object's id. */
  readonly url: string;
  readonly uploadId: string;
  readonly hasChecksums: boolean;
  readonly whole: Completion;
}

/**
 * Completes with our parts alone, and compares what came of it. Where the upload is not there any more, the object
 * is looked at: an answer to an earlier complete may have got lost.
 * @throws TransferError `not-found` (upload): it is gone, and the object is not ours; `checksum` when the parts don't
 * make this whole, or the object is not what was sent; `exists`
 */
export async function completeObject(completing: Completing, signal: AbortSignal): Promise<FinishedArchive> {
  const { whole, dialect, address, caller } = completing;
  const parts = ownParts(whole);
  const look = (): Promise<ExistingObject | null> => headObject(caller, address, dialect, signal);
  try {
    const answer = await sendComplete(completing, parts, signal);
    return await compared(completing, parts, answer, look);
  } catch (error) {
    const isGone = isFailure(error, 'not-found') && error.facts.what === 'upload';
    const isRefused = isPreconditionFailed(error);
    if (!isGone && !isRefused) throw error;
    const object = await look();
    if (object !== null && isOurs(object, whole, parts)) return finished(completing, object, null);
    if (object !== null && whole.object?.noOverwrite === true) throw existing(completing.url, error);
    throw error;
  }
}

export function existing(url: string, cause?: unknown): TransferError<'exists'> {
  const service = cause instanceof TransferError && cause.service !== null ? { service: cause.service } : {};
  return new TransferError('exists', { url }, { cause, ...service });
}

function isPreconditionFailed(error: unknown): boolean {
  if (!(error instanceof TransferError)) return false;
  return error.service?.httpStatus === 412 || error.service?.code === 'PreconditionFailed';
}

/**
 * The parts in order, without a hole, that make this whole.
 * @throws TransferError `checksum`: nothing was asked, and the upload stays open
 */
function ownParts({ parts, sizeBytes, treeHash }: Completion): RecordedPart[] {
  const ordered: RecordedPart[] = [];
  for (let part = parts.get(0); part !== undefined; part = parts.get(ordered.length)) ordered.push(part);
  const isWhole = ordered.length === parts.size && ordered.length > 0;
  const got = isWhole ? foldPartHashes(ordered.map((part) => part.treeHash)) : `${parts.size} parts`;
  if (got !== treeHash || sizeBytes < 0) {
    throw new TransferError('checksum', { what: 'archive', index: null, expected: treeHash, got });
  }
  return ordered;
}

async function sendComplete(
  completing: Completing,
  parts: readonly RecordedPart[],
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
    // Only services that know checksums know this one.
    ...(hasChecksums && { MpuObjectSize: whole.sizeBytes }),
    ...(whole.object?.noOverwrite === true && { IfNoneMatch: '*' }),
  };
  const answer = await caller.call(operation, signal, (client, send, sdk) =>
    client.send(new sdk.CompleteMultipartUploadCommand(input), send),
  );
  if (bareEtag(answer.ETag) === null) throw incompleteResponse(operation, 'ETag');
  return answer;
}

/** What the protocol would call our parts as a whole; null where one of their ETags is not an MD5. */
function expectedEtag(parts: readonly RecordedPart[]): string | null {
  const etags = parts.map(({ etag = '' }) => etag);
  return etags.every(isMd5) ? compositeOf('md5', etags, 'hex') : null;
}

/** By our id in its metadata; of an upload that was begun elsewhere, by the size and the hash of our parts. */
function isOurs(object: ExistingObject, whole: Completion, parts: readonly RecordedPart[]): boolean {
  if (object.sizeBytes !== whole.sizeBytes) return false;
  const ownId = whole.object?.ownId ?? null;
  return ownId === null ? object.etag === expectedEtag(parts) : object.ownId === ownId;
}

/** @throws TransferError `checksum`: the object is not what was sent; its URL is the answer's `resource` */
async function compared(
  completing: Completing,
  parts: readonly RecordedPart[],
  answer: CompleteMultipartUploadCommandOutput,
  look: () => Promise<ExistingObject | null>,
): Promise<FinishedArchive> {
  const { whole, url } = completing;
  const differs = (expected: string, got: string): never => {
    const { httpStatusCode: httpStatus = null, requestId = null } = answer.$metadata;
    const service = { httpStatus, code: null, message: null, requestId, hostId: null, resource: url };
    throw new TransferError('checksum', { what: 'archive', index: null, expected, got }, { service });
  };
  const checksum = expectedChecksum(parts);
  const told = answer.ChecksumSHA256;
  if (told !== undefined && checksum !== null && told !== checksum) differs(checksum, told);
  const etag = bareEtag(answer.ETag) ?? '';
  const object = await lookIfAllowed(look);
  if (object === null) return finished(completing, null, answer);
  if (object.etag !== etag) differs(etag, object.etag);
  if (object.sizeBytes !== whole.sizeBytes) differs(`${whole.sizeBytes} bytes`, `${object.sizeBytes} bytes`);
  const expected = expectedEtag(parts);
  const isComparable = expected !== null && !object.isKeyEncrypted && /^[0-9a-f]{32}-\d+$/.test(etag);
  if (isComparable && expected !== etag) differs(expected, etag);
  return finished(completing, object, answer);
}

function expectedChecksum(parts: readonly RecordedPart[]): string | null {
  const hashes = parts.map(({ linearHash }) => linearHash);
  return hashes.every((hash) => hash !== null) ? compositeOf('sha256', hashes, 'base64') : null;
}

/** Credentials that may only write can't look; then complete's own answer has to do. */
async function lookIfAllowed(look: () => Promise<ExistingObject | null>): Promise<ExistingObject | null> {
  try {
    return await look();
  } catch (error) {
    if (isFailure(error, 'refused')) return null;
    throw error;
  }
}

function finished(
  completing: Completing,
  object: ExistingObject | null,
  answer: CompleteMultipartUploadCommandOutput | null,
): FinishedArchive {
  const { url, whole } = completing;
  return {
    archiveId: url,
    location: answer?.Location ?? null,
    treeHash: null,
    object: {
      etag: object?.etag ?? bareEtag(answer?.ETag),
      versionId: object?.versionId ?? answer?.VersionId ?? null,
      storageClass: object?.storageClass ?? whole.object?.storageClass ?? null,
    },
  };
}
