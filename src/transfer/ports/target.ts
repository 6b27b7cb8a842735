/** The port to a service that takes an archive in parts. Adapters in `targets` implement it. */

import type { Crc32 } from '../../core/crc32.js';
import type { TransferError } from '../../core/failures.js';
import type { TargetIdentity } from '../../core/identity.js';
import type { ObjectChecksum } from '../../core/object-checksum.js';
import type { PartLimits, PartPlan } from '../../core/part-plan.js';
import type { LinearHash, TreeHash } from '../../core/tree-hash.js';
import type { ArchiveLister } from './archive-list.js';
import type { ObjectPutter } from './put-object.js';
import type { PartHash, PreparedPart } from './source.js';
import type { RecordedPart } from './state.js';

/** The facts about a kind of service that are known without a request. */
export interface TargetCapabilities {
  /** True for buckets, whose objects have keys; false for vaults, whose archives get their ids from the service. */
  readonly storesObjects: boolean;
  readonly limits: PartLimits;
  /** The most entries on a page of a list. */
  readonly pageEntriesMax: number;
  /** The time for which the service keeps an idle upload, in ms; null: until somebody aborts it. */
  readonly idleExpiryMs: number | null;
  /** True when the service says whose account it is. A bucket's name is enough without it. */
  readonly reportsAccount: boolean;
  /** True when parts are kept, and billed, until the upload is completed or aborted. */
  readonly billsParts: boolean;
  /** True when a part in flight may still arrive after an abort, so that abort has to look again. */
  readonly partsOutliveAbort: boolean;
  /** True when a single request can make an object, which a repetition of it replaces by the same one. */
  readonly putsObjects: boolean;
}

/** The user's options for an object. */
export interface ObjectOptions {
  /** By the target's own name; null: the target's default. */
  readonly storageClass: string | null;
  /** True when an object that exists already must stay. */
  readonly noOverwrite: boolean;
}

/** The options with which an object's upload was created. */
export interface ObjectUpload extends ObjectOptions {
  /** Our own id of the upload, in the object's metadata: it tells our object from another's. Null when adopted. */
  readonly ownId: string | null;
}

/** An upload of ours that no longer exists. */
export interface OwnUpload {
  readonly uploadId: string;
  readonly sizeBytes: number;
  readonly partSizeBytes: number;
  readonly object: ObjectUpload;
}

/** The service's facts about a finished object. */
export interface ObjectFacts {
  readonly etag: string | null;
  readonly versionId: string | null;
  readonly storageClass: string | null;
  /** Absent if its upload had none. */
  readonly checksum?: ObjectChecksum;
}

export interface CreateUploadRequest {
  readonly plan: Pick<PartPlan, 'partSizeBytes'>;
  readonly description: string;
  /** Set where the target stores objects. */
  readonly object?: ObjectOptions;
}

export interface CreatedUpload {
  readonly uploadId: string;
  readonly object?: ObjectUpload;
}

/** The hashes that identify a part that arrived. */
export interface PartReceipt {
  readonly treeHash: TreeHash;
  /** As the service gave it, without its quotes; null where the service has none. */
  readonly etag: string | null;
}

/**
 * A part that the service says it holds. `endByte` is inclusive; ranges are as the service gave them. Each service
 * lists its own hashes: vaults the tree hash, S3 the plain SHA-256 or the CRC-32 (if the upload was created with it) and
 * an ETag, which is the MD5 unless the service encrypts.
 */
export interface RemotePart {
  /** Given by services that number their parts. The range then follows from it and from the size of the parts. */
  readonly index?: number;
  readonly startByte: number;
  readonly endByte: number;
  readonly treeHash: TreeHash | null;
  readonly etag: string | null;
  readonly linearHash?: LinearHash | null;
  readonly crc32?: Crc32 | null;
  /** ISO-8601 UTC: when it arrived. */
  readonly modifiedAt?: string | null;
}

export interface PageRequest {
  /** Entries wanted on the page; null for the service's own default. */
  readonly limit: number | null;
  readonly marker: string | null;
}

export interface PartsRequest extends PageRequest {
  /** The size in our own journal, for services that do not report the size of an upload's parts. */
  readonly partSizeBytes?: number;
}

export interface PartsPage {
  /** Null where the service does not report it and no part shows it. */
  readonly partSizeBytes: number | null;
  readonly description: string | null;
  readonly createdAt: string | null;
  readonly parts: readonly RemotePart[];
  readonly marker: string | null;
}

/** An upload in progress, as the service lists it. */
export interface OpenUpload {
  readonly uploadId: string;
  readonly key: string | null;
  readonly description: string | null;
  readonly partSizeBytes: number | null;
  /** ISO-8601 UTC as the service gave it. */
  readonly createdAt: string;
  readonly vaultArn: string | null;
  readonly storageClass: string | null;
}

export interface UploadsPage {
  readonly uploads: readonly OpenUpload[];
  /** The number of uploads on the service's page that are of other keys, and left out. */
  readonly otherUploads?: number;
  readonly marker: string | null;
  /** The service's own time when it answered, in ms since 1970; null: its answer does not show it. */
  readonly answeredMs?: number | null;
}

export interface WholeArchive {
  readonly sizeBytes: number;
  readonly treeHash: TreeHash;
}

/** Facts about the credentials that sign the requests. None is secret. */
export interface CredentialFacts {
  readonly accessKeyId: string;
  /** The account that they belong to, as 12 digits; null: neither they nor the service say. */
  readonly account: string | null;
  /** The user or role that they belong to; null: not known. */
  readonly arn: string | null;
  /** ISO-8601 UTC; null: they do not expire, or do not say when. */
  readonly expiresAt: string | null;
}

/** The facts that complete an upload: a vault needs size and tree hash, a bucket the checksum of each part. */
export interface Completion extends WholeArchive {
  readonly partSizeBytes: number;
  /** All parts by index, as the journal recorded them. */
  readonly parts: ReadonlyMap<number, RecordedPart>;
  /** True if complete was sent so recently, without an answer, that the service may still work on it. */
  readonly mayBeUnderWay?: boolean;
  readonly object?: ObjectUpload;
}

/**
 * A fact that a user should know about an archive that was made. `looked-instead`: the store knows no conditions, so that
 * no object existed was seen just before, and is not guaranteed. `not-comparable`: the store gives neither a checksum nor
 * an ETag of the whole that can be compared. `tags-missing`, `tags-unchecked`: the object lacks the tags that were asked
 * for, or these credentials may not read them.
 */
export type ArchiveRemark = 'looked-instead' | 'not-comparable' | 'tags-missing' | 'tags-unchecked';

export interface FinishedArchive {
  readonly archiveId: string;
  readonly location: string | null;
  /** The service's own hash of the whole, where it gives one. */
  readonly treeHash: TreeHash | null;
  readonly object?: ObjectFacts;
  readonly remarks?: readonly ArchiveRemark[];
}

export interface AbortResponse {
  readonly httpStatus: number | null;
  readonly requestId: string | null;
  readonly hostId: string | null;
}

/** Returns the response of an abort whose upload no longer exists, which is the wanted result. */
export function alreadyAborted({ service }: TransferError<'not-found'>): AbortResponse {
  const { httpStatus = 404, requestId = null, hostId = null } = service ?? {};
  return { httpStatus, requestId, hostId };
}

/**
 * Called about once a second with the number of a part's bytes that were handed to the connection.
 * @returns true when the part must stop and give way to others
 */
export type PartWatch = (sentBytes: number) => boolean;

/**
 * A service that takes an archive in parts. A method is one request (those of objects may look at the object too).
 * None retries: the decorators do. Every method may throw TransferError `unreachable` (which can be tried again) and
 * `refused`; all obey the signal by rejecting with its reason.
 */
export interface Target extends ArchiveLister, ObjectPutter {
  readonly capabilities: TargetCapabilities;
  /** The time that a part may take from its signature to its last byte, in ms; null: no limit. */
  readonly partTimeMs: number | null;

  /**
   * Returns the same service and bucket with another key, on the same connections. A vault, which has no keys,
   * returns itself. Closed with the target that it came from.
   */
  at(key: string | null): Target;

  /**
   * Looks up the credentials, and finds out whose they are as far as that takes no rights.
   * @throws TransferError `refused` where there are none
   */
  findCredentials(signal: AbortSignal): Promise<CredentialFacts>;

  /**
   * Returns the service's own time in its answer to a request without effect, which may be a refusal: the end of the
   * second in which it answered, in ms since 1970; null: the answer has no date.
   */
  serviceTimeMs(signal: AbortSignal): Promise<number | null>;

  /**
   * Finds out the account behind the credentials, and that the vault exists. Idempotent.
   * @param create creates a missing vault where the target allows that (only `local://` does)
   * @throws TransferError `not-found` for a missing vault or bucket
   */
  locate(create: boolean, signal: AbortSignal): Promise<TargetIdentity>;

  /**
   * Creates an upload. Not idempotent: a repeat after a lost answer leaves an orphan that holds no parts.
   * @throws TransferError `exists` when an object exists already that must stay
   */
  createUpload(request: CreateUploadRequest, signal: AbortSignal): Promise<CreatedUpload>;

  /**
   * Returns the hashes that the requests of an upload's parts contain beside the tree hash, as far as that is known. Another
   * one is computed when a request turns out to need it. Sends no request.
   * @param uploadId null: those of putObject
   */
  partHashes(uploadId: string | null): readonly PartHash[];

  /**
   * Sends one part; the same part again replaces it. The receipt's hash is the service's, and was compared with ours.
   * @throws TransferError `not-found` (upload); `checksum` (retry class `corrupt`) when the service's hash is not ours;
   * `too-slow` when the part did not arrive within `partTimeMs`, or within the time that the service turned out to
   * give, or when `watch` stopped it
   */
  sendPart(
    uploadId: string,
    part: PreparedPart,
    signal: AbortSignal,
    watch?: PartWatch,
  ): Promise<PartReceipt>;

  /** Returns one page of the parts that the service holds. @throws TransferError `not-found` (upload) */
  listPartsPage(uploadId: string, page: PartsRequest, signal: AbortSignal): Promise<PartsPage>;

  /**
   * Makes the archive of all parts. A repeat soon after gives the same archive; of an object at any later time, by our
   * own id in its metadata.
   * @throws TransferError `not-found` (upload); `checksum` when the service's parts do not make this size and hash (the
   * upload then stays open); `exists` when an object exists already that must stay
   */
  complete(uploadId: string, whole: Completion, signal: AbortSignal): Promise<FinishedArchive>;

  /**
   * Returns the archive that somebody else made of our upload; null: none, or it cannot be shown to have these bytes.
   * A vault, which cannot be looked into, returns null.
   * @param readParts returns the hashes of all parts, for which it may read the file; called only for an object that
   * has our own id and the size
   */
  findArchive(
    upload: OwnUpload,
    readParts: () => Promise<ReadonlyMap<number, RecordedPart>>,
    signal: AbortSignal,
  ): Promise<FinishedArchive | null>;

  /** Aborts an upload and deletes its parts. @throws TransferError `not-found` (upload) */
  abort(uploadId: string, signal: AbortSignal): Promise<AbortResponse>;

  /** Returns one page of the uploads in progress. @throws TransferError `not-found` (vault) */
  listUploadsPage(page: PageRequest, signal: AbortSignal): Promise<UploadsPage>;

  /** Ends connections (and the embedded emulator). The target is not used afterwards. */
  close(): Promise<void>;
}
