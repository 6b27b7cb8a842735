/**
 * The archives of a catalogue while an audit compares them: a few numbers and two short texts of each, because there may
 * be hundreds of thousands. What the service lists is kept only where it is not what the catalogue has.
 */
import { hash as digest } from 'node:crypto';
import type { HeldFacts, ListedArchive, Proof } from './ports/archive-list.js';
import type { CatalogueEntry } from './ports/state.js';

export type Tracking =
  /** The catalogue has it since the audit began. */
  | { readonly state: 'not-tracked' }
  /** A later entry of the catalogue has the same id: the object was replaced by a run of calve. */
  | { readonly state: 'replaced' }
  | { readonly state: 'missing' }
  | { readonly state: 'same' | 'different'; readonly held: HeldFacts; readonly proof: Proof };

/** In the place of an index of `#places`: the service lists no such archive, or one with facts of its own. */
const MISSING = -1;
const OTHER_FACTS = -2;

type Place = Pick<HeldFacts, 'storageClass' | 'restore'>;

export class AuditTracker {
  readonly #storesObjects: boolean;
  /** By the SHA-256 of an archive's id, which takes a third of the memory of the id of a vault. */
  readonly #indexes = new Map<string, number>();
  /** By index: the facts of the newest entry with that id. */
  readonly #sizes: number[] = [];
  readonly #hashes: (string | null)[] = [];
  readonly #timesMs: number[] = [];
  /** By index: an index of `#places`, MISSING or OTHER_FACTS. */
  readonly #held: number[] = [];
  /** The few storage classes and restore states in the list. */
  readonly #places: Place[] = [];
  readonly #placeIndexes = new Map<string, number>();
  /** The listed archives whose size or hash is not that of the catalogue. */
  readonly #others = new Map<number, HeldFacts>();

  constructor(storesObjects: boolean) {
    this.#storesObjects = storesObjects;
  }

  /** Adds an entry of the catalogue. Of several with one id, the newest says what the service should have. */
  add(entry: CatalogueEntry): void {
    const key = keyOf(entry.archiveId);
    const timeMs = Date.parse(entry.archivedAt);
    const known = this.#indexes.get(key);
    if (known !== undefined && (this.#timesMs[known] ?? 0) >= timeMs) return;
    const index = known ?? this.#sizes.length;
    if (known === undefined) this.#indexes.set(key, index);
    this.#sizes[index] = entry.plan.sizeBytes;
    this.#hashes[index] = this.#hashOf(entry);
    this.#timesMs[index] = timeMs;
    this.#held[index] = MISSING;
  }

  /** Adds an archive of the service's list. @returns false if the catalogue does not have it */
  note(listed: ListedArchive): boolean {
    const index = this.#indexes.get(keyOf(listed.archiveId));
    if (index === undefined) return false;
    const { sizeBytes, storageClass, restore } = listed;
    const hash = this.#storesObjects ? listed.etag : listed.treeHash;
    const isSame = sizeBytes === this.#sizes[index] && hash === this.#hashes[index];
    if (isSame) this.#others.delete(index);
    else this.#others.set(index, { sizeBytes, hash, checksum: null, storageClass, restore });
    this.#held[index] = isSame ? this.#placeIndex({ storageClass, restore }) : OTHER_FACTS;
    return true;
  }

  compare(entry: CatalogueEntry): Tracking {
    const index = this.#indexes.get(keyOf(entry.archiveId));
    if (index === undefined) return { state: 'not-tracked' };
    const expected = this.#hashOf(entry);
    const { sizeBytes } = entry.plan;
    if (expected !== this.#hashes[index] || sizeBytes !== this.#sizes[index]) {
      const isNewer = Date.parse(entry.archivedAt) > (this.#timesMs[index] ?? 0);
      return { state: isNewer ? 'not-tracked' : 'replaced' };
    }
    const held = this.#heldFacts(index, { sizeBytes, hash: expected });
    if (held === null) return { state: 'missing' };
    if (held.sizeBytes !== sizeBytes) return { state: 'different', held, proof: 'size' };
    if (expected === null || held.hash === null) return { state: 'same', held, proof: 'size' };
    const proof = this.#storesObjects ? 'etag' : 'tree-hash';
    return { state: held.hash === expected ? 'same' : 'different', held, proof };
  }

  #heldFacts(index: number, own: Pick<HeldFacts, 'sizeBytes' | 'hash'>): HeldFacts | null {
    const held = this.#held[index] ?? MISSING;
    if (held === MISSING) return null;
    if (held === OTHER_FACTS) return this.#others.get(index) ?? null;
    const { storageClass = null, restore = null } = this.#places[held] ?? {};
    return { ...own, checksum: null, storageClass, restore };
  }

  #placeIndex(place: Place): number {
    const key = `${place.storageClass} ${place.restore}`;
    const known = this.#placeIndexes.get(key);
    if (known !== undefined) return known;
    this.#placeIndexes.set(key, this.#places.length);
    return this.#places.push(place) - 1;
  }

  #hashOf({ treeHash, object }: CatalogueEntry): string | null {
    return this.#storesObjects ? (object?.etag ?? null) : treeHash;
  }
}

function keyOf(archiveId: string): string {
  return digest('sha256', archiveId, 'binary');
}
