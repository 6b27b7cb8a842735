/** Reads the files of the catalogue: some of them, or all in an order. Keeps no entry. */
import { join } from 'node:path';
import { setImmediate as othersTurn } from 'node:timers/promises';
import type { CatalogueEntry, EntryOrder } from '../transfer/ports/state.js';
import { type CatalogueFolders, ENTRY_EXTENSION } from './catalogue-folders.js';
import { decodeEntry } from './catalogue-record.js';
import { stateFailure } from './failures.js';
import { recordName } from './names.js';
import { readSmallFile } from './safe-file.js';
import type { Trust } from './safe-folder.js';

/** The place of an entry's file. */
export interface EntryPlace {
  readonly folder: string;
  readonly name: string;
}

export interface PlacedEntry extends EntryPlace {
  readonly entry: CatalogueEntry;
}

export function entryFileName({ identity, archiveId }: CatalogueEntry): string {
  return `${recordName(identity, archiveId)}${ENTRY_EXTENSION}`;
}

/** Files that are read before other work, a signal for example, has its turn: some milliseconds. */
const READ_AT_ONCE = 100;

/**
 * Yields the entries of these files. A file that was removed meanwhile is left out.
 * @throws TransferError `state`: `damaged`, `newer`, `foreign`
 */
export async function* readEntries(
  places: Iterable<EntryPlace> | AsyncIterable<EntryPlace>,
  trust: Trust,
): AsyncGenerator<PlacedEntry> {
  let read = 0;
  for await (const { folder, name } of places) {
    read += 1;
    if (read % READ_AT_ONCE === 0) await othersTurn();
    const entry = readEntry(join(folder, name), name, trust);
    if (entry !== null) yield { folder, name, entry };
  }
}

/** Yields the places of all entries. */
export async function* allPlaces({ all }: CatalogueFolders): AsyncGenerator<EntryPlace> {
  for await (const { path: folder, names } of all()) for (const name of names) yield { folder, name };
}

/** @returns null if there is no such file. @throws TransferError `state`: `damaged`, `newer`, `foreign` */
export function readEntry(path: string, name: string, trust: Trust): CatalogueEntry | null {
  const bytes = readSmallFile(path, trust);
  if (bytes === null) return null;
  const entry = decodeEntry(bytes);
  if (entry === 'newer') throw stateFailure('newer', path, 'a newer calve wrote it');
  if (entry === null) throw stateFailure('damaged', path, 'it cannot be read');
  if (entryFileName(entry) !== name)
    throw stateFailure('damaged', path, 'its name is not that of the archive in it');
  return entry;
}

/**
 * Sorts the entries that are wanted, equal ones by name, and reads the files again in that order. Keeps the digits of
 * the name and the key of each entry, not the entry.
 */
export async function* readInOrder(
  folders: CatalogueFolders,
  trust: Trust,
  { keyOf, isReversed = false, isWanted = () => true }: EntryOrder,
): AsyncGenerator<CatalogueEntry> {
  const kept = keptPlaces(folders);
  const keys: (number | string)[] = [];
  for await (const place of readEntries(allPlaces(folders), trust)) {
    if (!isWanted(place.entry)) continue;
    kept.add(place);
    keys.push(keyOf(place.entry));
  }
  const compare = (a: number, b: number): number => {
    const [x = '', y = ''] = [keys[a], keys[b]];
    // The places are sorted by name already.
    return x === y ? a - b : x < y ? -1 : 1;
  };
  const order = Uint32Array.from(keys.keys()).sort(compare);
  if (isReversed) order.reverse();
  const inOrder = function* () {
    for (const index of order) yield kept.get(index);
  };
  for await (const { entry } of readEntries(inOrder(), trust)) yield entry;
}

const HALF_DIGITS = 16;
const NAME_BYTES = 16;

/** Keeps places in 16 bytes each, as long as those of the old folder come first. */
function keptPlaces({ pathOf }: CatalogueFolders) {
  let bytes = Buffer.alloc(NAME_BYTES * 1024);
  let count = 0;
  let old: { folder: string; count: number } | null = null;
  return {
    add({ folder, name }: EntryPlace): void {
      const end = (count + 1) * NAME_BYTES;
      if (end > bytes.length) bytes = Buffer.concat([bytes, Buffer.alloc(bytes.length)]);
      bytes.write(name.replace('-', ''), count * NAME_BYTES, NAME_BYTES, 'hex');
      count += 1;
      if (folder !== pathOf(name)) old = { folder, count };
    },
    get(index: number): EntryPlace {
      const digits = bytes.toString('hex', index * NAME_BYTES, (index + 1) * NAME_BYTES);
      const name = `${digits.slice(0, HALF_DIGITS)}-${digits.slice(HALF_DIGITS)}${ENTRY_EXTENSION}`;
      return { folder: old !== null && index < old.count ? old.folder : pathOf(name), name };
    },
  };
}
