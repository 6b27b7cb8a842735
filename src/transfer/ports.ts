/**
 * What the use cases need from the outside: the ports. Adapters in targets, source, state and ui implement them and
 * never import each other.
 */
import type { Fingerprint, Sameness } from '../core/fingerprint.js';
import type { PartLimits, PartPlan, PartRange } from '../core/part-plan.js';
import type { LinearHash, TreeHash } from '../core/tree-hash.js';
import type { TransferEvent } from './events.js';

// ---------------------------------------------------------------------------------------------------- the service

/** Where archives go: one vault, or one object of a bucket, of one account, region and endpoint. */
export interface TargetIdentity {
  /** One spelling: `glacier://photos`, `s3://bucket/key`. */
  readonly url: string;
  readonly region: string | null;
  /** A given endpoint (for `local://` the data folder), null for the service's own. */
  readonly endpoint: string | null;
  /** Account number as the service gave it; null where it would not say (no right to describe the vault; buckets). */
  readonly account: string | null;
}

/** What an object is to be, where the target makes objects. */
export interface ObjectOptions {
  /** By the target's own name; null: the target's default. */
  readonly storageClass: string | null;
  /** Whether an object that is there already must stay. */
  readonly noOverwrite: boolean;
}

/** What an object's upload was begun with. */
export interface ObjectUpload extends ObjectOptions {
  /** Our own id of the upload, in the object's metadata: tells our object from a stranger's. Null when adopted. */
  readonly ownId: string | null;
}

/** What became of an object's upload. */
export interface ObjectFacts {
  readonly etag: string | null;
  readonly versionId: string | null;
  readonly storageClass: string | null;
}

/** What a service is told when an upload begins. */
export interface CreateUploadRequest {
  readonly plan: Pick<PartPlan, 'partSizeBytes'>;
  readonly description: string;
  readonly object?: ObjectOptions;
}

export interface PlannedUploadRequest extends CreateUploadRequest {
  readonly plan: PartPlan;
}

export interface CreatedUpload {
  readonly uploadId: string;
  readonly object?: ObjectUpload;
}

/** What a part that arrived is known by. `etag` is null where the service has none. */
export interface PartReceipt {
  readonly treeHash: TreeHash;
  /** As the service gave it, without its quotes. */
  readonly etag: string | null;
}

/**
 * A part that the service says it holds. `endByte` is inclusive; ranges are as the service gave them. Of its hashes
 * each service knows its own: vaults the tree hash, S3 the plain SHA-256 (where it was asked to) and an ETag, which is
 * the MD5 unless the service encrypts.
 */
export interface RemotePart {
  readonly startByte: number;
  readonly endByte: number;
  readonly treeHash: TreeHash | null;
  readonly etag: string | null;
  readonly linearHash?: LinearHash | null;
  /** ISO-8601 UTC: when it arrived. */
  readonly modifiedAt?: string | null;
}

export interface PartsRequest extends PageRequest {
  /** What our own journal says, for services that don't tell the size of an upload's parts. */
  readonly partSizeBytes?: number;
}

export interface PartsPage {
  /** Null where the service does not tell and no part shows it. */
  readonly partSizeBytes: number | null;
  readonly description: string | null;
  readonly createdAt: string | null;
  readonly parts: readonly RemotePart[];
  readonly marker: string | null;
}

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
  readonly marker: string | null;
}

export interface FinishedArchive {
  readonly archiveId: string;
  readonly location: string | null;
  /** The service's own hash of the whole, where it gives one. */
  readonly treeHash: TreeHash | null;
  readonly object?: ObjectFacts;
}

export interface AbortAnswer {
  readonly httpStatus: number | null;
  readonly requestId: string | null;
  readonly hostId: string | null;
}

export interface PageRequest {
  /** Entries wanted on the page; null for the service's own default. */
  readonly limit: number | null;
  readonly marker: string | null;
}

/** What is particular to a kind of service, known without asking it. */
interface TargetCapabilities {
  readonly container: 'vault' | 'bucket';
  /** Whether the service says whose account it is (a bucket's name is enough). */
  readonly tellsAccount: boolean;
  /** Whether what was sent is kept, and billed, until the upload is completed or aborted. */
  readonly billsParts: boolean;
  /** Whether a part in flight may still arrive after an abort, so that abort has to look again. */
  readonly partsOutliveAbort: boolean;
}

/**
 * Told at each tenth of a part's time how many of its bytes have left, where that is known.
 * @returns whether the part is to be ended: it gives way to others
 */
export type PartWatch = (sentBytes: number) => boolean;

/**
 * A service that takes an archive in parts. A method is one request (those of objects may look at the object, too);
 * none retries (withRetry wraps them all with
 * the same face). Every method may throw TransferError `unreachable` (transient) and `refused`; all obey the signal
 * by rejecting with its reason.
 */
export interface Target {
  readonly limits: PartLimits;
  /** How long the service keeps an idle upload, in ms; null: until aborted. */
  readonly idleExpiryMs: number | null;
  /** How long a part may take from its signature to its last byte, in ms; null: as long as it likes. */
  readonly partTimeMs: number | null;
  readonly capabilities: TargetCapabilities;

  /**
   * The same service and bucket with another key, on the same connections; a vault, which has no keys, is itself.
   * Closed with the target that it came from.
   */
  at(key: string | null): Target;

  /**
   * Learns the account behind the credentials, and that the vault is there. Idempotent.
   * @param create makes a missing vault where the target allows that (local:// alone)
   * @throws TransferError `not-found` for a missing vault or bucket
   */
  locate(create: boolean, signal: AbortSignal): Promise<TargetIdentity>;

  /**
   * Begins an upload. Not idempotent: a repeat after a lost answer leaves an orphan that holds no parts.
   * @throws TransferError `exists` where an object is there that must stay
   */
  createUpload(request: CreateUploadRequest, signal: AbortSignal): Promise<CreatedUpload>;

  /**
   * Sends one part; the same part again replaces it. The receipt's hash is the service's, and has been compared.
   * @throws TransferError `not-found` (upload), `checksum` (retryClass `corrupt`) when the service's hash is not ours,
   * `too-slow` when it did not arrive within `partTimeMs`, or within the time that the service turned out to give, or
   * `watch` ended it
   */
  sendPart(
    uploadId: string,
    part: PreparedPart,
    signal: AbortSignal,
    watch?: PartWatch,
  ): Promise<PartReceipt>;

  /** One page of what the service holds. @throws TransferError `not-found` (upload) */
  listPartsPage(uploadId: string, page: PartsRequest, signal: AbortSignal): Promise<PartsPage>;

  /**
   * Makes the archive of all parts. A repeat soon after gives the same archive; of an object, ever after, by our own
   * id in its metadata.
   * @throws TransferError `not-found` (upload); `checksum` when the service's parts don't make this size and hash:
   * the upload is then still open; `exists` where an object is there that must stay
   */
  complete(uploadId: string, whole: Completion, signal: AbortSignal): Promise<FinishedArchive>;

  /**
   * Whether the service still has what the catalogue knows. A vault is not asked: its inventory takes hours.
   * @throws TransferError `refused` where these credentials may not look
   */
  exists(entry: CatalogueEntry, signal: AbortSignal): Promise<boolean>;

  /** Drops an upload and what it holds. @throws TransferError `not-found` (upload) */
  abort(uploadId: string, signal: AbortSignal): Promise<AbortAnswer>;

  /** One page of the uploads in progress. @throws TransferError `not-found` (vault) */
  listUploadsPage(page: PageRequest, signal: AbortSignal): Promise<UploadsPage>;

  /** Ends connections (and the embedded emulator). The target is not used afterwards. */
  close(): Promise<void>;
}

export interface WholeArchive {
  readonly sizeBytes: number;
  readonly treeHash: TreeHash;
}

/** All that a service may want to hear to complete: a vault counts, an object's store is given each part's name. */
export interface Completion extends WholeArchive {
  /** Our parts by index: all of them, as the journal recorded them. */
  readonly parts: ReadonlyMap<number, RecordedPart>;
  readonly object?: ObjectUpload;
}

// ----------------------------------------------------------------------------------------------------- the source

/** A part that was read and hashed: ready to be sent, as often as need be. */
export interface PreparedPart {
  readonly range: PartRange;
  readonly linearHash: LinearHash;
  readonly treeHash: TreeHash;
  /** The part's bytes, anew for each attempt: in memory, or a stream of exactly `range.sizeBytes`. */
  body(): Uint8Array | NodeJS.ReadableStream;
  /** 32 lower-case hex digits. Computed when it is first asked for, unless the source was opened to know it. */
  md5(): Promise<string>;
  /** Gives the memory back. The part is not used afterwards. Idempotent. */
  release(): void;
}

/** An open file. All its methods read the file as it was opened; none changes it. */
export interface Source {
  /** Real path, links resolved. */
  readonly path: string;
  readonly baseName: string;
  /** As it was when opened. */
  readonly fingerprint: Fingerprint;
  readonly mtimeMs: number;
  /** So many parts will be asked for: what takes time to get ready (threads) does so beside what the caller does till then. */
  expectParts(parts: number): void;
  /**
   * Reads and hashes one part in a hashing thread. Waits while all buffers are out: the bound of the pipeline.
   * @param known hashes that a journal vouches for, so that the part is only read: the service refuses it if they are
   * not its bytes'
   * @throws TransferError `source` when the file is shorter than it was, or cannot be read
   */
  prepare(
    range: PartRange,
    partSizeBytes: number,
    signal: AbortSignal,
    known?: RecordedPart,
  ): Promise<PreparedPart>;
  /** The tree hash of the whole file, read anew. @throws TransferError `source` */
  treeHash(signal: AbortSignal): Promise<TreeHash>;
  /**
   * How the file at `path` compares now with `fingerprint`, by path and by the open descriptor both.
   * A file that is gone is `changed`.
   */
  compareNow(): Promise<Sameness>;
  /** Ends threads' work on this file and closes it. Idempotent. */
  close(): Promise<void>;
}

/** Stands where a path would, of what was read from a stream. */
export const STANDARD_INPUT = '-';

/** Bytes that come once, in order: standard input, or what a command prints. */
export interface ByteStream {
  readonly bytes: AsyncIterable<Uint8Array>;
  /**
   * Once the bytes have ended: waits for whoever wrote them.
   * @throws TransferError `source` (`command`, `no-command`) when it did not end well: what came is then not the whole
   */
  confirmEnd(signal: AbortSignal): Promise<void>;
  /** Ends the reading, and whoever writes. Idempotent. */
  close(): Promise<void>;
}

/** A part whose bytes are here. */
export interface FilledPart {
  /** 0 only where the stream was empty. */
  readonly sizeBytes: number;
  /** Hashes it in a hashing thread. To be called once; it is released by then if this rejects. */
  prepare(range: PartRange, signal: AbortSignal): Promise<PreparedPart>;
  /** Of one that is not prepared: gives its memory back. Idempotent. */
  release(): void;
}

/** A stream cut into parts. */
export interface StreamSource {
  /**
   * Reads on until a part is full or the stream ends; one call at a time. The signal ends the stream. Waits while all buffers are out: the bound
   * of the pipeline. The first part may be empty, no other.
   * @returns null when the stream has ended
   * @throws TransferError `source` (`unreadable`); `state` (`not-writable`) where a large part can't be kept meanwhile
   */
  next(signal: AbortSignal): Promise<FilledPart | null>;
  /** See ByteStream. */
  confirmEnd(signal: AbortSignal): Promise<void>;
  /** Ends threads' work on it, and the stream. Idempotent. */
  close(): Promise<void>;
}

export type OpenStream = (stream: ByteStream, partSizeBytes: number) => Promise<StreamSource>;

/** @throws TransferError `source`: missing, unreadable, not a regular file */
export type OpenSource = (path: string) => Promise<Source>;

// ------------------------------------------------------------------------------------------------------ the state

/** What makes two uploads the same one: this file to this place. */
export interface UploadIdentity {
  /** Real path, links resolved. */
  readonly file: string;
  readonly place: TargetIdentity;
}

/** What a resume needs to find the service again. Never credentials. */
export interface TargetConnection {
  readonly url: string;
  readonly region: string | null;
  readonly endpoint: string | null;
  readonly accountId: string;
  readonly profile: string | null;
  /** The data folder of `local://`, else null. */
  readonly localDir: string | null;
  /** Whether the bucket's name goes into the path instead of the host. Absent where there are no buckets. */
  readonly pathStyle?: boolean;
}

/** The first record of a journal: on disk, synced, before the first part is sent. */
export interface JournalHead {
  readonly uploadId: string;
  readonly identity: UploadIdentity;
  readonly recipe: TargetConnection;
  readonly plan: PartPlan;
  readonly description: string;
  readonly fingerprint: Fingerprint;
  /** ISO-8601 UTC with milliseconds. */
  readonly startedAt: string;
  readonly object?: ObjectUpload;
}

export interface RecordedPart {
  readonly treeHash: TreeHash;
  readonly linearHash: LinearHash | null;
  /** As the service gave it, without its quotes; absent where it gives none. */
  readonly etag?: string;
}

/** One unfinished upload as the state folder knows it: a reading, not a live view. */
export interface UnfinishedUpload {
  readonly head: JournalHead;
  /** The newest fingerprint that was recorded (the head's, unless `recordFingerprint` came later). */
  readonly fingerprint: Fingerprint;
  /** By part index. */
  readonly parts: ReadonlyMap<number, RecordedPart>;
  /** Set once complete was about to be sent, and not withdrawn since. */
  readonly completing: WholeArchive | null;
  /**
   * Whether every part that was ever recorded is among `parts`: no line is damaged, and the machine was not started
   * anew since (part lines are not synced, so a power cut may take the last ones). What is not recorded was then at
   * most in flight.
   */
  readonly isWhole: boolean;
  /** Lines that could not be read, a torn tail included; their parts are simply not known. */
  readonly damagedLines: number;
  /** Whether a damaged line may have been a `completing` record, so that none may be assumed absent. */
  readonly completingUncertain: boolean;
  /** ISO-8601 UTC: the journal file's last change. */
  readonly lastActivityAt: string;
  /** The journal's own file, for messages. */
  readonly journalPath: string;
}

/** A journal open for appending. All methods throw TransferError `state` (`not-writable`) when the disk refuses. */
export interface Journal {
  /** What the journal holds now, everything that was appended included. */
  readonly upload: UnfinishedUpload;
  /** Appends a part that the service holds. Not synced: the service's own list covers the last ones. */
  recordPart(index: number, part: RecordedPart): Promise<void>;
  /** Appends that the service's list was taken in, so that the records are whole again. Not synced. */
  recordListed(): Promise<void>;
  /** Appends that the file's bytes were compared again and found the same under this new fingerprint. Synced. */
  recordFingerprint(fingerprint: Fingerprint): Promise<void>;
  /** Synced before complete is sent. */
  recordCompleting(whole: WholeArchive): Promise<void>;
  /** The service refused to complete: the upload is open again. Synced. */
  recordReopened(): Promise<void>;
  /** The upload is over; its journal goes, and the folder is synced. */
  remove(): Promise<void>;
  /** Ends appending; the journal stays. Idempotent. */
  close(): Promise<void>;
}

/** Held until released, or until this process dies. */
export interface Lock {
  /** @throws TransferError `busy` when the lock is no longer ours (a clock jump, a foreign takeover) */
  assertHeld(): Promise<void>;
  release(): Promise<void>;
}

export interface LockOptions {
  /** How long to wait for another's lock; 0: not at all. */
  readonly waitMs: number;
  readonly signal: AbortSignal;
}

/** The state folder. @throws TransferError `state` from any method: damaged, not writable, foreign, newer */
export interface StateStore {
  /** For messages. */
  readonly directory: string;
  /** Taken before an upload is begun. @throws TransferError `busy` */
  lockIdentity(identity: UploadIdentity, options: LockOptions): Promise<Lock>;
  /** Taken as soon as an upload id is known; by abort too. @throws TransferError `busy` */
  lockUpload(uploadId: string, options: LockOptions): Promise<Lock>;
  /** Unfinished uploads of this identity, the newest first. */
  findByIdentity(identity: UploadIdentity): Promise<UnfinishedUpload[]>;
  /** The unfinished upload with this id, if the state folder knows it. */
  findByUploadId(uploadId: string): Promise<UnfinishedUpload | null>;
  /** All unfinished uploads, the oldest first. A damaged journal is not silently left out: it throws. */
  all(): Promise<UnfinishedUpload[]>;
  /** Writes a new journal's head: temporary file, sync, rename, folder synced. */
  create(head: JournalHead): Promise<Journal>;
  /** Reopens a journal for appending (a torn tail is ended first). */
  reopen(upload: UnfinishedUpload): Promise<Journal>;
}

// -------------------------------------------------------------------------------------------------- the catalogue

export interface CatalogueEntry {
  readonly archiveId: string;
  readonly location: string | null;
  readonly uploadId: string;
  readonly identity: UploadIdentity;
  readonly description: string;
  readonly plan: PartPlan;
  readonly treeHash: TreeHash;
  readonly fingerprint: Fingerprint;
  /** ISO-8601 UTC with milliseconds. */
  readonly archivedAt: string;
  readonly object?: ObjectFacts;
}

/** The archives that were made: one file each. @throws TransferError `state` from any method */
export interface Catalogue {
  readonly directory: string;
  /** Entries of this identity, the newest first. */
  findByIdentity(identity: UploadIdentity): Promise<CatalogueEntry[]>;
  /** All entries, the oldest first. */
  all(): Promise<CatalogueEntry[]>;
  /** Writes, syncs and removes a file, so that a full or read-only disk shows before a byte was sent. */
  proveWritable(): Promise<void>;
  /** On disk, synced, when it returns. The same archive again replaces its entry. */
  record(entry: CatalogueEntry): Promise<void>;
  /** Drops the entry of this archive id. @returns whether there was one */
  forget(archiveId: string): Promise<boolean>;
}

// --------------------------------------------------------------------------------------------------------- others

/** Time and chance, so that tests can hold them. */
export interface Clock {
  nowMs(): number;
  /** Resolves after `ms`, rejects with the signal's reason as soon as it is aborted. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
  /** Uniform in [0, 1). */
  random(): number;
}

export type Report = (event: TransferEvent) => void;
