/** The archives of a catalogue while an audit compares them: a few facts of each, because there may be 200,000. */

import type { ListedArchive, RestoreState } from './ports/archive-list.js';
import type { CatalogueEntry } from './ports/state.js';

/** The facts that the service lists of an archive in the catalogue. */
export interface HeldFacts {
  readonly sizeBytes: number;
  /** The tree hash of an archive in a vault; the ETag of an object; null: the service gives none. */
  readonly hash: string | null;
  readonly storageClass: string | null;
  readonly restore: RestoreState | null;
}

/** The newest entry of an archive id, and what the service lists under it. */
interface Tracked {
  readonly sizeBytes: number;
  /** As in HeldFacts; null: the catalogue has none. */
  readonly hash: string | null;
  readonly archivedAt: string;
  /** Null: the service lists no such archive. */
  held: HeldFacts | null;
}

/** `size`: one side has no checksum that can be compared. */
export type Proof = 'tree-hash' | 'etag' | 'size';

export type Tracking =
  /** The catalogue has it since the audit began. */
  | { readonly state: 'not-tracked' }
  /** A later entry of the catalogue has the same id: the object was replaced by a run of calve. */
  | { readonly state: 'replaced' }
  | { readonly state: 'missing' }
  | { readonly state: 'same' | 'different'; readonly held: HeldFacts; readonly proof: Proof };

export class AuditTracker {
  readonly #storesObjects: boolean;
  readonly #byId = new Map<string, Tracked>();
  readonly #imported = new Set<string>();

  constructor(storesObjects: boolean) {
    this.#storesObjects = storesObjects;
  }

  /** Adds an entry of the catalogue. Of several with one id, the newest says what the service should have. */
  add(entry: CatalogueEntry): void {
    const { archiveId, archivedAt, plan } = entry;
    const known = this.#byId.get(archiveId);
    if (known !== undefined && known.archivedAt >= archivedAt) return;
    this.#byId.set(archiveId, {
      sizeBytes: plan.sizeBytes,
      hash: this.#hashOf(entry),
      archivedAt,
      held: null,
    });
  }

  /** Adds an archive of the service's list. @returns false if the catalogue does not have it */
  note(listed: ListedArchive): boolean {
    const tracked = this.#byId.get(listed.archiveId);
    if (tracked === undefined) return false;
    const { sizeBytes, storageClass, restore } = listed;
    const hash = this.#storesObjects ? listed.etag : listed.treeHash;
    // Equal texts are kept once.
    tracked.held = { sizeBytes, hash: hash === tracked.hash ? tracked.hash : hash, storageClass, restore };
    return true;
  }

  /** Remembers an archive that this audit adds to the catalogue. */
  noteImport(archiveId: string): void {
    this.#imported.add(archiveId);
  }

  wasImported({ archiveId }: CatalogueEntry): boolean {
    return this.#imported.has(archiveId);
  }

  compare(entry: CatalogueEntry): Tracking {
    const tracked = this.#byId.get(entry.archiveId);
    if (tracked === undefined) return { state: 'not-tracked' };
    const expected = this.#hashOf(entry);
    const isSameAsNewest = expected === tracked.hash && entry.plan.sizeBytes === tracked.sizeBytes;
    if (!isSameAsNewest) return { state: entry.archivedAt > tracked.archivedAt ? 'not-tracked' : 'replaced' };
    const { held } = tracked;
    if (held === null) return { state: 'missing' };
    const isComparable = expected !== null && held.hash !== null;
    const isSame = held.sizeBytes === tracked.sizeBytes && (!isComparable || held.hash === expected);
    const proof = isComparable ? (this.#storesObjects ? 'etag' : 'tree-hash') : 'size';
    return { state: isSame ? 'same' : 'different', held, proof };
  }

  #hashOf({ treeHash, object }: CatalogueEntry): string | null {
    return this.#storesObjects ? (object?.etag ?? null) : treeHash;
  }
}
