/** Folders that nobody else can write to, so that calve can trust the files in them. */
import { lstatSync, readdirSync, type Stats, statSync } from 'node:fs';
import { chmod, mkdir, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import process from 'node:process';
import { cleanUp } from '../core/clean-up.js';
import { systemCode } from '../core/system-errors.js';
import { reading, stateFailure, writing } from './failures.js';

export const FOLDER_MODE = 0o700;
const WRITABLE_BY_GROUP = 0o020;
const WRITABLE_BY_ALL = 0o002;

/** Who may own a folder and write to it. */
export interface Trust {
  /**
   * True trusts the members of the groups that this process belongs to. Some systems give every file of a disk to a
   * group each time they mount it, and make it writable for the group (Kubernetes: `fsGroup`).
   */
  readonly ownGroups: boolean;
}

/** Trusts the user of this process alone. */
export const TRUST_USER: Trust = { ownGroups: false };

function isTrustedGroup({ gid }: Stats, { ownGroups }: Trust): boolean {
  return ownGroups && (gid === process.getegid?.() || process.getgroups?.().includes(gid) === true);
}

/**
 * Refuses a file or folder that another user owns or may write to: a changed state must not direct bytes
 * or credentials to another place. This holds for the superuser too, because the folder's owner could
 * change what the superuser writes.
 * @throws TransferError `state` `foreign`, `open`
 */
export function assertOurs(path: string, stats: Stats, trust: Trust): void {
  const uid = process.geteuid?.() ?? stats.uid;
  const isTrusted = isTrustedGroup(stats, trust);
  if (stats.uid !== uid && !isTrusted) {
    throw stateFailure('foreign', path, `it belongs to user ${stats.uid}, and this is user ${uid}`);
  }
  const forbidden = isTrusted ? WRITABLE_BY_ALL : WRITABLE_BY_ALL | WRITABLE_BY_GROUP;
  if ((stats.mode & forbidden) !== 0) {
    const mode = (stats.mode & 0o7777).toString(8).padStart(4, '0');
    throw stateFailure('open', path, `its mode is ${mode}`);
  }
}

/**
 * A folder's path. The folder that the user names may be a link; the folders that
 * calve creates below it may not.
 */
export interface FolderPath {
  readonly path: string;
  readonly mayBeLink: boolean;
}

/** @returns false when the folder does not exist. @throws TransferError `state`: as assertOurs; `link`, `no-folder` */
async function checkFolder({ path, mayBeLink }: FolderPath, trust: Trust): Promise<boolean> {
  const look = mayBeLink ? statSync : lstatSync;
  const stats = await reading(path, undefined, async () => look(path, { throwIfNoEntry: false }));
  if (stats === undefined) return false;
  if (stats.isSymbolicLink()) throw stateFailure('link', path, 'it is a symbolic link');
  if (!stats.isDirectory()) throw stateFailure('no-folder', path, 'it exists, but it is not a folder');
  assertOurs(path, stats, trust);
  return true;
}

/**
 * Checks all folders of a chain and returns the names in the last one that are wanted, in no order. Returns none when one
 * is missing. Creates nothing.
 * @throws TransferError `state`: `foreign`, `open`, `link`
 */
export async function listFolder(
  chain: readonly FolderPath[],
  trust: Trust,
  isWanted: (name: string) => boolean = () => true,
): Promise<string[]> {
  for (const folder of chain) {
    if (!(await checkFolder(folder, trust))) return [];
  }
  const last = chain.at(-1)?.path ?? '';
  return (await reading(last, [], async () => readdirSync(last))).filter(isWanted);
}

/** Creates the missing folders of a chain, with mode 0700, and checks the others. */
export async function makeFolders(chain: readonly FolderPath[], trust: Trust): Promise<void> {
  for (const folder of chain) {
    if (await checkFolder(folder, trust)) continue;
    await writing(folder.path, () => makeFolder(folder.path));
    if (!(await checkFolder(folder, trust)))
      throw stateFailure('not-writable', folder.path, 'it was created, but it does not exist any more');
  }
}

/**
 * Works like `mkdir -p`, but sets the mode at each level: under some umasks the
 * next level could not be created.
 */
async function makeFolder(path: string, mayLackParent = dirname(path) !== path): Promise<void> {
  try {
    await mkdir(path, FOLDER_MODE);
  } catch (error) {
    if (systemCode(error) === 'EEXIST') return;
    if (systemCode(error) !== 'ENOENT' || !mayLackParent) throw error;
    await makeFolder(dirname(path));
    // Only once: some file systems (/proc) give ENOENT although the parent exists.
    await makeFolder(path, false);
    return;
  }
  await chmod(path, FOLDER_MODE);
  await syncFolder(dirname(path));
}

/** Errors that some file systems give for syncing a folder, although nothing is wrong. */
const CANNOT_SYNC_FOLDERS = new Set(['EINVAL', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EACCES', 'EPERM']);

/**
 * Makes the names in a folder durable. Without it, a file may be on disk after a power cut without its name.
 */
export async function syncFolder(path: string): Promise<void> {
  try {
    const folder = await open(path, 'r');
    await folder.sync().finally(() => cleanUp(() => folder.close()));
  } catch (error) {
    if (!CANNOT_SYNC_FOLDERS.has(systemCode(error) ?? '')) throw error;
  }
}
