/** The ports to what a fleet keeps on disk: its manifest, the receipts, and the record of its end. */

import type { Fingerprint } from '../../core/fingerprint.js';
import type { Division } from '../../core/fleet.js';
import type { TargetConnection, TargetIdentity } from '../../core/identity.js';
import type { PartPlan } from '../../core/part-plan.js';
import type { TreeHash } from '../../core/tree-hash.js';
import type { ArchiveMismatch, CatalogueEntry, Lock, LockOptions, RecordedPart } from './state.js';
import type { ObjectUpload, WholeArchive } from './target.js';

/** One upload that many machines send. It contains no secret, and no fact that is true on one machine only. */
export interface FleetManifest extends Division {
  readonly uploadId: string;
  readonly target: TargetIdentity;
  /** A profile is left out: each machine has credentials of its own. */
  readonly connection: Pick<TargetConnection, 'accountId' | 'pathStyle'>;
  /** The real path of the file where the upload was created. */
  readonly path: string;
  /** As the machine saw the file that created the upload. */
  readonly fingerprint: Fingerprint;
  readonly plan: PartPlan;
  readonly description: string;
  /** The tree hash of the file; null if it was not read. */
  readonly treeHash: TreeHash | null;
  /** ISO-8601 UTC with milliseconds. */
  readonly createdAt: string;
  /** Set where the target stores objects. */
  readonly object?: ObjectUpload;
}

/** The fact that the service holds a part of a share, with the hashes of the bytes that a machine read from its file. */
export interface FleetReceipt extends RecordedPart {
  readonly shard: number;
  readonly index: number;
  readonly sizeBytes: number;
  /** Facts about the sender's file (see Fingerprint). They show if it was the file that another run has. */
  readonly mtimeNs: string;
  readonly ctimeNs: string;
  readonly inode: string;
  /** The name of the machine, for messages. */
  readonly host: string;
  /** ISO-8601 UTC with milliseconds. */
  readonly at: string;
  /** True if the service held other bytes than these, so that the sender refused to go on. Its file, or another one, is wrong. */
  readonly isDispute?: true;
}

/** The receipts of one folder or of several. */
export interface ReceiptsReading {
  /** By index: all of them, in no order. Two machines may have sent the same part. */
  readonly byIndex: ReadonlyMap<number, readonly FleetReceipt[]>;
  /** Lines that could not be read: the end of a file that a killed run left, or damage. */
  readonly damagedLines: number;
}

/** The receipts of one share, open for appending. */
export interface ReceiptWriter {
  /** Appends one line by one write, so that two runs at once do not mix theirs. @throws TransferError `manifest` */
  record(receipt: FleetReceipt): Promise<void>;
  /** Syncs what was appended. @throws TransferError `manifest` */
  sync(): Promise<void>;
  /** Never fails. */
  close(): Promise<void>;
}

/** The facts about the end of a fleet's upload. */
export interface FleetEnd {
  /** Set once complete is about to be sent, and not withdrawn since. */
  readonly completing: WholeArchive | null;
  readonly mismatch: ArchiveMismatch | null;
  /** The archive, once it was made. */
  readonly archive: CatalogueEntry | null;
  /** ISO-8601 UTC: the last change of the record. */
  readonly lastActivityAt: string;
}

/** The record of the end, open for appending. Every append is synced. @throws TransferError `manifest` */
export interface FleetEndRecord {
  readonly end: FleetEnd;
  recordCompleting(whole: WholeArchive): Promise<void>;
  recordReopened(): Promise<void>;
  recordMismatch(mismatch: ArchiveMismatch): Promise<void>;
  recordArchive(archive: CatalogueEntry): Promise<void>;
  /** Never fails. */
  close(): Promise<void>;
}

/** The folders of a fleet's receipts. @throws TransferError `manifest` from any method */
export interface FleetFolder {
  /** The folder that is written to. */
  readonly path: string;
  /** Creates the folder if it does not exist, and proves that it can be written to. */
  proveWritable(): Promise<void>;
  /** @param shard null: those of all shares */
  readReceipts(shard: number | null): Promise<ReceiptsReading>;
  openReceipts(shard: number): Promise<ReceiptWriter>;
  /** Reads the record of the end without changing anything. */
  readEnd(): Promise<FleetEnd>;
  openEnd(): Promise<FleetEndRecord>;
  /** Keeps two runs that end the upload apart, on all machines that see the folder. @throws TransferError `busy` */
  lockEnd(options: LockOptions): Promise<Lock>;
}

/** The place of a manifest: its file, and what is beside it while it is written. @throws TransferError `manifest` */
export interface ManifestPlace {
  /** Absolute. */
  readonly path: string;
  /** @returns null if there is none */
  read(): Promise<FleetManifest | null>;
  /** @returns false if there is one already, which stays */
  write(manifest: FleetManifest): Promise<boolean>;
  proveWritable(): Promise<void>;
  /** Keeps two runs that create a fleet apart. @throws TransferError `busy` */
  lock(options: LockOptions): Promise<Lock>;
  /** Returns when an earlier run began to create the upload that never wrote the manifest; null: none. */
  readIntent(): Promise<string | null>;
  /** @param since ISO-8601 UTC with milliseconds. Synced. */
  writeIntent(since: string): Promise<void>;
  removeIntent(): Promise<void>;
}

/** A fleet that this machine has worked for. */
export interface KnownFleet {
  readonly manifestPath: string;
  /** When a machine last wrote a receipt, as far as this one sees that, in ms since 1970. */
  readonly activeMs: number;
}

/** The fleets that this machine has worked for, so that `abort` leaves their uploads alone. */
export interface KnownFleets {
  /** Never fails: nothing but `abort` depends on it. */
  note(fleet: {
    readonly uploadId: string;
    readonly manifestPath: string;
    readonly receiptsPath: string;
  }): Promise<void>;
  /** @returns null for an upload that is no fleet's, or whose manifest is gone */
  find(uploadId: string): Promise<KnownFleet | null>;
  /** Never fails. */
  forget(uploadId: string): Promise<void>;
}
