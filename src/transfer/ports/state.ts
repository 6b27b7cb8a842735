/** The ports to what calve keeps on disk: journals, locks and the catalogue. Adapters in `state` implement them. */

import type { Crc32 } from '../../core/crc32.js';
import type { Fingerprint } from '../../core/fingerprint.js';
import type { TargetConnection, UploadIdentity } from '../../core/identity.js';
import type { PartPlan } from '../../core/part-plan.js';
import type { LinearHash, TreeHash } from '../../core/tree-hash.js';
import type { ObjectFacts, ObjectUpload, WholeArchive } from './target.js';

/** The first record of a journal: on disk, synced, before the first part is sent. */
export interface JournalHead {
  readonly uploadId: string;
  readonly identity: UploadIdentity;
  readonly connection: TargetConnection;
  readonly plan: PartPlan;
  readonly description: string;
  readonly fingerprint: Fingerprint;
  /** ISO-8601 UTC with milliseconds. */
  readonly startedAt: string;
  readonly object?: ObjectUpload;
}

/** The journal's record of a part that the service holds. */
export interface RecordedPart {
  readonly treeHash: TreeHash;
  /** Null if no request needed it. */
  readonly linearHash: LinearHash | null;
  /** Absent if no request needed it. */
  readonly crc32?: Crc32;
  /** As the service gave it, without its quotes; absent where it gives none. */
  readonly etag?: string;
}

/** The head of an unfinished upload and where its journal is. */
export interface UnfinishedHead {
  readonly head: JournalHead;
  /** The journal's own file, for messages. */
  readonly journalPath: string;
}

/** The checksums of an archive, or its sizes, that are not the same. As text, because each service has its own. */
export interface ArchiveMismatch {
  readonly expected: string;
  readonly got: string;
}

/** One unfinished upload as the state folder knows it: a reading, not a live view. */
export interface UnfinishedUpload extends UnfinishedHead {
  /** The newest fingerprint that was recorded (the head's, unless `recordFingerprint` came later). */
  readonly fingerprint: Fingerprint;
  /** By part index. */
  readonly parts: ReadonlyMap<number, RecordedPart>;
  /** Set once complete is about to be sent, and not withdrawn since. */
  readonly completing: WholeArchive | null;
  /** Set when the service made an archive of other bytes than were sent: no later run may take it for a success. */
  readonly mismatch: ArchiveMismatch | null;
  /**
   * True when every part that was ever recorded is among `parts`: no line is damaged, and the machine has not been
   * restarted since (part lines are not synced, so a power cut may take the last ones). A part that is not recorded was
   * then at most in flight.
   */
  readonly hasAllRecords: boolean;
  /** Lines that could not be read, a torn tail included. Their parts are unknown. */
  readonly damagedLines: number;
  /** True when a damaged line may have been a `completing` record, so that it must not be assumed absent. */
  readonly completingUncertain: boolean;
  /** ISO-8601 UTC: the journal file's last change. */
  readonly lastActivityAt: string;
}

/** A journal open for appending. All methods throw TransferError `state` (`not-writable`) when the disk refuses. */
export interface Journal {
  /** The journal's present content, everything that was appended included. */
  readonly upload: UnfinishedUpload;
  /** Appends a part that the service holds. Not synced: the service's own list covers the last ones. */
  recordPart(index: number, part: RecordedPart): Promise<void>;
  /** Appends that the service's list was compared, so that no record is missing any more. Not synced. */
  recordListed(): Promise<void>;
  /** Appends that the file's bytes were compared again and are the same under this new fingerprint. Synced. */
  recordFingerprint(fingerprint: Fingerprint): Promise<void>;
  /** Synced before complete is sent. */
  recordCompleting(whole: WholeArchive): Promise<void>;
  /** Appends that the service refused to complete, so that the upload is open again. Synced. */
  recordReopened(): Promise<void>;
  /** Appends that the archive is not what was sent. Synced. */
  recordMismatch(mismatch: ArchiveMismatch): Promise<void>;
  /** Removes the journal of an upload that is over, and syncs the folder. */
  remove(): Promise<void>;
  /** Ends appending; the journal stays. Idempotent. Never fails: what must be on disk was synced. */
  close(): Promise<void>;
}

/** Held until released, or until this process dies. */
export interface Lock {
  /** Aborted, with `busy` as its reason, as soon as a refresh finds that the lock is no longer ours. */
  readonly lost: AbortSignal;
  /** @throws TransferError `busy` when the lock is no longer ours (a clock jump, a takeover by another calve) */
  assertHeld(): Promise<void>;
  /** Never fails. */
  release(): Promise<void>;
}

/** Another calve that holds a lock. */
export interface LockHolder {
  /** The file's path or the upload's id. */
  readonly what: string;
  /** Its name for people: host and process id. */
  readonly holder: string;
  readonly sinceMs: number | null;
}

export interface LockOptions {
  /** The time to wait for another's lock; 0: do not wait. */
  readonly waitMs: number;
  readonly signal: AbortSignal;
  /** Called once when the wait for another's lock begins. */
  readonly onWait?: (holder: LockHolder) => void;
}

/** An upload whose lock is held. */
export interface LockedUpload {
  readonly lock: Lock;
  /** Null when the state folder knows no such upload. */
  readonly journal: Journal | null;
  /** Closes the journal and releases the lock. Idempotent. Never fails. */
  close(): Promise<void>;
}

/** The state folder. @throws TransferError `state` from any method: damaged, not-writable, system, foreign, newer, older */
export interface StateStore {
  /** For messages. */
  readonly directory: string;
  /** Writes, syncs and removes a file, so that a full or read-only disk shows before the night. */
  proveWritable(): Promise<void>;
  /** Taken before an upload is created. @throws TransferError `busy` */
  lockIdentity(identity: UploadIdentity, options: LockOptions): Promise<Lock>;
  /**
   * Takes the lock of an upload and opens its journal, if there is one. Taken as soon as an upload id is known; by abort
   * too.
   * @throws TransferError `busy`
   */
  openUpload(uploadId: string, options: LockOptions): Promise<LockedUpload>;
  /**
   * Looks who holds the lock of an identity, or that of an upload. Takes no lock and writes nothing.
   * @param uploadId null: only the identity
   */
  findHolder(identity: UploadIdentity, uploadId: string | null): Promise<LockHolder | null>;
  /** Returns the unfinished uploads of this identity, the newest first. */
  findByIdentity(identity: UploadIdentity): Promise<UnfinishedUpload[]>;
  /** Returns all unfinished uploads, the oldest first. A damaged journal is not silently left out: it throws. */
  all(): Promise<UnfinishedUpload[]>;
  /** Returns the heads of all unfinished uploads, the oldest first, without reading their parts. */
  heads(): Promise<UnfinishedHead[]>;
  /**
   * Reads the journal of an upload that was listed, once no other calve works on it. Keeps no lock.
   * @returns null when the upload is over
   * @throws TransferError `busy`
   */
  readFree(upload: UnfinishedHead, options: LockOptions): Promise<UnfinishedUpload | null>;
  /** Writes a new journal's head: temporary file, sync, rename, folder synced. */
  create(head: JournalHead): Promise<Journal>;
}

/** One archive that was made. */
export interface CatalogueEntry {
  readonly archiveId: string;
  readonly location: string | null;
  /** Null for an object that a single request made, without an upload. */
  readonly uploadId: string | null;
  readonly identity: UploadIdentity;
  readonly description: string;
  readonly plan: PartPlan;
  /** Null for an object that `audit` found on the service: only its bytes would show it. */
  readonly treeHash: TreeHash | null;
  readonly fingerprint: Fingerprint;
  /** ISO-8601 UTC with milliseconds. */
  readonly archivedAt: string;
  readonly object?: ObjectFacts;
}

/** The entries that are wanted (default: all), and how they are sorted. */
export interface EntryOrder {
  /** Returns what entries are compared by: always a number, or always a text. */
  readonly keyOf: (entry: CatalogueEntry) => number | string;
  readonly isReversed?: boolean;
  readonly isWanted?: (entry: CatalogueEntry) => boolean;
}

/** The archives that were made: one file each. @throws TransferError `state` from any method */
export interface Catalogue {
  readonly directory: string;
  /**
   * Returns the entries of this identity, the newest first. It lists a 256th of the names, so that it takes about a
   * millisecond beside hundreds of thousands of other entries.
   */
  findByIdentity(identity: UploadIdentity): Promise<CatalogueEntry[]>;
  /** Returns the entries of this archive, without reading any other. */
  findByArchiveId(archiveId: string): Promise<CatalogueEntry[]>;
  /** Yields all entries in no order, and keeps none: a catalogue may have hundreds of thousands. */
  entries(): AsyncIterable<CatalogueEntry>;
  /**
   * Yields the entries that are wanted (default: all), the oldest first. Reads each file twice instead of keeping the
   * entries, and yields none before all were read without a failure.
   */
  oldestFirst(isWanted?: (entry: CatalogueEntry) => boolean): AsyncIterable<CatalogueEntry>;
  /** Works like oldestFirst, in another order. Keeps the key of each entry that is wanted. */
  inOrder(order: EntryOrder): AsyncIterable<CatalogueEntry>;
  /** Writes, syncs and removes a file, so that a full or read-only disk shows before a byte is sent. */
  proveWritable(): Promise<void>;
  /** Writes an entry. It is on disk, synced, when this returns. The same archive again replaces its entry. */
  record(entry: CatalogueEntry): Promise<void>;
  /**
   * Writes many entries in less time. An entry that the catalogue has already stays, unless the new one is younger: an
   * object may have been replaced. All are on disk, synced, when this returns.
   * @returns the number of entries that were written
   */
  recordAll(entries: readonly CatalogueEntry[]): Promise<number>;
  /** Removes the entry of this archive id. @returns false when there was none */
  forget(archiveId: string): Promise<boolean>;
}
