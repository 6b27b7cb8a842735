/** Sends one part with its two hashes, and compares the service's response with them. */
import type { Readable } from 'node:stream';
import type { UploadMultipartPartCommand } from '@aws-sdk/client-glacier';
import { TransferError } from '../../core/failures.js';
import type { PartRange } from '../../core/part-plan.js';
import { type LinearHash, readTreeHash } from '../../core/tree-hash.js';
import type { PreparedPart } from '../../transfer/ports/source.js';
import type { PartReceipt, PartWatch } from '../../transfer/ports/target.js';
import { incompleteResponse } from '../aws/failures.js';
import { WATCH_INTERVAL_MS, withBody } from '../aws/part-body.js';
import { type ResponseHead, sendRepeated } from '../aws/repeated-request.js';
import type { Sdk, VaultCaller } from './client.js';
import type { Operation } from './failures.js';
import type { PartTime } from './part-time.js';

export interface PartRequest {
  readonly accountId: string;
  readonly vaultName: string;
  readonly uploadId: string;
  /** The time limit for parts, shared by all parts of the target. */
  readonly partTime: PartTime;
  readonly watch: PartWatch;
}

/** The least number of progress checks within the time limit of a part. */
const PROGRESS_CHECKS = 10;

/** Returns the headers that describe a part. Both hashes are given: the SDK would compute them on the main thread. */
function headersOf({ range, treeHash }: PreparedPart, linearHash: LinearHash): Record<string, string> {
  return {
    'content-length': String(range.sizeBytes),
    'content-range': contentRange(range),
    'x-amz-content-sha256': linearHash,
    'x-amz-sha256-tree-hash': treeHash,
  };
}

function contentRange({ startByte, endByte }: PartRange): string {
  return `bytes ${startByte}-${endByte}/*`;
}

/**
 * Creates the command that sends `part`. Its headers are set before the SDK signs, and before it would send a stream in
 * chunks, which the service does not accept.
 */
function partCommand(
  sdk: Sdk,
  request: PartRequest,
  { part, headers }: { readonly part: PreparedPart; readonly headers: Readonly<Record<string, string>> },
  body: Readable | Uint8Array,
): UploadMultipartPartCommand {
  const { accountId, vaultName, uploadId } = request;
  const command = new sdk.UploadMultipartPartCommand({
    ...{ accountId, vaultName, uploadId },
    checksum: part.treeHash,
    range: contentRange(part.range),
    body: body as Exclude<UploadMultipartPartCommand['input']['body'], undefined>,
  });
  command.middlewareStack.add(
    (next) => (args) => {
      Object.assign((args.request as { headers: Record<string, string> }).headers, headers);
      return next(args);
    },
    { step: 'build', priority: 'high', name: 'knownHashes' },
  );
  return command;
}

function receiptOf(
  { statusCode: httpStatus, headers }: ResponseHead,
  part: PreparedPart,
  operation: Operation,
): PartReceipt {
  const checksum = readTreeHash(headers['x-amz-sha256-tree-hash']);
  if (checksum === null) throw incompleteResponse(operation, 'tree hash');
  if (checksum !== part.treeHash) {
    const facts = { what: 'part', index: part.range.index, expected: part.treeHash, got: checksum } as const;
    const requestId = headers['x-amzn-requestid'] ?? null;
    const service = { httpStatus, requestId, code: null, message: null, hostId: null, resource: null };
    throw new TransferError('checksum', facts, { service, retryClass: 'corrupt' });
  }
  return { treeHash: checksum, etag: null };
}

/**
 * Sends a part, and ends it when its time limit has passed or `watch` returns true.
 * @throws TransferError `checksum` (retryClass `corrupt`) if the service computed another hash; the body's own error if it
 * cannot be read; `too-slow` if the part did not arrive in time; the errors of Caller
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
    sent: { what: 'part', index: range.index, hash: treeHash },
  };
  const { partTime, watch } = request;
  const headers = headersOf(part, await part.digest('sha256'));
  const startedMs = performance.now();
  const tooSlow = (sent: number): unknown => partTime.tooSlow(range, performance.now() - startedMs, sent);
  const watchIntervalMs = Math.min(WATCH_INTERVAL_MS, partTime.ms / PROGRESS_CHECKS);
  const sending = { signal, watch, watchIntervalMs, reasonOfWatch: tooSlow };
  return withBody(part, sending, async (body, ending) => {
    const deadline = setTimeout(() => ending.abort(tooSlow(body.sent.bytes())), partTime.ms);
    try {
      const response = await caller.call(operation, ending.signal, (client, options, sdk) => {
        const command = (content: Readable | Uint8Array) =>
          partCommand(sdk, request, { part, headers }, content);
        const variation = { headers, body };
        return sendRepeated(client, { key: request.uploadId, command, variation }, options);
      });
      return receiptOf(response, part, operation);
    } catch (error) {
      throw partTime.classify(error, range, performance.now() - startedMs);
    } finally {
      clearTimeout(deadline);
    }
  });
}
