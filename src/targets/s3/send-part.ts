/** Sends one part to a bucket with its hashes, and compares the store's response with them. */
import type { Readable } from 'node:stream';
import type { UploadPartCommand } from '@aws-sdk/client-s3';
import { TransferError } from '../../core/failures.js';
import type { PreparedPart } from '../../transfer/ports/source.js';
import type { PartReceipt } from '../../transfer/ports/target.js';
import { incompleteResponse } from '../aws/failures.js';
import { type PartSending, withBody } from '../aws/part-body.js';
import { type ResponseHead, sendRepeated } from '../aws/repeated-request.js';
import type { BucketCaller, Sdk } from './client.js';
import type { Operation } from './failures.js';
import { bareEtag, base64OfHex, isMd5 } from './hashes.js';
import type { PartGuard } from './part-guard.js';

export interface PartRequest {
  readonly bucket: string;
  readonly key: string;
  readonly uploadId: string;
  readonly guard: PartGuard;
  /** The part's MD5 in hex; null if it is not sent. */
  readonly md5: string | null;
  /** True if the ETag of a part is its MD5 on every store of this dialect, so that the two are compared. */
  readonly isEtagMd5: boolean;
}

/** The store has taken a part whose bytes the signature did not cover, and does not say that it compared the checksum. */
export class UnconfirmedPartError extends Error {
  override readonly name = 'UnconfirmedPartError';
}

/** The checksum of a part as its header and as the field of the SDK, without which the SDK would choose one of its own. */
interface PartChecksum {
  readonly header: 'x-amz-checksum-sha256' | 'x-amz-checksum-crc32';
  readonly field: 'ChecksumSHA256' | 'ChecksumCRC32';
  /** Base64. */
  readonly value: string;
}

/** A part with what its request says about the bytes. */
interface DescribedPart {
  readonly request: PartRequest;
  readonly part: PreparedPart;
  readonly headers: Readonly<Record<string, string>>;
  readonly checksum: PartChecksum | null;
}

/**
 * Returns the headers that describe a part. If the signature covers the linear hash, a store that checks signatures
 * refuses damaged bytes. In both cases the SDK does not hash the body again.
 */
async function describe(request: PartRequest, part: PreparedPart): Promise<DescribedPart> {
  const { guard, md5 } = request;
  const { isSigned } = guard;
  const checksum = await checksumOf(guard, part);
  const headers = {
    'content-length': String(part.range.sizeBytes),
    'x-amz-content-sha256': isSigned ? await part.digest('sha256') : 'UNSIGNED-PAYLOAD',
    ...(checksum !== null && { [checksum.header]: checksum.value }),
    ...(md5 !== null && { 'content-md5': base64OfHex(md5) }),
  };
  return { request, part, headers, checksum };
}

async function checksumOf({ checksum }: PartGuard, part: PreparedPart): Promise<PartChecksum | null> {
  if (checksum === null) return null;
  const isSha256 = checksum === 'SHA256';
  const value = base64OfHex(await part.digest(isSha256 ? 'sha256' : 'crc32'));
  return isSha256
    ? { header: 'x-amz-checksum-sha256', field: 'ChecksumSHA256', value }
    : { header: 'x-amz-checksum-crc32', field: 'ChecksumCRC32', value };
}

/** Creates the command that sends `part`. Its headers are set before the SDK signs. */
function partCommand(
  sdk: Sdk,
  { request, part, headers, checksum }: DescribedPart,
  body: Readable | Uint8Array,
): UploadPartCommand {
  const { range } = part;
  const command = new sdk.UploadPartCommand({
    Bucket: request.bucket,
    Key: request.key,
    UploadId: request.uploadId,
    PartNumber: range.index + 1,
    ContentLength: range.sizeBytes,
    Body: body as Exclude<UploadPartCommand['input']['Body'], undefined>,
    ...(checksum !== null && { [checksum.field]: checksum.value }),
  });
  command.middlewareStack.add(
    (next) => (args) => {
      Object.assign((args.request as { headers: Record<string, string> }).headers, headers);
      return next(args);
    },
    { step: 'build', priority: 'high', name: 'knownHash' },
  );
  return command;
}

/** Returns true if the store encrypts with keys of its key service or of the customer: an ETag is then not an MD5. */
function isKeyEncrypted({ headers }: ResponseHead): boolean {
  const sse = headers['x-amz-server-side-encryption'];
  const customer = headers['x-amz-server-side-encryption-customer-algorithm'];
  return customer !== undefined || (sse !== undefined && sse !== 'AES256');
}

/** @throws UnconfirmedPartError; TransferError `checksum` (retryClass `corrupt`) */
function receiptOf(
  response: ResponseHead,
  { request, part, checksum }: DescribedPart,
  operation: Operation,
): PartReceipt {
  const etag = bareEtag(response.headers['etag']);
  if (etag === null) throw incompleteResponse(operation, 'ETag');
  const failChecksum = (expected: string, got: string): never => {
    const facts = { what: 'part', index: part.range.index, expected, got } as const;
    throw new TransferError('checksum', facts, { retryClass: 'corrupt' });
  };
  const confirmed = checksum === null ? undefined : response.headers[checksum.header];
  if (confirmed !== undefined && confirmed !== checksum?.value) {
    failChecksum(checksum?.value ?? '', confirmed);
  }
  const { md5, isEtagMd5, guard } = request;
  const isComparable = isEtagMd5 && isMd5(etag) && !isKeyEncrypted(response);
  if (md5 !== null && isComparable && etag !== md5) failChecksum(md5, etag);
  if (!guard.isSigned && checksum !== null && confirmed === undefined) throw new UnconfirmedPartError();
  return { treeHash: part.treeHash, etag };
}

/**
 * @throws TransferError `checksum` (retryClass `corrupt`) if the store received other bytes; the body's own error if it
 * cannot be read; the errors of Caller; UnconfirmedPartError
 */
export async function sendPart(
  caller: BucketCaller,
  request: PartRequest,
  part: PreparedPart,
  sending: PartSending,
): Promise<PartReceipt> {
  const { bucket, key, uploadId, guard } = request;
  const described = await describe(request, part);
  const { sha256, crc32, md5 } = part.digests;
  const hash = sha256 ?? crc32 ?? md5 ?? part.treeHash;
  const sent = { what: 'part', index: part.range.index, hash } as const;
  const operation: Operation = { name: 'UploadPart', bucket, key, uploadId, sent };
  return withBody(part, sending, async (body, ending) => {
    const response = await caller.call(operation, ending.signal, (client, options, sdk) => {
      const command = (content: Readable | Uint8Array) => partCommand(sdk, described, content);
      const query = { partNumber: String(part.range.index + 1) };
      const variation = { headers: described.headers, query, body };
      // A copy keeps the headers of the first part, so that another checksum needs another template.
      const template = `${key} ${uploadId} ${guard.checksum}`;
      return sendRepeated(client, { key: template, command, variation }, options);
    });
    return receiptOf(response, described, operation);
  });
}
