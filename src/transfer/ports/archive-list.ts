/** The part of the target's port that lists finished archives: a bucket's objects, or the inventory of a vault. */
import type { ObjectChecksum } from '../../core/object-checksum.js';
import type { TreeHash } from '../../core/tree-hash.js';
import type { CatalogueEntry } from './state.js';

/** `restoring`: a cold object is being brought back; `restored`: it can be read for some time. */
export type RestoreState = 'restoring' | 'restored';

/** An archive as the service lists it. */
export interface ListedArchive {
  /** The id in a vault; the URL of an object. */
  readonly archiveId: string;
  readonly sizeBytes: number;
  /** Null for an object. */
  readonly treeHash: TreeHash | null;
  /** Null for an archive in a vault. */
  readonly etag: string | null;
  /** Null for an object. */
  readonly description: string | null;
  /** ISO-8601 UTC with milliseconds: when it was made. */
  readonly createdAt: string;
  /** By the target's own name; null for an archive in a vault. */
  readonly storageClass: string | null;
  /** Null: not restored, or the list does not say. */
  readonly restore: RestoreState | null;
}

export interface ArchivesPage {
  readonly archives: readonly ListedArchive[];
  /** The marker of the next page; null on the last one. */
  readonly marker: string | null;
}

/** The facts that the service shows of an archive in the catalogue. */
export interface HeldFacts {
  readonly sizeBytes: number;
  /** The tree hash of an archive in a vault; the ETag of an object; null: the service gives none. */
  readonly hash: string | null;
  /** Null: the service gives none that can be compared, or was not asked. */
  readonly checksum: ObjectChecksum | null;
  readonly storageClass: string | null;
  readonly restore: RestoreState | null;
}

/**
 * The facts that show whether two archives are the same. `checksum`: that of the whole object. `size`: one side has
 * nothing else that can be compared, or the sizes differ.
 */
export type Proof = 'tree-hash' | 'etag' | 'checksum' | 'size';

/** An archive of the catalogue, as the service shows it by itself. */
export type ArchiveLook =
  /** The service shows no single archive: a vault makes an inventory of all. */
  | { readonly state: 'hidden' }
  | { readonly state: 'missing' }
  | { readonly state: 'same' | 'different'; readonly held: HeldFacts; readonly proof: Proof };

/** A list of all archives of a target, which may take hours to make. */
export type ArchiveList =
  /** `takenAt`: ISO-8601 UTC, when a vault took its inventory; null: the list is of now. `marker`: its first page. */
  | { readonly state: 'ready'; readonly takenAt: string | null; readonly marker: string | null }
  /** The service makes it. `isNew`: this call asked for it. */
  | {
      readonly state: 'pending';
      readonly jobId: string;
      readonly startedAt: string;
      readonly isNew: boolean;
    }
  /** A new vault has no inventory yet. */
  | { readonly state: 'none' };

/** Lists the archives that a service has. A target implements it. */
export interface ArchiveLister {
  /**
   * Finds the newest list of the archives, or asks the service to make one. Idempotent: a list that is ready or being made
   * is used. Some requests.
   * @throws TransferError `not-found` (vault)
   */
  openArchiveList(signal: AbortSignal): Promise<ArchiveList>;

  /**
   * Returns one page of a list that is ready. The list of a bucket has the objects below the key, or the object of it.
   * @throws TransferError `unreachable` for a list that is cut off, which must never look like a complete one
   */
  listArchivesPage(marker: string | null, signal: AbortSignal): Promise<ArchivesPage>;

  /**
   * Compares the archive of an entry with what the service has under its id, by size, ETag and checksum. One request, or
   * two if the ETag is another one and a checksum was recorded.
   * @throws TransferError `refused` when these credentials may not look
   */
  lookAt(entry: CatalogueEntry, signal: AbortSignal): Promise<ArchiveLook>;
}
