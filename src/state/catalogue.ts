/** The catalogue: one file for each archive that was made, so that no write can harm another archive's entry. */
import { randomBytes } from 'node:crypto';
import { join, resolve } from 'node:path';
import { setImmediate as othersTurn } from 'node:timers/promises';
import { cleanUp } from '../core/clean-up.js';
import type { UploadIdentity } from '../core/identity.js';
import type { Catalogue, CatalogueEntry } from '../transfer/ports/state.js';
import { decodeEntry, encodeEntry } from './catalogue-record.js';
import { stateFailure } from './failures.js';
import { isRecordName, isSameIdentity, nameHasId, namesOfIdentity, recordName } from './names.js';
import { proveFolderWritable, putFile, readSmallFile, removeFile, temporarySweeper } from './safe-file.js';
import { listFolder, makeFolders, TRUST_USER, type Trust } from './safe-folder.js';

const EXTENSION = '.json';

/** More than an entry with the longest path and description; random, or a compressing disk would hold it for free. */
const PROOF_BYTES = 16 * 1024;

/** Touches the disk on first use. Reading creates nothing and works on a read-only folder. */
export function openCatalogue(directory: string, trust: Trust = TRUST_USER): Catalogue {
  const root = resolve(directory);
  const folder = [{ path: root, mayBeLink: true }];
  const sweep = temporarySweeper(root);

  const listNames = (isNamed: (name: string) => boolean = () => true): Promise<string[]> =>
    listFolder(folder, trust, (name) => isNamed(name) && isRecordName(name, EXTENSION));

  /** The names of the last look-up by identity, sorted. */
  let lastListing: readonly string[] | null = null;

  async function readAll(names: Iterable<string>): Promise<CatalogueEntry[]> {
    const found: CatalogueEntry[] = [];
    for await (const { entry } of readEntries({ root, trust }, names)) found.push(entry);
    return found.sort(byArchival);
  }

  async function readOfIdentity(listing: readonly string[], identity: UploadIdentity) {
    const named = await readAll(namesOfIdentity(listing, identity));
    return named.filter((entry) => isSameIdentity(entry.identity, identity)).reverse();
  }

  async function findByArchiveId(archiveId: string): Promise<CatalogueEntry[]> {
    const named = await readAll(await listNames(nameHasId(archiveId, EXTENSION)));
    return named.filter((entry) => entry.archiveId === archiveId);
  }

  return {
    directory: root,
    async findByIdentity(identity) {
      // The old list would be in memory beside the new one.
      lastListing = null;
      lastListing = (await listNames()).sort();
      return readOfIdentity(lastListing, identity);
    },
    findInLastListing: async (identity) => lastListing && readOfIdentity(lastListing, identity),
    findByArchiveId,
    async *entries() {
      for await (const { entry } of readEntries({ root, trust }, await listNames())) yield entry;
    },
    async *oldestFirst(isWanted = () => true) {
      yield* readInOrder({ root, trust }, await listNames(), isWanted);
    },
    async proveWritable() {
      await makeFolders(folder, trust);
      await sweep();
      await proveFolderWritable(root, randomBytes(PROOF_BYTES));
    },
    async record(entry) {
      await makeFolders(folder, trust);
      const file = await putFile(join(root, fileName(entry)), encodeEntry(entry));
      // The entry is on disk by now: an error of closing says nothing about it.
      await cleanUp(() => file.close());
    },
    async forget(archiveId) {
      const found = await findByArchiveId(archiveId);
      for (const entry of found) await removeFile(join(root, fileName(entry)));
      return found.length > 0;
    },
  };
}

function fileName({ identity, archiveId }: CatalogueEntry): string {
  return `${recordName(identity, archiveId)}${EXTENSION}`;
}

interface TrustedFolder {
  readonly root: string;
  readonly trust: Trust;
}

/** Files that are read before other work, a signal for example, has its turn: some milliseconds. */
const READ_AT_ONCE = 100;

interface NamedEntry {
  readonly name: string;
  readonly entry: CatalogueEntry;
}

/** Yields the entries in the files of these names. A file that was removed meanwhile is left out. */
async function* readEntries(
  { root, trust }: TrustedFolder,
  names: Iterable<string>,
): AsyncGenerator<NamedEntry> {
  let read = 0;
  for (const name of names) {
    read += 1;
    if (read % READ_AT_ONCE === 0) await othersTurn();
    const entry = readEntry(join(root, name), name, trust);
    if (entry !== null) yield { name, entry };
  }
}

/**
 * Sorts by time, then by name, and reads the files again in that order. It keeps the name and a number of each entry, not
 * the entry. Another order needs another number or text here, and nothing else.
 */
async function* readInOrder(
  folder: TrustedFolder,
  listed: string[],
  isWanted: (entry: CatalogueEntry) => boolean,
): AsyncGenerator<CatalogueEntry> {
  const names: string[] = [];
  const times: number[] = [];
  for await (const { name, entry } of readEntries(folder, listed.sort())) {
    if (!isWanted(entry)) continue;
    names.push(name);
    times.push(Date.parse(entry.archivedAt));
  }
  // The names are sorted already, so that the position decides between equal times.
  const order = Uint32Array.from(names.keys()).sort((a, b) => (times[a] ?? 0) - (times[b] ?? 0) || a - b);
  const inOrder = function* () {
    for (const index of order) yield names[index] ?? '';
  };
  for await (const { entry } of readEntries(folder, inOrder())) yield entry;
}

/** @throws TransferError `state`: `damaged`, `newer`, `foreign` */
function readEntry(path: string, name: string, trust: Trust): CatalogueEntry | null {
  const bytes = readSmallFile(path, trust);
  if (bytes === null) return null;
  const entry = decodeEntry(bytes);
  if (entry === 'newer') throw stateFailure('newer', path, 'a newer calve wrote it');
  if (entry === null) throw stateFailure('damaged', path, 'it cannot be read');
  if (fileName(entry) !== name)
    throw stateFailure('damaged', path, 'its name is not that of the archive in it');
  return entry;
}

/** Oldest first. ISO-8601 times of one form sort as text; the id makes the order of equal ones certain. */
function byArchival(a: CatalogueEntry, b: CatalogueEntry): number {
  return `${a.archivedAt} ${a.archiveId}` < `${b.archivedAt} ${b.archiveId}` ? -1 : 1;
}
