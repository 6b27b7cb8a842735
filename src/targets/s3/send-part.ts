/** Sends one part to a bucket with its hashes, and compares the store's response with them. */
import type { Readable } from 'node:stream';
import type { UploadPartCommand } from '@aws-sdk/client-s3';
import type { PreparedPart } from '../../transfer/ports/source.js';
import type { PartReceipt } from '../../transfer/ports/target.js';
import { type PartSending, withBody } from '../aws/part-body.js';
import { sendRepeated } from '../aws/repeated-request.js';
import type { BucketCaller, Sdk } from './client.js';
import {
  addPartHeaders,
  type DescribedPart,
  describePart,
  type Guarding,
  receiptOf,
  sentPart,
} from './described-part.js';
import type { Operation } from './failures.js';

export interface PartRequest extends Guarding {
  readonly bucket: string;
  readonly key: string;
  readonly uploadId: string;
}

/** Creates the command that sends a part. */
function partCommand(
  sdk: Sdk,
  { bucket, key, uploadId }: PartRequest,
  { part: { range }, headers, checksum }: DescribedPart,
  body: Readable | Uint8Array,
): UploadPartCommand {
  const command = new sdk.UploadPartCommand({
    Bucket: bucket,
    Key: key,
    UploadId: uploadId,
    PartNumber: range.index + 1,
    ContentLength: range.sizeBytes,
    Body: body as Exclude<UploadPartCommand['input']['Body'], undefined>,
    ...(checksum !== null && { [checksum.field]: checksum.value }),
  });
  addPartHeaders(command, headers);
  return command;
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
  const described = await describePart(request, part);
  const operation: Operation = { name: 'UploadPart', bucket, key, uploadId, sent: sentPart(part) };
  return withBody(part, sending, async (body, ending) => {
    const response = await caller.call(operation, ending.signal, (client, options, sdk) => {
      const command = (content: Readable | Uint8Array) => partCommand(sdk, request, described, content);
      const query = { partNumber: String(part.range.index + 1) };
      const variation = { headers: described.headers, query, body };
      // A copy keeps the headers of the first part, so that another checksum needs another template.
      const template = `${key} ${uploadId} ${guard.checksum}`;
      return sendRepeated(client, { key: template, command, variation }, options);
    });
    const { treeHash, etag } = receiptOf(response, described, operation);
    return { treeHash, etag };
  });
}
