/** Folders that nobody else can write to: what lies in them may be trusted to be our own. */
import type { Stats } from 'node:fs';
import { chmod, lstat, mkdir, open, readdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import process from 'node:process';
import { osCode, reading, stateFailure, writing } from './failures.js';

const FOLDER_MODE = 0o700;
const WRITABLE_BY_OTHERS = 0o022;

/**
 * Refuses what another user owns or may write to: a tampered state must not lead bytes or credentials elsewhere.
 * The superuser is no exception: what it would write there, the folder's owner could change.
 * @throws TransferError `state` `foreign`
 */
export function assertOurs(path: string, stats: Stats): void {
  const uid = process.geteuid?.() ?? stats.uid;
  if (stats.uid !== uid) {
    throw stateFailure('foreign', path, `it belongs to user ${stats.uid}, and this is user ${uid}`);
  }
  if ((stats.mode & WRITABLE_BY_OTHERS) !== 0) {
    const mode = (stats.mode & 0o7777).toString(8).padStart(4, '0');
    throw stateFailure('foreign', path, `others may write to it (mode ${mode})`);
  }
}

/** A folder's path; the given one may be a link to a folder of ours, those that we made below it may not. */
export interface FolderPath {
  readonly path: string;
  readonly mayBeLink: boolean;
}

/** @returns whether the folder is there. @throws TransferError `state`: `foreign`, `no-folder` */
async function checkFolder({ path, mayBeLink }: FolderPath): Promise<boolean> {
  const stats = await reading(path, null, () => (mayBeLink ? stat(path) : lstat(path)));
  if (stats === null) return false;
  if (stats.isSymbolicLink()) throw stateFailure('foreign', path, 'it is a link');
  if (!stats.isDirectory()) throw stateFailure('no-folder', path, 'something else has its name');
  assertOurs(path, stats);
  return true;
}

/**
 * Entries of the last folder of a chain, each of which is checked; none if one is missing. Creates nothing.
 * @throws TransferError `state` `foreign`
 */
export async function listFolder(chain: readonly FolderPath[]): Promise<string[]> {
  for (const folder of chain) {
    if (!(await checkFolder(folder))) return [];
  }
  const last = chain.at(-1)?.path ?? '';
  return reading(last, [], () => readdir(last));
}

/** Makes what is missing of a chain of folders, mode 0700, and checks the rest. */
export async function makeFolders(chain: readonly FolderPath[]): Promise<void> {
  for (const folder of chain) {
    if (!(await checkFolder(folder))) await writing(folder.path, () => makeFolder(folder.path));
    if (!(await checkFolder(folder)))
      throw stateFailure('not-writable', folder.path, 'it was made, and is gone');
  }
}

/** As `mkdir -p`, but level by level: under an odd umask a new folder must be made ours before the next fits in. */
async function makeFolder(path: string, mayLackParent = dirname(path) !== path): Promise<void> {
  try {
    await mkdir(path, FOLDER_MODE);
  } catch (error) {
    if (osCode(error) === 'EEXIST') return;
    if (osCode(error) !== 'ENOENT' || !mayLackParent) throw error;
    await makeFolder(dirname(path));
    // Once: some file systems (/proc) answer so though all above is there.
    await makeFolder(path, false);
    return;
  }
  await chmod(path, FOLDER_MODE);
  await syncFolder(dirname(path));
}

/** What some file systems answer to syncing a folder although there is nothing wrong with it. */
const CANNOT_SYNC_FOLDERS = new Set(['EINVAL', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EACCES', 'EPERM']);

/** Makes names durable: without it a file may be on disk after a power cut, and its name not. */
export async function syncFolder(path: string): Promise<void> {
  try {
    const folder = await open(path, 'r');
    await folder.sync().finally(() => folder.close());
  } catch (error) {
    if (!CANNOT_SYNC_FOLDERS.has(osCode(error) ?? '')) throw error;
  }
}
