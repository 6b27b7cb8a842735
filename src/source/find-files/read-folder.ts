/** Reads the names of one folder, in the order in which they are sent. */
import { readdir } from 'node:fs/promises';
import { TransferError } from '../../core/failures.js';
import { sourceFailure } from '../open-file.js';
import { type FindOptions, kindOf } from './look.js';

/** Many more at once gain nothing: Node has four threads for them. */
const LOOKS_AT_ONCE = 32;

/** The entries of a folder. Nothing else of it is kept: docs/folders.md has the memory that a million of them need. */
export interface FolderEntries {
  /**
   * Names in the order of their bytes, a folder's with a `/` behind it: the files below `a/` come after `a.txt`, as their
   * keys do. Each character is one byte of the name, so that names that are not UTF-8 are kept, and sorting is fast.
   */
  readonly entries: readonly string[];
  /** The names among them that cannot be sent, and why. */
  readonly failures: ReadonlyMap<string, TransferError>;
}

/** A name as text. `isWhole`: false if bytes that are not UTF-8 were replaced. */
export interface DecodedName {
  readonly text: string;
  readonly isWhole: boolean;
}

export function decodeName(bytes: Buffer): DecodedName {
  const text = bytes.toString('utf8');
  return { text, isWhole: Buffer.from(text, 'utf8').equals(bytes) };
}

/** Returns a name of `FolderEntries` as text. */
export function nameOfEntry(entry: string): string {
  return Buffer.from(entry, 'latin1').toString('utf8');
}

/**
 * @param folder an absolute path
 * @param prefix the start of each name below the target: empty, or with a `/` at its end
 * @throws an error of the system, if the folder cannot be read
 */
export async function readFolder(
  folder: string,
  prefix: string,
  options: FindOptions,
): Promise<FolderEntries> {
  // Node's entries with types are not used: with a name that vanishes, the whole listing fails on some file systems.
  const names = await readdir(folder, { encoding: 'latin1' });
  const entries: string[] = [];
  const failures = new Map<string, TransferError>();
  const look = async (name: string): Promise<void> => {
    const looked = await lookAt(folder, prefix, Buffer.from(name, 'latin1'), options);
    if (looked === null) return;
    const entry = looked === 'folder' ? `${name}/` : name;
    entries.push(entry);
    if (looked instanceof TransferError) failures.set(entry, looked);
  };
  for (let i = 0; i < names.length; i += LOOKS_AT_ONCE) {
    options.signal.throwIfAborted();
    await Promise.all(names.slice(i, i + LOOKS_AT_ONCE).map(look));
  }
  return { entries: entries.sort(), failures };
}

/** Returns null for what is not sent: it is excluded, or it was counted as skipped. */
async function lookAt(
  folder: string,
  prefix: string,
  bytes: Buffer,
  { includes, followLinks, skipped }: FindOptions,
): Promise<'file' | 'folder' | TransferError | null> {
  const { text, isWhole } = decodeName(bytes);
  const path = joined(folder, text);
  try {
    const kind = await kindOf(
      isWhole ? path : Buffer.concat([Buffer.from(joined(folder, '')), bytes]),
      followLinks,
    );
    if (!includes(prefix + text, kind === 'folder')) return null;
    if (kind !== 'file' && kind !== 'folder') {
      skipped[kind] += 1;
      return null;
    }
    return isWhole ? kind : new TransferError('source', { path, why: 'not-utf8', detail: null });
  } catch (error) {
    return includes(prefix + text, false) ? sourceFailure(path, error) : null;
  }
}

/** Returns the path of a name in a folder, which may be `/`. */
export function joined(folder: string, name: string): string {
  return folder.endsWith('/') ? folder + name : `${folder}/${name}`;
}
