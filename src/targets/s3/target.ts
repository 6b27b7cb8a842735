/** An object of a bucket as a target, by the AWS SDK: S3 and the stores that speak its protocol. */
import { randomUUID } from 'node:crypto';
import type { CreateMultipartUploadCommandInput, ListPartsCommandOutput } from '@aws-sdk/client-s3';
import { isFailure } from '../../core/failures.js';
import type { TargetIdentity } from '../../core/identity.js';
import { withKey } from '../../core/target-url.js';
import type { PreparedPart } from '../../transfer/ports/source.js';
import type { CatalogueEntry } from '../../transfer/ports/state.js';
import type {
  AbortAnswer,
  Completion,
  CreatedUpload,
  CreateUploadRequest,
  FinishedArchive,
  ObjectOptions,
  ObjectUpload,
  PageRequest,
  PartReceipt,
  PartsPage,
  PartsRequest,
  Target,
  UploadsPage,
} from '../../transfer/ports/target.js';
import { serviceCaller } from '../aws/caller.js';
import { incompleteResponse } from '../aws/failures.js';
import { S3_CAPABILITIES } from './capabilities.js';
import { type BucketCaller, type ClientOptions, s3ClientLoader } from './client.js';
import { completeObject, existsFailure } from './complete.js';
import type { Dialect } from './dialect.js';
import {
  classify,
  foreignChecksums,
  isExpiredToken,
  isRefusedForChecksums,
  type Operation,
} from './failures.js';
import { type ExistingObject, headObject, type ObjectAddress, OWN_ID_NAME } from './head-object.js';
import { cutPage, decodeMarker, parseParts, parseUploads, partSizeShown, remotePart } from './pages.js';
import { sendPart } from './send-part.js';

/** What an object is to be besides its bytes: said when its upload begins. */
interface ObjectHeaders {
  readonly sse: string | null;
  readonly sseKmsKeyId: string | null;
  /** `k1=v1&k2=v2`, as the header has it. */
  readonly tagging: string | null;
}

export interface BucketTargetOptions extends ClientOptions {
  readonly dialect: Dialect;
  readonly bucket: string;
  readonly key: string;
  /** `s3://bucket/key` */
  readonly url: string;
  /** What TargetIdentity.endpoint says: null where it is the service's own. */
  readonly endpointForState: string | null;
  readonly object: ObjectHeaders;
}

/** What is known of an upload, so that the store need not be asked for it again. */
interface KnownUpload {
  readonly hasChecksums: boolean;
  /** Checksums that each of its parts must carry, and that calve does not compute. */
  readonly otherChecksums?: string | null;
  readonly partSizeBytes: number | null;
}

/** What targets of all keys share. */
interface BucketState {
  readonly caller: BucketCaller;
  readonly known: Map<string, KnownUpload>;
}

export function bucketTarget(options: BucketTargetOptions): Target {
  const caller = serviceCaller(s3ClientLoader(options), classify, isExpiredToken);
  return new KeyTarget(options, { caller, known: new Map() });
}

class KeyTarget implements Target {
  readonly capabilities = S3_CAPABILITIES;
  readonly partTimeMs = null;
  readonly #options: BucketTargetOptions;
  readonly #bucket: BucketState;
  readonly #address: ObjectAddress;
  readonly #object: { readonly Bucket: string; readonly Key: string };

  constructor(options: BucketTargetOptions, bucketState: BucketState) {
    const { bucket, key } = options;
    this.#options = options;
    this.#bucket = bucketState;
    this.#address = { bucket, key };
    this.#object = { Bucket: bucket, Key: key };
  }

  at(key: string | null): Target {
    const options = this.#options;
    if (key === null || key === options.key) return this;
    return new KeyTarget({ ...options, key, url: withKey(options.url, key) }, this.#bucket);
  }

  async locate(_: boolean, signal: AbortSignal): Promise<TargetIdentity> {
    const { bucket, url, region, endpointForState: endpoint } = this.#options;
    try {
      await this.#bucket.caller.call(
        { ...this.#operation('HeadBucket'), key: '' },
        signal,
        (client, send, sdk) => client.send(new sdk.HeadBucketCommand({ Bucket: bucket }), send),
      );
    } catch (error) {
      // Who may only write can't look at the bucket; and an empty answer says little of what is wrong.
      const isUnclear = isFailure(error, 'refused') && error.service !== null;
      if (!isUnclear || error.facts.why === 'wrong-region') throw error;
    }
    return { url, region, endpoint, account: null };
  }

  async createUpload(request: CreateUploadRequest, signal: AbortSignal): Promise<CreatedUpload> {
    const { dialect, url } = this.#options;
    const options = request.object ?? { storageClass: null, noOverwrite: false };
    if (options.noOverwrite && (await this.#look(signal)) !== null) throw existsFailure(url);
    const storageClass = options.storageClass ?? dialect.defaultStorageClass;
    const object: ObjectUpload = { ...options, storageClass, ownId: randomUUID() };
    const operation = this.#operation('CreateMultipartUpload');
    const create = (withChecksums: boolean) => {
      const input = createInput(this.#options, options, object, withChecksums);
      return this.#bucket.caller.call(operation, signal, (client, send, sdk) =>
        client.send(new sdk.CreateMultipartUploadCommand(input), send),
      );
    };
    const answer = await create(dialect.asksForChecksums).catch((error: unknown) => {
      if (dialect.asksForChecksums && isRefusedForChecksums(error)) return create(false);
      throw error;
    });
    const { UploadId: uploadId } = answer;
    if (!uploadId) throw incompleteResponse(operation, 'upload id');
    const { partSizeBytes } = request.plan;
    this.#bucket.known.set(uploadId, { hasChecksums: answer.ChecksumAlgorithm === 'SHA256', partSizeBytes });
    return { uploadId, object };
  }

  async sendPart(uploadId: string, part: PreparedPart, signal: AbortSignal): Promise<PartReceipt> {
    signal.throwIfAborted();
    const md5 = this.#options.dialect.sendsMd5 ? await part.md5() : null;
    const hasChecksums = await this.#hasChecksums(uploadId, signal);
    return sendPart(this.#bucket.caller, { ...this.#address, uploadId, hasChecksums, md5 }, part, signal);
  }

  async listPartsPage(uploadId: string, page: PartsRequest, signal: AbortSignal): Promise<PartsPage> {
    const { known } = this.#bucket;
    const told = page.partSizeBytes ?? known.get(uploadId)?.partSizeBytes ?? null;
    if (told === null && page.marker !== null) await this.#learn(uploadId, signal);
    // Two parts show what one does not: whether the first is as long as the others.
    const limit = page.limit !== null && told === null ? Math.max(2, page.limit) : page.limit;
    const operation = this.#operation('ListParts', uploadId);
    const input = {
      ...this.#object,
      UploadId: uploadId,
      ...(limit !== null && { MaxParts: limit }),
      ...(page.marker !== null && { PartNumberMarker: page.marker }),
    };
    const answer = await this.#bucket.caller.call(operation, signal, (client, send, sdk) =>
      client.send(new sdk.ListPartsCommand(input), send),
    );
    const listed = parseParts(answer, operation);
    const partSizeBytes = told ?? known.get(uploadId)?.partSizeBytes ?? partSizeShown(listed);
    const hasChecksums = isToldOfChecksums(answer, known.get(uploadId));
    known.set(uploadId, { hasChecksums, otherChecksums: otherChecksumsOf(answer), partSizeBytes });
    const { parts, marker } = cutPage(listed, page.limit);
    const held = parts.map((part) => remotePart(part, partSizeBytes ?? 0));
    return { partSizeBytes, description: null, createdAt: null, parts: held, marker };
  }

  async complete(uploadId: string, whole: Completion, signal: AbortSignal): Promise<FinishedArchive> {
    const { dialect, url } = this.#options;
    // An upload that is gone can't tell; what becomes of the object is then told by itself.
    const hasChecksums = await this.#hasChecksums(uploadId, signal).catch((error: unknown) => {
      if (isFailure(error, 'not-found')) return false;
      throw error;
    });
    const { caller } = this.#bucket;
    const completing = { caller, dialect, address: this.#address, url, uploadId, whole, hasChecksums };
    return completeObject(completing, signal);
  }

  async exists({ plan, object }: CatalogueEntry, signal: AbortSignal): Promise<boolean> {
    const seen = await this.#look(signal);
    return seen !== null && seen.sizeBytes === plan.sizeBytes && seen.etag === (object?.etag ?? seen.etag);
  }

  async abort(uploadId: string, signal: AbortSignal): Promise<AbortAnswer> {
    const operation = this.#operation('AbortMultipartUpload', uploadId);
    const input = { ...this.#object, UploadId: uploadId };
    const { $metadata } = await this.#bucket.caller.call(operation, signal, (client, send, sdk) =>
      client.send(new sdk.AbortMultipartUploadCommand(input), send),
    );
    const { httpStatusCode, requestId = null, extendedRequestId: hostId = null } = $metadata;
    // Whatever else answers 2xx (a proxy's page, for one), nothing was aborted.
    if (httpStatusCode !== 204) throw incompleteResponse(operation, `status 204 but ${httpStatusCode}`);
    return { httpStatus: 204, requestId, hostId };
  }

  async listUploadsPage(page: PageRequest, signal: AbortSignal): Promise<UploadsPage> {
    const { bucket, key, dialect } = this.#options;
    const operation = this.#operation('ListMultipartUploads');
    const input = {
      Bucket: bucket,
      ...(key !== '' && { Prefix: key }),
      ...(page.limit !== null && { MaxUploads: page.limit }),
      ...decodeMarker(page.marker),
    };
    const answer = await this.#bucket.caller.call(operation, signal, (client, send, sdk) =>
      client.send(new sdk.ListMultipartUploadsCommand(input), send),
    );
    const isMany = key === '' || key.endsWith('/');
    return parseUploads(answer, operation, dialect, (listed) => isMany || listed === key);
  }

  async close(): Promise<void> {
    this.#bucket.caller.close();
  }

  #operation(name: string, uploadId: string | null = null): Operation {
    return { name, ...this.#address, uploadId, sent: null };
  }

  #look(signal: AbortSignal): Promise<ExistingObject | null> {
    return headObject(this.#bucket.caller, this.#address, this.#options.dialect, signal);
  }

  async #hasChecksums(uploadId: string, signal: AbortSignal): Promise<boolean> {
    if (!this.#options.dialect.asksForChecksums) return false;
    const known = this.#bucket.known.get(uploadId) ?? (await this.#learn(uploadId, signal));
    if (known.otherChecksums != null) throw foreignChecksums(known.otherChecksums);
    return known.hasChecksums;
  }

  async #learn(uploadId: string, signal: AbortSignal): Promise<KnownUpload> {
    await this.listPartsPage(uploadId, { limit: null, marker: null }, signal);
    return this.#bucket.known.get(uploadId) as KnownUpload;
  }
}

/**
 * Those of whole objects (`FULL_OBJECT`, as CRC64NVME always is) are computed by the store where parts bring none.
 * Source: Amazon S3 user guide, "Checking object integrity".
 */
function otherChecksumsOf({ ChecksumAlgorithm, ChecksumType }: ListPartsCommandOutput): string | null {
  const isOfParts = ChecksumType !== 'FULL_OBJECT' && ChecksumAlgorithm !== 'CRC64NVME';
  return isOfParts && ChecksumAlgorithm !== 'SHA256' ? (ChecksumAlgorithm ?? null) : null;
}

/** Not every store repeats in its list what it said when the upload began. */
function isToldOfChecksums(
  { ChecksumAlgorithm, Parts = [] }: ListPartsCommandOutput,
  known: KnownUpload | undefined,
): boolean {
  const isListed = Parts.some(({ ChecksumSHA256 }) => ChecksumSHA256 !== undefined);
  return ChecksumAlgorithm === 'SHA256' || isListed || known?.hasChecksums === true;
}

function createInput(
  { bucket, key, dialect, object }: BucketTargetOptions,
  { storageClass: named }: ObjectOptions,
  begun: ObjectUpload,
  withChecksums: boolean,
): CreateMultipartUploadCommandInput {
  type Input = CreateMultipartUploadCommandInput;
  return {
    Bucket: bucket,
    Key: key,
    Metadata: { [OWN_ID_NAME]: begun.ownId ?? '' },
    ...(withChecksums && { ChecksumAlgorithm: 'SHA256' }),
    ...(named !== null && { StorageClass: dialect.wireClass(named) as NonNullable<Input['StorageClass']> }),
    ...(object.sse !== null && {
      ServerSideEncryption: object.sse as NonNullable<Input['ServerSideEncryption']>,
    }),
    ...(object.sseKmsKeyId !== null && { SSEKMSKeyId: object.sseKmsKeyId }),
    ...(object.tagging !== null && { Tagging: object.tagging }),
  };
}
