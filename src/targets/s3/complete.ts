/** Completes an upload and checks the object, also if the response to an earlier request was lost. */
import type { CompleteMultipartUploadCommandOutput } from '@aws-sdk/client-s3';
import { isFailure, TransferError, wrapFailure } from '../../core/failures.js';
import { foldPartHashes } from '../../core/tree-hash.js';
import type { RecordedPart } from '../../transfer/ports/state.js';
import type { ArchiveRemark, Completion, FinishedArchive } from '../../transfer/ports/target.js';
import { incompleteResponse } from '../aws/failures.js';
import { checkObject, isOurs, type ObjectCheck } from './check-object.js';
import { expectedChecksum, type SentParts } from './compare-object.js';
import type { Operation } from './failures.js';
import { bareEtag, base64OfHex } from './hashes.js';
import { type ExistingObject, headIfAllowed, headObject } from './head-object.js';

export interface Completing extends ObjectCheck {
  readonly uploadId: string;
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
  const { sizeBytes, partSizeBytes } = completing.whole;
  const sent: SentParts = { parts: orderedParts(completing.whole), sizeBytes, partSizeBytes };
  try {
    if (keepsObject(completing)) await assertStillFree(completing, sent, signal);
    const { response, remarks } = await sendComplete(completing, sent, signal);
    const object = await headIfAllowed(completing, signal);
    const seen = object === null || isReplaced(object, completing) ? null : object;
    const finished = await checkObject(completing, sent, { seen, response }, signal);
    return { ...finished, remarks: [...remarks, ...(finished.remarks ?? [])] };
  } catch (error) {
    const seen = await findResult(completing, sent, error, signal);
    return checkObject(completing, sent, { seen, response: null }, signal);
  }
}

/** Returns true if another upload of calve has replaced the object since complete. */
function isReplaced({ ownId }: ExistingObject, { whole }: Completing): boolean {
  const ours = whole.object?.ownId ?? null;
  return ours !== null && ownId !== null && ownId !== ours;
}

/**
 * Returns the object if it exists after a complete that failed, or whose result is unclear.
 * @throws TransferError the same failure, unless the object is the result of this upload; `exists`
 */
async function findResult(
  completing: Completing,
  sent: SentParts,
  error: unknown,
  signal: AbortSignal,
): Promise<ExistingObject> {
  const isGone = isFailure(error, 'not-found') && error.facts.what === 'upload';
  const isRefused = isPreconditionFailed(error);
  const isUnclear = isFailure(error, 'unreachable') && error.retryClass === 'unavailable';
  if (!isGone && !isRefused && !isUnclear) throw error;
  const object = isUnclear ? await orNull(completing, signal) : await headIfAllowed(completing, signal);
  if (object !== null && isOurs(object, completing.whole, sent)) return object;
  const isRepeated = completing.whole.mayBeUnderWay === true;
  if (isUnclear && (isRepeated || hasAnswered(error))) await assertUploadExists(completing, signal);
  const isKept = isRefused || (isGone && object !== null);
  if (isKept && keepsObject(completing)) throw wrapFailure(error, 'exists', { url: completing.url });
  throw error;
}

function keepsObject({ whole }: Completing): boolean {
  return whole.object?.noOverwrite === true;
}

/**
 * Looks at the key once more, because some stores ignore the condition of complete, or refuse it.
 * @throws TransferError `exists`
 */
async function assertStillFree(completing: Completing, sent: SentParts, signal: AbortSignal): Promise<void> {
  const object = await headIfAllowed(completing, signal);
  if (object !== null && !isOurs(object, completing.whole, sent)) throw existsFailure(completing.url);
}

/** Looks at the object after an unclear response; a look that fails shows nothing. */
async function orNull(completing: Completing, signal: AbortSignal): Promise<ExistingObject | null> {
  const object = await headObject(completing, signal).catch(() => null);
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
  sent: SentParts,
  signal: AbortSignal,
): Promise<{ response: CompleteMultipartUploadCommandOutput; remarks: readonly ArchiveRemark[] }> {
  const send = (condition: { IfNoneMatch?: string }) => sendOnce(completing, sent, condition, signal);
  if (!keepsObject(completing)) return { response: await send({}), remarks: [] };
  try {
    return { response: await send({ IfNoneMatch: '*' }), remarks: [] };
  } catch (error) {
    if (!isFailure(error, 'refused') || error.service?.httpStatus !== 501) throw error;
    return { response: await send({}), remarks: ['looked-instead'] };
  }
}

/** Returns the checksum of a part. Stores require it with complete, some of them also for checksums of all bytes. */
function partChecksum({ checksum }: Completing, { linearHash, crc32 }: RecordedPart) {
  if (checksum?.algorithm === 'SHA256' && linearHash !== null) {
    return { ChecksumSHA256: base64OfHex(linearHash) };
  }
  const hasCrc = checksum?.algorithm === 'CRC32' && crc32 !== undefined;
  return hasCrc ? { ChecksumCRC32: base64OfHex(crc32) } : {};
}

/** Returns what complete says of the whole object: only stores with checksums know these fields. */
function wholeChecksum({ checksum, whole }: Completing, sent: SentParts) {
  if (checksum === null) return {};
  const size = { MpuObjectSize: whole.sizeBytes };
  const { algorithm, type } = checksum;
  const ofBytes = type === 'FULL_OBJECT' ? expectedChecksum({ algorithm, type }, sent) : null;
  return ofBytes === null ? size : { ...size, ChecksumCRC32: ofBytes.value, ChecksumType: ofBytes.type };
}

async function sendOnce(
  completing: Completing,
  sentParts: SentParts,
  condition: { readonly IfNoneMatch?: string },
  signal: AbortSignal,
): Promise<CompleteMultipartUploadCommandOutput> {
  const { caller, address, uploadId, whole } = completing;
  const sent = { what: 'archive', index: null, hash: whole.treeHash } as const;
  const operation: Operation = { name: 'CompleteMultipartUpload', ...address, uploadId, sent };
  const input = {
    Bucket: address.bucket,
    Key: address.key,
    UploadId: uploadId,
    MultipartUpload: {
      Parts: sentParts.parts.map((part, index) => ({
        PartNumber: index + 1,
        ETag: `"${part.etag ?? ''}"`,
        ...partChecksum(completing, part),
      })),
    },
    ...wholeChecksum(completing, sentParts),
    ...condition,
  };
  const response = await caller.call(operation, signal, (client, send, sdk) =>
    client.send(new sdk.CompleteMultipartUploadCommand(input), send),
  );
  if (bareEtag(response.ETag) === null) throw incompleteResponse(operation, 'ETag');
  return response;
}
