/**
 * The state folder's layout: `v2/uploads/<identity>-<upload id>.jsonl`, `v2/locks/<key>/`,
 * `v2/fleets/<upload id>.json`. The version is in the
 * folder's name, so that two versions of calve never write into one another's files.
 */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { reading, stateFailure } from './failures.js';
import { type FolderPath, listFolder, type Trust } from './safe-folder.js';

const VERSION = 2;

/** The folders of the state. Each is given with the folders above it. */
export interface StateFolders {
  readonly uploads: readonly FolderPath[];
  readonly locks: readonly FolderPath[];
  readonly fleets: readonly FolderPath[];
  readonly uploadsPath: string;
  readonly locksPath: string;
  readonly fleetsPath: string;
}

export function stateFolders(directory: string): StateFolders {
  const version = join(directory, `v${VERSION}`);
  const uploadsPath = join(version, 'uploads');
  const locksPath = join(version, 'locks');
  const fleetsPath = join(version, 'fleets');
  const above = [
    { path: directory, mayBeLink: true },
    { path: version, mayBeLink: false },
  ];
  return {
    uploads: [...above, { path: uploadsPath, mayBeLink: false }],
    locks: [...above, { path: locksPath, mayBeLink: false }],
    fleets: [...above, { path: fleetsPath, mayBeLink: false }],
    uploadsPath,
    locksPath,
    fleetsPath,
  };
}

/**
 * Refuses to answer "there is none" when another version of calve may have left uploads that this one cannot read.
 * @throws TransferError `state`: `newer`, `older`
 */
export async function assertNoOtherVersion(directory: string, trust: Trust): Promise<void> {
  const names = await listFolder([{ path: directory, mayBeLink: true }], trust);
  for (const name of names) {
    const version = Number(/^v(\d+)$/.exec(name)?.[1] ?? VERSION);
    const path = join(directory, name);
    if (version === VERSION || !(await mayHoldUploads(path))) continue;
    if (version > VERSION) throw stateFailure('newer', path, 'a newer calve keeps uploads there');
    throw stateFailure('older', path, 'an older calve keeps unfinished uploads there');
  }
}

/** Anything but locks and an empty `uploads` may be an upload: the layout of another version is unknown. */
async function mayHoldUploads(versionFolder: string): Promise<boolean> {
  for (const name of await reading(versionFolder, [], () => readdir(versionFolder))) {
    const path = join(versionFolder, name);
    if (name === 'locks') continue;
    if (name !== 'uploads' || (await reading(path, [], () => readdir(path))).length > 0) return true;
  }
  return false;
}
