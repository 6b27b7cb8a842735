/** The catalogue: one file for each archive that was made, so that no write can harm another archive's entry. */
import { randomBytes } from 'node:crypto';
import { join, resolve } from 'node:path';
import { cleanUp } from '../core/clean-up.js';
import type { Catalogue, CatalogueEntry } from '../transfer/ports/state.js';
import { catalogueFolders, ENTRY_EXTENSION } from './catalogue-folders.js';
import {
  allPlaces,
  type EntryPlace,
  entryFileName,
  type PlacedEntry,
  readEntries,
  readEntry,
  readInOrder,
} from './catalogue-reader.js';
import { encodeEntry } from './catalogue-record.js';
import { isSameIdentity, nameHasId } from './names.js';
import { putFiles } from './put-files.js';
import { proveFolderWritable, putFile, removeFile, temporarySweeper } from './safe-file.js';
import { TRUST_USER, type Trust } from './safe-folder.js';

/** More than an entry with the longest path and description; random, or a compressing disk would hold it for free. */
const PROOF_BYTES = 16 * 1024;

/** Touches the disk on first use. Reading creates nothing and works on a read-only folder. */
export function openCatalogue(directory: string, trust: Trust = TRUST_USER): Catalogue {
  const root = resolve(directory);
  const folders = catalogueFolders(root, trust);
  const sweep = temporarySweeper(folders.temporaries);

  async function findByIdentity(identity: CatalogueEntry['identity']): Promise<CatalogueEntry[]> {
    const named = await folders.ofIdentity(identity);
    const places = named.flatMap(({ path: folder, names }) => names.map((name) => ({ folder, name })));
    const found = (await readAll(places)).map(({ entry }) => entry);
    return found.filter((entry) => isSameIdentity(entry.identity, identity)).reverse();
  }

  async function placesOfArchive(archiveId: string): Promise<PlacedEntry[]> {
    const hasId = nameHasId(archiveId, ENTRY_EXTENSION);
    const places: EntryPlace[] = [];
    for await (const place of allPlaces(folders)) if (hasId(place.name)) places.push(place);
    return (await readAll(places)).filter(({ entry }) => entry.archiveId === archiveId);
  }

  async function readAll(places: readonly EntryPlace[]): Promise<PlacedEntry[]> {
    const found: PlacedEntry[] = [];
    for await (const placed of readEntries(places, trust)) found.push(placed);
    return found.sort((a, b) => byArchival(a.entry, b.entry));
  }

  return {
    directory: root,
    findByIdentity,
    findByArchiveId: async (archiveId) => (await placesOfArchive(archiveId)).map(({ entry }) => entry),
    async *entries() {
      for await (const { entry } of readEntries(allPlaces(folders), trust)) yield entry;
    },
    oldestFirst: (isWanted = () => true) =>
      readInOrder(folders, trust, { keyOf: ({ archivedAt }) => Date.parse(archivedAt), isWanted }),
    inOrder: (order) => readInOrder(folders, trust, order),
    async proveWritable() {
      await folders.make();
      await sweep();
      await proveFolderWritable(folders.temporaries, randomBytes(PROOF_BYTES));
    },
    async record(entry) {
      const bytes = encodeEntry(entry);
      const path = await folders.makeFor(entryFileName(entry));
      const file = await putFile(path, bytes, folders.temporaries);
      // The entry is on disk by now: an error of closing says nothing about it.
      await cleanUp(() => file.close());
    },
    async recordAll(entries) {
      const made = new Set<string>();
      const files = new Map<string, CatalogueEntry>();
      for (const entry of entries) {
        const name = entryFileName(entry);
        const path = await folders.makeFor(name, made);
        const known = files.get(path) ?? readEntry(path, name, trust);
        if (known === null || isYounger(entry, known)) files.set(path, entry);
      }
      const encoded = [...files].map(([path, entry]) => [path, encodeEntry(entry)] as const);
      await putFiles(new Map(encoded), folders.temporaries);
      return files.size;
    },
    async forget(archiveId) {
      const found = await placesOfArchive(archiveId);
      for (const { folder, name } of found) await removeFile(join(folder, name));
      return found.length > 0;
    },
  };
}

function isYounger(a: CatalogueEntry, b: CatalogueEntry): boolean {
  return Date.parse(a.archivedAt) > Date.parse(b.archivedAt);
}

/** Oldest first. ISO-8601 times of one form sort as text; the id makes the order of equal ones certain. */
function byArchival(a: CatalogueEntry, b: CatalogueEntry): number {
  return `${a.archivedAt} ${a.archiveId}` < `${b.archivedAt} ${b.archiveId}` ? -1 : 1;
}
