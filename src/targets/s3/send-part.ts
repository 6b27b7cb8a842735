/** One part on its way to a bucket: its body, its hashes, and the store's answer compared with them. */
import type { UploadPartCommand, UploadPartCommandOutput } from '@aws-sdk/client-s3';
import { TransferError } from '../../core/failures.js';
import type { PartReceipt, PreparedPart } from '../../transfer/ports.js';
import { type PartBody, withBody } from '../aws/part-body.js';
import type { BucketCaller, Sdk } from './client.js';
import { halfAnswer, type Operation } from './failures.js';
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
 * The command that sends `part`. Its linear hash is set before the SDK signs, which then takes it as the payload's:
 * so every store that checks signatures refuses damaged bytes, and the SDK need not read them once more.
 */
function partCommand(
  sdk: Sdk,
  request: PartRequest,
  part: PreparedPart,
  body: PartBody['content'],
): UploadPartCommand {
  const { range, linearHash } = part;
  const { md5 } = request;
  const command = new sdk.UploadPartCommand({
    Bucket: request.bucket,
    Key: request.key,
    UploadId: request.uploadId,
    PartNumber: range.index + 1,
    ContentLength: range.sizeBytes,
    Body: body as Exclude<UploadPartCommand['input']['Body'], undefined>,
    ...(request.hasChecksums && { ChecksumSHA256: base64OfHex(linearHash) }),
    ...(md5 !== null && { ContentMD5: base64OfHex(md5) }),
  });
  command.middlewareStack.add(
    (next) => (args) => {
      (args.request as { headers: Record<string, string> }).headers['x-amz-content-sha256'] = linearHash;
      return next(args);
    },
    { step: 'build', priority: 'high', name: 'knownHash' },
  );
  return command;
}

/** Where the store encrypts with keys of its own service or the customer's, an ETag is no MD5. */
function isKeyEncrypted(answer: UploadPartCommandOutput): boolean {
  const { ServerSideEncryption: sse, SSECustomerAlgorithm: customer } = answer;
  return customer !== undefined || (sse !== undefined && sse !== 'AES256');
}

function receiptOf(
  answer: UploadPartCommandOutput,
  request: PartRequest,
  part: PreparedPart,
  operation: Operation,
): PartReceipt {
  const etag = bareEtag(answer.ETag);
  if (etag === null) throw halfAnswer(operation, 'ETag');
  const differs = (expected: string, got: string): never => {
    const facts = { what: 'part', index: part.range.index, expected, got } as const;
    throw new TransferError('checksum', facts, { transience: 'corrupt' });
  };
  const { ChecksumSHA256: checksum } = answer;
  const wanted = base64OfHex(part.linearHash);
  if (checksum !== undefined && checksum !== wanted) differs(wanted, checksum);
  const { md5 } = request;
  if (md5 !== null && isMd5(etag) && !isKeyEncrypted(answer) && etag !== md5) differs(md5, etag);
  return { treeHash: part.treeHash, etag };
}

/**
 * @throws TransferError `checksum` (transience `corrupt`) when the store received other bytes; the body's own error
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
    const answer = await caller.call(operation, ending.signal, (client, options, sdk) =>
      client.send(partCommand(sdk, request, part, content), options),
    );
    return receiptOf(answer, request, part, operation);
  });
}
