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

export interface PartRequest {
  readonly bucket: string;
  readonly key: string;
  readonly uploadId: string;
  /** True if the upload was created with SHA-256 checksums of its parts. */
  readonly hasChecksums: boolean;
  /** The part's MD5 in hex; null if it is not sent. */
  readonly md5: string | null;
  /** True if the ETag of a part is its MD5 on every store of this dialect, so that the two are compared. */
  readonly isEtagMd5: boolean;
}

/**
 * Returns the headers that describe a part. The signature covers the linear hash: a store that checks signatures refuses
 * damaged bytes, and the SDK does not hash the body again.
 */
function headersOf({ hasChecksums, md5 }: PartRequest, part: PreparedPart): Record<string, string> {
  const { range, linearHash } = part;
  return {
    'content-length': String(range.sizeBytes),
    'x-amz-content-sha256': linearHash,
    ...(hasChecksums && { 'x-amz-checksum-sha256': base64OfHex(linearHash) }),
    ...(md5 !== null && { 'content-md5': base64OfHex(md5) }),
  };
}

/** Creates the command that sends `part`. Its headers are set before the SDK signs. */
function partCommand(
  sdk: Sdk,
  request: PartRequest,
  part: PreparedPart,
  body: Readable | Uint8Array,
): UploadPartCommand {
  const { range, linearHash } = part;
  const command = new sdk.UploadPartCommand({
    Bucket: request.bucket,
    Key: request.key,
    UploadId: request.uploadId,
    PartNumber: range.index + 1,
    ContentLength: range.sizeBytes,
    Body: body as Exclude<UploadPartCommand['input']['Body'], undefined>,
    // Without it the SDK would choose a checksum of its own.
    ...(request.hasChecksums && { ChecksumSHA256: base64OfHex(linearHash) }),
  });
  command.middlewareStack.add(
    (next) => (args) => {
      Object.assign((args.request as { headers: Record<string, string> }).headers, headersOf(request, part));
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

function receiptOf(
  response: ResponseHead,
  request: PartRequest,
  part: PreparedPart,
  operation: Operation,
): PartReceipt {
  const etag = bareEtag(response.headers['etag']);
  if (etag === null) throw incompleteResponse(operation, 'ETag');
  const failChecksum = (expected: string, got: string): never => {
    const facts = { what: 'part', index: part.range.index, expected, got } as const;
    throw new TransferError('checksum', facts, { retryClass: 'corrupt' });
  };
  const checksum = response.headers['x-amz-checksum-sha256'];
  const expectedChecksum = base64OfHex(part.linearHash);
  if (checksum !== undefined && checksum !== expectedChecksum) failChecksum(expectedChecksum, checksum);
  const { md5, isEtagMd5 } = request;
  const isComparable = isEtagMd5 && isMd5(etag) && !isKeyEncrypted(response);
  if (md5 !== null && isComparable && etag !== md5) failChecksum(md5, etag);
  return { treeHash: part.treeHash, etag };
}

/**
 * @throws TransferError `checksum` (retryClass `corrupt`) if the store received other bytes; the body's own error if it
 * cannot be read; the errors of Caller
 */
export async function sendPart(
  caller: BucketCaller,
  request: PartRequest,
  part: PreparedPart,
  sending: PartSending,
): Promise<PartReceipt> {
  const { bucket, key, uploadId } = request;
  const sent = { what: 'part', index: part.range.index, hash: part.linearHash } as const;
  const operation: Operation = { name: 'UploadPart', bucket, key, uploadId, sent };
  return withBody(part, sending, async (body, ending) => {
    const response = await caller.call(operation, ending.signal, (client, options, sdk) => {
      const command = (content: Readable | Uint8Array) => partCommand(sdk, request, part, content);
      const query = { partNumber: String(part.range.index + 1) };
      const variation = { headers: headersOf(request, part), query, body };
      return sendRepeated(client, { key: `${key} ${uploadId}`, command, variation }, options);
    });
    return receiptOf(response, request, part, operation);
  });
}
