/**
 * The emulator's data. All state is in a folder and nothing is in memory: several servers may work in one folder at
 * the same time, and each may be killed at any time. Each change that must be atomic is one rename.
 *
 *     v1/tmp/NAME~OWNER            a file or folder in the making; removed at the next start if its owner is gone
 *     v1/trash/                    folders that are being removed
 *     v1/vaults/NAME/
 *       vault.json                 when the vault was created
 *       inventory.json             the last inventory
 *       written.json               when an archive was last written
 *       archives/ID                the bytes of an archive: the archive exists if and only if this file exists
 *       archives/ID.json           its metadata
 *       uploads/C/ID/              an open upload (C is the last character of its id)
 *       completing/ID~OWNER/       an upload that OWNER completes
 *       finished/ID.json           the result of an upload, so that a repeated request gets the first response again
 *       jobs/ID.json               a retrieval job
 *       jobs/ID.output             its output
 */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { FOLDER_MODE, makeFolders, remove, type Workspace } from './files.js';
import { isOwnerGone, newOwner, retireOwner } from './owner.js';

interface StoreRules {
  /** An upload expires after it was idle for this long; null: never. */
  readonly uploadTtlMs: number | null;
  /** A repeated complete or abort gets the first response again for this long. */
  readonly repeatWindowMs: number;
  /** Interval of a vault's automatic inventory; null: only an inventory job takes one. */
  readonly inventoryIntervalMs: number | null;
  /** False: uploaded bytes are hashed and discarded, and archives contain only zeros. */
  readonly keepsBytes: boolean;
}

export interface Store extends StoreRules, Workspace {}

/** Opens or creates the folder, and removes the unfinished files of servers that were killed. */
export async function openStore(dataDir: string, rules: StoreRules): Promise<Store> {
  const root = join(dataDir, 'v1');
  for (const name of ['tmp', 'trash', 'vaults']) {
    await makeFolders(join(root, name), FOLDER_MODE);
  }
  for (const name of await readdir(join(root, 'tmp'))) {
    if (isOwnerGone(name.split('~')[1] ?? '')) await remove(join(root, 'tmp', name));
  }
  for (const name of await readdir(join(root, 'trash'))) await remove(join(root, 'trash', name));
  return { ...rules, root, owner: newOwner() };
}

export function closeStore(store: Store): void {
  retireOwner(store.owner);
}
