/** One part on its way to a bucket: its body, its hashes, and the store's answer compared with them. */
import type { UploadPartCommand } from '@aws-sdk/client-s3';
import { TransferError } from '../../core/failures.js';
import type { PreparedPart } from '../../transfer/ports/source.js';
import type { PartReceipt } from '../../transfer/ports/target.js';
import { type PartBody, withBody } from '../aws/part-body.js';
import { type Answer, sendRepeated } from '../aws/repeated-request.js';
import type { BucketCaller, Sdk } from './client.js';
import { incompleteResponse, type Operation } from './failures.js';
import { bareEtag, base64OfHex, isMd5 } from './hashes.js';

export interface PartRequest {
  readonly bucket: string;
  readonly key: string;
  readonly uploadId: string;
  /** Whether the upload was begun with SHA-256 checksums of its parts. */
  readonly hasChecksums: boolean;
  /** The part's MD5 in hex where it is to be sent, else null. */
  readonly md5: string | null;
}

/**
 * What each part's request says of it. The linear hash is taken as the signature's: so every store that checks signatures
 * refuses damaged bytes, and the SDK need not read them once more.
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

/** The command that sends `part`. Its headers are set before the SDK signs. */
function partCommand(
  sdk: Sdk,
  request: PartRequest,
  part: PreparedPart,
  body: PartBody['content'],
): UploadPartCommand {
  const { range, linearHash } = part;
  const command = new sdk.UploadPartCommand({
    Bucket: request.bucket,
    Key: request.key,
    UploadId: request.uploadId,
    PartNumber: range.index + 1,
    ContentLength: range.sizeBytes,
    Body: body as Exclude<UploadPartCommand['input']['Body'], undefined>,
    // Said here, too, lest the SDK choose a checksum of its own.
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

/** Where the store encrypts with keys of its own service or the customer's, an ETag is no MD5. */
function isKeyEncrypted({ headers }: Answer): boolean {
  const sse = headers['x-amz-server-side-encryption'];
  const customer = headers['x-amz-server-side-encryption-customer-algorithm'];
  return customer !== undefined || (sse !== undefined && sse !== 'AES256');
}

function receiptOf(
  answer: Answer,
  request: PartRequest,
  part: PreparedPart,
  operation: Operation,
): PartReceipt {
  const etag = bareEtag(answer.headers['etag']);
  if (etag === null) throw incompleteResponse(operation, 'ETag');
  const differs = (expected: string, got: string): never => {
    const facts = { what: 'part', index: part.range.index, expected, got } as const;
    throw new TransferError('checksum', facts, { retryClass: 'corrupt' });
  };
  const checksum = answer.headers['x-amz-checksum-sha256'];
  const wanted = base64OfHex(part.linearHash);
  if (checksum !== undefined && checksum !== wanted) differs(wanted, checksum);
  const { md5 } = request;
  if (md5 !== null && isMd5(etag) && !isKeyEncrypted(answer) && etag !== md5) differs(md5, etag);
  return { treeHash: part.treeHash, etag };
}

/**
 * @throws TransferError `checksum` (retryClass `corrupt`) when the store received other bytes; the body's own error
 * when it cannot be read; what the caller throws
 */
export async function sendPart(
  caller: BucketCaller,
  request: PartRequest,
  part: PreparedPart,
  signal: AbortSignal,
): Promise<PartReceipt> {
  const { bucket, key, uploadId } = request;
  const sent = { what: 'part', index: part.range.index, hash: part.linearHash } as const;
  const operation: Operation = { name: 'UploadPart', bucket, key, uploadId, sent };
  return withBody(part, caller, signal, async ({ content }, ending) => {
    const answer = await caller.call(operation, ending.signal, (client, options, sdk) => {
      const command = () => partCommand(sdk, request, part, content);
      const query = { partNumber: String(part.range.index + 1) };
      const variation = { headers: headersOf(request, part), query, body: content };
      return sendRepeated(client, { key: `${key} ${uploadId}`, command, variation }, options);
    });
    return receiptOf(answer, request, part, operation);
  });
}
