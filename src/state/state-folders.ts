/**
 * The state folder's layout: `v1/uploads/<identity>-<upload id>.jsonl`, `v1/locks/<key>/`. The version is in the
 * folder's name, so that two versions of calve never write into one another's files.
 */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { reading, stateFailure } from './failures.js';
import { type FolderPath, listFolder } from './safe-folder.js';

const VERSION = 1;

/** The folders of the state. Each is given with the folders above it. */
export interface StateFolders {
  readonly uploads: readonly FolderPath[];
  readonly locks: readonly FolderPath[];
  readonly uploadsPath: string;
  readonly locksPath: string;
}

export function stateFolders(directory: string): StateFolders {
  const version = join(directory, `v${VERSION}`);
  const uploadsPath = join(version, 'uploads');
  const locksPath = join(version, 'locks');
  const above = [
    { path: directory, mayBeLink: true },
    { path: version, mayBeLink: false },
  ];
  return {
    uploads: [...above, { path: uploadsPath, mayBeLink: false }],
    locks: [...above, { path: locksPath, mayBeLink: false }],
    uploadsPath,
    locksPath,
  };
}

/**
 * Throws when a newer calve may have left uploads that this version cannot read.
 * @throws TransferError `state` `newer`
 */
export async function assertNothingNewer(directory: string): Promise<void> {
  const names = await listFolder([{ path: directory, mayBeLink: true }]);
  for (const name of names) {
    const version = Number(/^v(\d+)$/.exec(name)?.[1] ?? 0);
    const path = join(directory, name);
    if (version > VERSION && (await mayHoldUploads(path))) {
      throw stateFailure('newer', path, 'a newer version of calve keeps uploads there');
    }
  }
}

/** Returns true unless there are only locks and an empty `uploads`: the newer layout is not known. */
async function mayHoldUploads(newerFolder: string): Promise<boolean> {
  for (const name of await reading(newerFolder, [], () => readdir(newerFolder))) {
    const path = join(newerFolder, name);
    if (name === 'locks') continue;
    if (name !== 'uploads' || (await reading(path, [], () => readdir(path))).length > 0) return true;
  }
  return false;
}
