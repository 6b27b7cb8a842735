/** Makes an object by a single request, with the properties that create sets and the guards that parts have. */
import type { Readable } from 'node:stream';
import type { PutObjectCommand } from '@aws-sdk/client-s3';
import type { ObjectChecksum } from '../../core/object-checksum.js';
import type { PreparedPart } from '../../transfer/ports/source.js';
import type { ObjectFacts } from '../../transfer/ports/target.js';
import { type PartSending, withBody } from '../aws/part-body.js';
import { sendRepeated } from '../aws/repeated-request.js';
import type { BucketCaller, Sdk } from './client.js';
import type { ObjectInput } from './create-input.js';
import {
  addPartHeaders,
  type DescribedPart,
  describePart,
  type Guarding,
  receiptOf,
  sentPart,
  UnconfirmedPartError,
} from './described-part.js';
import { isRefusedForChecksums, type Operation } from './failures.js';
import { type ObjectAddress, OWN_ID_NAME } from './head-object.js';
import type { KnownUploads } from './known-uploads.js';
import type { PartGuard } from './part-guard.js';
import { isRefusedAsUnsigned } from './send-guarded.js';
import type { UploadProperties } from './upload-properties.js';

/** An object that is to be made. */
export interface NewObject extends ObjectAddress {
  readonly input: ObjectInput;
  readonly ownId: string;
  /** See Guarding. */
  readonly isEtagMd5: boolean;
}

type PutFacts = Pick<ObjectFacts, 'versionId' | 'checksum'> & { readonly etag: string };

/** The key of the request that the others are copies of. */
const TEMPLATE_KEY = 'key';

/** Returns a key as the path of a request has it. Source: Amazon S3 API reference, "Signature calculations" (UriEncode). */
function encodedKey(key: string): string {
  const encode = (text: string) =>
    encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
  return key.split('/').map(encode).join('/');
}

function putCommand(
  sdk: Sdk,
  input: ObjectInput,
  { part, headers, checksum }: DescribedPart,
  body: Readable | Uint8Array,
): PutObjectCommand {
  const command = new sdk.PutObjectCommand({
    ...input,
    ContentLength: part.range.sizeBytes,
    Body: body as Exclude<PutObjectCommand['input']['Body'], undefined>,
    ...(checksum !== null && { [checksum.field]: checksum.value }),
  });
  // Create sends no type, so that the store chooses it. The SDK would name one.
  command.middlewareStack.add(
    (next) => (args) => {
      delete (args.request as { headers: Record<string, string> }).headers['content-type'];
      return next(args);
    },
    { step: 'build', priority: 'high', name: 'noContentType' },
  );
  addPartHeaders(command, headers);
  return command;
}

/** @throws as sendPart; UnconfirmedPartError */
async function putOnce(
  caller: BucketCaller,
  { bucket, key, input, ownId, ...guarding }: NewObject & Guarding,
  part: PreparedPart,
  sending: PartSending,
): Promise<PutFacts> {
  const described = await describePart(guarding, part);
  const { checksum } = described;
  const operation: Operation = { name: 'PutObject', bucket, key, uploadId: null, sent: sentPart(part) };
  return withBody(part, sending, async (body, ending) => {
    const response = await caller.call(operation, ending.signal, (client, options, sdk) => {
      const command = (content: Readable | Uint8Array) => putCommand(sdk, input, described, content);
      const template = (content: Uint8Array) =>
        putCommand(sdk, { ...input, Key: TEMPLATE_KEY }, described, content);
      const headers = { ...described.headers, [`x-amz-meta-${OWN_ID_NAME}`]: ownId };
      const path = (templatePath: string) => templatePath.slice(0, -TEMPLATE_KEY.length) + encodedKey(key);
      const variation = { headers, path, body };
      // A copy keeps the headers of the template, so that other headers need another one.
      const name = `put ${guarding.guard.checksum} ${guarding.md5 === null} ${input.StorageClass}`;
      return sendRepeated(client, { key: name, command, template, variation }, options);
    });
    const { etag, isConfirmed } = receiptOf(response, described, operation);
    const recorded = isConfirmed && checksum !== null ? { checksum: wholeChecksum(checksum) } : {};
    return { etag, versionId: response.headers['x-amz-version-id'] ?? null, ...recorded };
  });
}

/** An object of a single request has a checksum of all bytes, with any algorithm. */
function wholeChecksum({ field, value }: NonNullable<DescribedPart['checksum']>): ObjectChecksum {
  return { algorithm: field === 'ChecksumSHA256' ? 'SHA256' : 'CRC32', type: 'FULL_OBJECT', value };
}

/** Returns the properties with which the object is sent again; null: the failure is final. */
function changedBy(
  error: unknown,
  properties: UploadProperties,
  { isSigned }: PartGuard,
  asked: KnownUploads['asked'],
): UploadProperties | null {
  const { checksum } = properties;
  if (error instanceof UnconfirmedPartError) return { ...properties, checksum: null, mustSign: true };
  if (checksum !== null && isRefusedForChecksums(error)) {
    const index = asked.findIndex((each) => each?.algorithm === checksum.algorithm);
    return { ...properties, checksum: asked[index + 1] ?? null };
  }
  return !isSigned && isRefusedAsUnsigned(error) ? { ...properties, mustSign: true } : null;
}

/**
 * Makes the object. No answer has said before which checksum the store takes, so that a refusal, or an answer that does
 * not repeat the checksum, is followed by the same object with another guard. What the store has taken is remembered.
 * @throws TransferError `checksum` (retryClass `corrupt`) if the store received other bytes; the errors of Caller
 */
export async function putObject(
  { caller, uploads }: { readonly caller: BucketCaller; readonly uploads: KnownUploads },
  object: NewObject,
  part: PreparedPart,
  sending: PartSending,
): Promise<PutFacts> {
  let properties = uploads.ofSingle;
  for (;;) {
    const guard = uploads.guardOf(properties);
    try {
      const facts = await uploads.requiredMd5.send(part, uploads.needsMd5(properties), (md5) =>
        putOnce(caller, { ...object, guard, md5 }, part, sending),
      );
      const isIgnored = properties.checksum !== null && facts.checksum === undefined;
      uploads.ofSingle = isIgnored ? { ...properties, checksum: null, mustSign: true } : properties;
      return facts;
    } catch (error) {
      const changed = changedBy(error, properties, guard, uploads.asked);
      if (changed === null) throw error;
      properties = changed;
    }
  }
}
