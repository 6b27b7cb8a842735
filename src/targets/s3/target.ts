/** Uploads to an object of a bucket, with the AWS SDK: S3 and the stores that use its protocol. */
import { randomUUID } from 'node:crypto';
import { isDenied, isFailure, withContext } from '../../core/failures.js';
import type { TargetIdentity } from '../../core/identity.js';
import { withKey } from '../../core/target-url.js';
import type { ArchiveList, ArchiveLook, ArchivesPage } from '../../transfer/ports/archive-list.js';
import type { PartHash, PreparedPart } from '../../transfer/ports/source.js';
import type { CatalogueEntry, RecordedPart } from '../../transfer/ports/state.js';
import type {
  AbortResponse,
  Completion,
  CreatedUpload,
  CreateUploadRequest,
  CredentialFacts,
  FinishedArchive,
  ObjectOptions,
  ObjectUpload,
  OwnUpload,
  PageRequest,
  PartReceipt,
  PartsPage,
  PartsRequest,
  PartWatch,
  Target,
  UploadsPage,
} from '../../transfer/ports/target.js';
import { timeOfAnswer, withAnswerTime } from '../aws/answer-time.js';
import { serviceCaller } from '../aws/caller.js';
import { incompleteResponse, readId } from '../aws/failures.js';
import { findCredentials, identityService } from '../aws/find-credentials.js';
import { S3_CAPABILITIES } from './capabilities.js';
import { compareExisting, finishedArchive, type ObjectCheck } from './check-object.js';
import { type BucketCaller, type ClientOptions, s3ClientLoader } from './client.js';
import { completeObject, existsFailure } from './complete.js';
import {
  createInput,
  createWithFirst,
  givenOptions,
  type ObjectHeaders,
  objectInput,
} from './create-input.js';
import type { Dialect } from './dialect.js';
import { classify, foreignChecksums, isRefusedKey, type Operation } from './failures.js';
import { headIfAllowed, type ObjectAddress } from './head-object.js';
import { KnownUploads } from './known-uploads.js';
import { listObjectsPage, type RestoreQuestion } from './list-objects.js';
import { lookAtObject } from './look-at-object.js';
import { cutPage, decodeMarker, parseParts, parseUploads, partSizeShown, remotePart } from './pages.js';
import type { PartGuard } from './part-guard.js';
import { putObject } from './put-object.js';
import { locksObjects } from './required-md5.js';
import { sendGuarded } from './send-guarded.js';
import { sendPart } from './send-part.js';
import { compareTags } from './tags.js';
import { recordedChecksum, type UploadChecksum, type UploadProperties } from './upload-properties.js';

export interface BucketTargetOptions extends ClientOptions {
  readonly dialect: Dialect;
  readonly bucket: string;
  readonly key: string;
  /** `s3://bucket/key` */
  readonly url: string;
  /** The endpoint that TargetIdentity gives; null: the service's own. */
  readonly endpointForState: string | null;
  readonly object: ObjectHeaders;
}

/** The state that the targets of all keys share. */
interface BucketState {
  readonly caller: BucketCaller;
  readonly uploads: KnownUploads;
  readonly restores: RestoreQuestion;
}

export function bucketTarget(options: BucketTargetOptions): Target {
  const caller = serviceCaller(s3ClientLoader(options), classify, isRefusedKey);
  const { dialect, endpoint, trust, requestHeaders } = options;
  const isSafe = !endpoint?.startsWith('http:') && trust.verify;
  const uploads = new KnownUploads({ dialect, isSafe }, locksObjects(requestHeaders));
  return new KeyTarget(options, { caller, uploads, restores: { isAsked: dialect.asksForChecksums } });
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

  findCredentials(signal: AbortSignal): Promise<CredentialFacts> {
    const { env, region, endpoint, dialect } = this.#options;
    const service = dialect.hasAwsCredentials
      ? identityService(env, region, endpoint)
      : { region, url: null };
    return findCredentials(this.#bucket.caller, this.#operation('FindCredentials'), service, signal);
  }

  serviceTimeMs(signal: AbortSignal): Promise<number | null> {
    const input = { Bucket: this.#options.bucket };
    return timeOfAnswer(() =>
      this.#bucket.caller.call(this.#operation('HeadBucket'), signal, (client, send, sdk) =>
        withAnswerTime(new sdk.HeadBucketCommand(input), (command) => client.send(command, send)),
      ),
    );
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
      // Credentials that may only write are refused here, and an empty response does not show the reason.
      const isUnclear = isFailure(error, 'refused') && error.service !== null;
      if (!isUnclear || error.facts.why === 'wrong-region') throw error;
    }
    return { url, region, endpoint, account: null };
  }

  async createUpload(request: CreateUploadRequest, signal: AbortSignal): Promise<CreatedUpload> {
    const { dialect, url } = this.#options;
    const options = request.object ?? { storageClass: null, noOverwrite: false };
    if (options.noOverwrite && (await headIfAllowed(this.#check(null), signal)) !== null)
      throw existsFailure(url);
    const storageClass = options.storageClass ?? dialect.defaultStorageClass;
    const object: ObjectUpload = { ...options, storageClass, ownId: randomUUID() };
    const operation = this.#operation('CreateMultipartUpload');
    const create = (checksum: UploadChecksum | null) => {
      const input = createInput(this.#options, options, object, checksum);
      return this.#bucket.caller.call(operation, signal, (client, send, sdk) =>
        client.send(new sdk.CreateMultipartUploadCommand(input), send),
      );
    };
    const response = await createWithFirst(this.#bucket.uploads.asked, create).catch((error: unknown) => {
      throw withContext(error, givenOptions(this.#options, options));
    });
    const uploadId = readId(response.UploadId, operation, 'upload id');
    this.#bucket.uploads.created(uploadId, response, request.plan.partSizeBytes);
    return { uploadId, object };
  }

  async sendPart(
    uploadId: string,
    part: PreparedPart,
    signal: AbortSignal,
    watch: PartWatch = () => false,
  ): Promise<PartReceipt> {
    signal.throwIfAborted();
    const { dialect } = this.#options;
    const { caller, uploads } = this.#bucket;
    const upload = await this.#propertiesOf(uploadId, signal);
    const send = (properties: UploadProperties, guard: PartGuard): Promise<PartReceipt> => {
      return uploads.requiredMd5.send(part, uploads.needsMd5(properties), (md5) => {
        const request = { ...this.#address, uploadId, guard, md5, isEtagMd5: dialect.sendsMd5 };
        return sendPart(caller, request, part, { signal, watch });
      });
    };
    return sendGuarded(uploads, { uploadId, upload }, send);
  }

  partHashes(uploadId: string | null): readonly PartHash[] {
    return this.#bucket.uploads.partHashes(uploadId);
  }

  async putObject(
    part: PreparedPart,
    options: ObjectOptions,
    signal: AbortSignal,
    watch: PartWatch = () => false,
  ): Promise<FinishedArchive> {
    const { dialect, url, object } = this.#options;
    const ownId = randomUUID();
    const input = objectInput(this.#options, options, ownId);
    const made = { ...this.#address, input, ownId, isEtagMd5: dialect.sendsMd5 };
    const facts = await putObject(this.#bucket, made, part, { signal, watch }).catch((error: unknown) => {
      throw withContext(error, givenOptions(this.#options, options));
    });
    const storageClass = options.storageClass ?? dialect.defaultStorageClass;
    const archive = { archiveId: url, location: null, treeHash: null, object: { ...facts, storageClass } };
    return this.#withTagRemark(archive, object.tagging, signal);
  }

  async listPartsPage(uploadId: string, page: PartsRequest, signal: AbortSignal): Promise<PartsPage> {
    const { uploads } = this.#bucket;
    const recordedPartSizeBytes = page.partSizeBytes ?? uploads.get(uploadId)?.partSizeBytes ?? null;
    if (recordedPartSizeBytes === null && page.marker !== null) await this.#readProperties(uploadId, signal);
    // With two parts the page shows that the first part is not the last, so its size is the part size.
    const limit =
      page.limit !== null && recordedPartSizeBytes === null ? Math.max(2, page.limit) : page.limit;
    const operation = this.#operation('ListParts', uploadId);
    const input = {
      ...this.#object,
      UploadId: uploadId,
      ...(limit !== null && { MaxParts: limit }),
      ...(page.marker !== null && { PartNumberMarker: page.marker }),
    };
    const response = await this.#bucket.caller.call(operation, signal, (client, send, sdk) =>
      client.send(new sdk.ListPartsCommand(input), send),
    );
    const listed = parseParts(response, operation);
    const partSizeBytes =
      recordedPartSizeBytes ?? uploads.get(uploadId)?.partSizeBytes ?? partSizeShown(listed);
    uploads.listed(uploadId, response, partSizeBytes);
    const { parts, marker } = cutPage(listed, page.limit);
    const remoteParts = parts.map((part) => remotePart(part, partSizeBytes ?? 0));
    return { partSizeBytes, description: null, createdAt: null, parts: remoteParts, marker };
  }

  async complete(uploadId: string, whole: Completion, signal: AbortSignal): Promise<FinishedArchive> {
    // An upload that no longer exists reports nothing; completeObject then checks the object itself.
    const upload = await this.#propertiesOf(uploadId, signal).catch((error: unknown) => {
      if (isFailure(error, 'not-found')) return this.#bucket.uploads.guess();
      throw error;
    });
    const isKnown = upload.isGuess !== true || upload.checksum === null;
    const check = this.#check(isKnown ? upload.checksum : recordedChecksum(whole.parts.values()));
    const archive = await completeObject({ ...check, uploadId, whole }, signal);
    return this.#withTagRemark(archive, this.#options.object.tagging, signal);
  }

  async findArchive(
    { uploadId, object, ...sizes }: OwnUpload,
    readParts: () => Promise<ReadonlyMap<number, RecordedPart>>,
    signal: AbortSignal,
  ): Promise<FinishedArchive | null> {
    const { checksum } = this.#bucket.uploads.get(uploadId) ?? this.#bucket.uploads.guess();
    const check = this.#check(checksum);
    const seen = await headIfAllowed(check, signal);
    const isOurs = seen !== null && object.ownId !== null && seen.ownId === object.ownId;
    if (!isOurs || seen.sizeBytes !== sizes.sizeBytes) return null;
    const parts = [...(await readParts())].sort(([a], [b]) => a - b).map(([, part]) => part);
    const sent = { parts, ...sizes };
    const { result } = await compareExisting(check, seen, sent, signal);
    if (result !== 'same') return null;
    return finishedArchive(check, { whole: { object }, sent }, { seen, response: null });
  }

  lookAt(entry: CatalogueEntry, signal: AbortSignal): Promise<ArchiveLook> {
    return lookAtObject(this.#check(null), entry, signal);
  }

  async abort(uploadId: string, signal: AbortSignal): Promise<AbortResponse> {
    const operation = this.#operation('AbortMultipartUpload', uploadId);
    const input = { ...this.#object, UploadId: uploadId };
    const { $metadata } = await this.#bucket.caller.call(operation, signal, (client, send, sdk) =>
      client.send(new sdk.AbortMultipartUploadCommand(input), send),
    );
    const { httpStatusCode, requestId = null, extendedRequestId: hostId = null } = $metadata;
    // Any other 2xx response (a proxy's page, for example) aborted nothing.
    if (httpStatusCode !== 204)
      throw incompleteResponse(operation, `status 204 (its status is ${httpStatusCode})`);
    return { httpStatus: 204, requestId, hostId };
  }

  async listUploadsPage(wanted: PageRequest, signal: AbortSignal): Promise<UploadsPage> {
    const { bucket, key, dialect } = this.#options;
    const operation = this.#operation('ListMultipartUploads');
    const input = {
      Bucket: bucket,
      ...(key !== '' && { Prefix: key }),
      ...(wanted.limit !== null && { MaxUploads: wanted.limit }),
      ...decodeMarker(wanted.marker),
    };
    const { answer, answeredMs } = await this.#bucket.caller.call(operation, signal, (client, send, sdk) =>
      withAnswerTime(new sdk.ListMultipartUploadsCommand(input), (command) => client.send(command, send)),
    );
    const isMany = key === '' || key.endsWith('/');
    const page = parseUploads(answer, operation, dialect, (listed) => isMany || listed === key);
    return { ...page, answeredMs };
  }

  /** A bucket can always be listed. */
  async openArchiveList(): Promise<ArchiveList> {
    return { state: 'ready', takenAt: null, marker: null };
  }

  listArchivesPage(marker: string | null, signal: AbortSignal): Promise<ArchivesPage> {
    const { dialect, url } = this.#options;
    const { caller, restores } = this.#bucket;
    const operation = this.#operation('ListObjects');
    return listObjectsPage({ caller, operation, dialect, url, restores }, marker, signal);
  }

  async close(): Promise<void> {
    await this.#bucket.caller.close();
  }

  #operation(name: string, uploadId: string | null = null): Operation {
    return { name, ...this.#address, uploadId, sent: null };
  }

  #check(checksum: UploadChecksum | null): ObjectCheck {
    const { dialect, url, endpointForState } = this.#options;
    // A store at an endpoint of its own may compute ETags in its own way.
    const hasKnownEtags = dialect.documentsEtags || endpointForState === null;
    const { caller } = this.#bucket;
    return { caller, dialect, address: this.#address, url, checksum, hasKnownEtags };
  }

  async #withTagRemark(
    archive: FinishedArchive,
    tagging: string | null,
    signal: AbortSignal,
  ): Promise<FinishedArchive> {
    const remark = tagging === null ? null : await compareTags(this.#check(null), tagging, signal);
    return remark === null ? archive : { ...archive, remarks: [...(archive.remarks ?? []), remark] };
  }

  async #propertiesOf(uploadId: string, signal: AbortSignal): Promise<UploadProperties> {
    const known = this.#bucket.uploads.get(uploadId);
    if (!this.#options.dialect.asksForChecksums) return known ?? { checksum: null, partSizeBytes: null };
    const upload = known ?? (await this.#readProperties(uploadId, signal));
    if (upload.foreignAlgorithm != null) throw foreignChecksums(upload.foreignAlgorithm);
    return upload;
  }

  async #readProperties(uploadId: string, signal: AbortSignal): Promise<UploadProperties> {
    const { uploads } = this.#bucket;
    try {
      await this.listPartsPage(uploadId, { limit: null, marker: null }, signal);
    } catch (error) {
      if (!isDenied(error)) throw error;
      // These credentials may not list. A store without checksums ignores those that calve sends.
      return uploads.set(uploadId, uploads.guess());
    }
    return uploads.get(uploadId) as UploadProperties;
  }
}
