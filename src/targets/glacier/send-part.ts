/** One part on its way: its body, its two hashes, and the service's answer compared with them. */
import type { UploadMultipartPartCommand, UploadMultipartPartCommandOutput } from '@aws-sdk/client-glacier';
import { TransferError } from '../../core/failures.js';
import { readTreeHash } from '../../core/tree-hash.js';
import type { PartReceipt, PartWatch, PreparedPart } from '../../transfer/ports.js';
import { type PartBody, withBody } from '../aws/part-body.js';
import type { Sdk, VaultCaller } from './client.js';
import { halfAnswer, type Operation } from './failures.js';
import type { PartTime } from './part-time.js';

export interface PartRequest {
  readonly accountId: string;
  readonly vaultName: string;
  readonly uploadId: string;
  /** How long a part may take: shared by all parts of the target. */
  readonly partTime: PartTime;
  readonly watch: PartWatch;
}

/** How often a part's time is looked at while it is under way. */
const LOOKS = 10;

/**
 * The command that sends `part`. The linear hash is set before the SDK signs, which then takes it as the payload's
 * (the SDK computing it costs two more passes, on the main thread); the length is set because a stream would go out
 * chunked without it, which the service does not know.
 */
function partCommand(
  sdk: Sdk,
  request: PartRequest,
  part: PreparedPart,
  body: PartBody['content'],
): UploadMultipartPartCommand {
  const { range, linearHash, treeHash } = part;
  const { accountId, vaultName, uploadId } = request;
  const command = new sdk.UploadMultipartPartCommand({
    ...{ accountId, vaultName, uploadId },
    checksum: treeHash,
    range: `bytes ${range.startByte}-${range.endByte}/*`,
    body: body as Exclude<UploadMultipartPartCommand['input']['body'], undefined>,
  });
  command.middlewareStack.add(
    (next) => (args) => {
      const { headers } = args.request as { headers: Record<string, string> };
      headers['x-amz-content-sha256'] = linearHash;
      headers['content-length'] = String(range.sizeBytes);
      return next(args);
    },
    { step: 'build', priority: 'high', name: 'knownHashes' },
  );
  return command;
}

function receiptOf(
  answer: UploadMultipartPartCommandOutput,
  part: PreparedPart,
  operation: Operation,
): PartReceipt {
  const checksum = readTreeHash(answer.checksum);
  if (checksum === null) throw halfAnswer(operation, 'tree hash');
  if (checksum !== part.treeHash) {
    const facts = { what: 'part', index: part.range.index, expected: part.treeHash, got: checksum } as const;
    const { httpStatusCode: httpStatus = null, requestId = null } = answer.$metadata;
    const service = { httpStatus, requestId, code: null, message: null, hostId: null, resource: null };
    throw new TransferError('checksum', facts, { service, transience: 'corrupt' });
  }
  return { treeHash: checksum, etag: null };
}

/**
 * @throws TransferError `checksum` (transience `corrupt`) when the service's hash is not ours; the body's own error
 * when it cannot be read; `too-slow` when it did not arrive in time; what Caller throws
 */
export async function sendPart(
  caller: VaultCaller,
  request: PartRequest,
  part: PreparedPart,
  signal: AbortSignal,
): Promise<PartReceipt> {
  const { treeHash, range } = part;
  const operation: Operation = {
    name: 'UploadMultipartPart',
    vault: request.vaultName,
    uploadId: request.uploadId,
    sent: { what: 'part', index: range.index, treeHash },
  };
  const { partTime, watch } = request;
  return withBody(part, caller, signal, async ({ content, sentBytes }, ending) => {
    const startedMs = performance.now();
    const tooLate = (): void =>
      ending.abort(partTime.late(range, performance.now() - startedMs, sentBytes()));
    const deadline = setTimeout(tooLate, partTime.ms);
    const looks = setInterval(() => {
      const sent = sentBytes();
      if (sent !== null && watch(sent)) tooLate();
    }, partTime.ms / LOOKS);
    try {
      const answer = await caller.call(operation, ending.signal, (client, options, sdk) =>
        client.send(partCommand(sdk, request, part, content), options),
      );
      return receiptOf(answer, part, operation);
    } catch (error) {
      throw partTime.judge(error, range, performance.now() - startedMs);
    } finally {
      clearTimeout(deadline);
      clearInterval(looks);
    }
  });
}
