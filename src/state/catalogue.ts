/** The catalogue: one file for each archive that was made, so that no write can harm another archive's entry. */
import { randomBytes } from 'node:crypto';
import { join, resolve } from 'node:path';
import { cleanUp } from '../core/clean-up.js';
import type { Catalogue, CatalogueEntry } from '../transfer/ports/state.js';
import { decodeEntry, encodeEntry } from './catalogue-record.js';
import { stateFailure } from './failures.js';
import { digits16, identityDigits, isRecordName, isSameIdentity, recordName } from './names.js';
import { proveFolderWritable, putFile, readOwnFile, removeFile, sweepTemporaries } from './safe-file.js';
import { listFolder, makeFolders } from './safe-folder.js';

const EXTENSION = '.json';

/** More than an entry with the longest path and description; random, or a compressing disk would hold it for free. */
const PROOF_BYTES = 16 * 1024;

/** Touches the disk on first use. Reading creates nothing and works on a read-only folder. */
export function openCatalogue(directory: string): Catalogue {
  const root = resolve(directory);
  const folder = [{ path: root, mayBeLink: true }];

  async function read(isWanted: (name: string) => boolean): Promise<CatalogueEntry[]> {
    const names = await listFolder(folder);
    const wanted = names.filter((name) => isRecordName(name, EXTENSION) && isWanted(name));
    const entries: CatalogueEntry[] = [];
    for (const name of wanted) {
      const entry = await readEntry(join(root, name), name);
      if (entry !== null) entries.push(entry);
    }
    return entries.sort(byArchival);
  }

  return {
    directory: root,
    async findByIdentity(identity) {
      const named = await read((name) => name.startsWith(identityDigits(identity)));
      return named.filter((entry) => isSameIdentity(entry.identity, identity)).reverse();
    },
    all: () => read(() => true),
    async proveWritable() {
      await makeFolders(folder);
      await sweepTemporaries(root);
      await proveFolderWritable(root, randomBytes(PROOF_BYTES));
    },
    async record(entry) {
      await makeFolders(folder);
      const file = await putFile(join(root, fileName(entry)), encodeEntry(entry));
      // The entry is on disk by now: an error of closing says nothing about it.
      await cleanUp(() => file.close());
    },
    async forget(archiveId) {
      const named = await read((name) => name.endsWith(`-${digits16(archiveId)}${EXTENSION}`));
      const found = named.filter((entry) => entry.archiveId === archiveId);
      for (const entry of found) await removeFile(join(root, fileName(entry)));
      return found.length > 0;
    },
  };
}

function fileName({ identity, archiveId }: CatalogueEntry): string {
  return `${recordName(identity, archiveId)}${EXTENSION}`;
}

/** @throws TransferError `state`: `damaged`, `newer`, `foreign` */
async function readEntry(path: string, name: string): Promise<CatalogueEntry | null> {
  const file = await readOwnFile(path);
  if (file === null) return null;
  const entry = decodeEntry(file.bytes);
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
