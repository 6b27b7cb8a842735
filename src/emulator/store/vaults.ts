/** Vaults, and the inventory that their counts come from. */
import { mkdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type ArchiveFacts, listArchives } from './archives.js';
import {
  discard,
  FILE_MODE,
  FOLDER_MODE,
  hasCode,
  moveInto,
  namesIn,
  readJson,
  type Store,
  temporaryPath,
  writeJson,
} from './store.js';
import { listOpenUploadIds } from './uploads.js';

/** What a vault was known to hold when it was last counted. */
interface Inventory {
  /** ISO-8601 UTC with milliseconds. */
  readonly date: string;
  readonly archives: number;
  readonly sizeBytes: number;
}

export interface VaultFacts {
  readonly name: string;
  readonly createdAt: string;
  readonly inventory: Inventory | null;
}

/** Each archive costs this much more in the counts (botocore's examples: 3 MiB are counted as 3178496). */
const ARCHIVE_OVERHEAD_BYTES = 32 * 1024;
const SUBFOLDERS = ['archives', 'uploads', 'completing', 'finished', 'jobs'];

export function isVaultName(name: string): boolean {
  return /^[a-zA-Z0-9_.-]{1,255}$/.test(name);
}

/** `.` and `..` are legal names of vaults, but not of folders. */
function vaultFolder(store: Store, name: string): string {
  return join(store.root, 'vaults', /^\.\.?$/.test(name) ? name.replace('.', '%2E') : name);
}

function vaultName(folderName: string): string {
  return folderName.replace('%2E', '.');
}

/** Makes a vault; an existing one is left as it is. */
export async function createVault(store: Store, name: string): Promise<void> {
  const temporary = temporaryPath(store);
  await mkdir(temporary, { mode: FOLDER_MODE });
  for (const folder of SUBFOLDERS) await mkdir(join(temporary, folder), { mode: FOLDER_MODE });
  const createdAt = new Date().toISOString();
  await writeFile(join(temporary, 'vault.json'), JSON.stringify({ createdAt }), { mode: FILE_MODE });
  await moveInto(temporary, vaultFolder(store, name)).catch((error: unknown) => {
    if (!hasCode(error, 'ENOTEMPTY', 'EEXIST')) throw error;
  });
}

/** The vault's folder, null where there is no such vault. */
export async function findVault(store: Store, name: string): Promise<string | null> {
  if (!isVaultName(name)) return null;
  const folder = vaultFolder(store, name);
  return (await stat(folder).catch(() => null)) === null ? null : folder;
}

/** What is known of a vault, counted anew where the interval says so; null where there is none. */
export async function readVault(store: Store, name: string): Promise<VaultFacts | null> {
  const folder = vaultFolder(store, name);
  const vault = await readJson<{ createdAt: string }>(join(folder, 'vault.json'));
  if (vault === null) return null;
  const inventory = await readJson<Inventory>(join(folder, 'inventory.json'));
  const dueMs = Date.parse(inventory?.date ?? vault.createdAt) + (store.inventoryIntervalMs ?? Infinity);
  const current = Date.now() >= dueMs ? (await takeInventory(store, folder)).inventory : inventory;
  return { name, createdAt: vault.createdAt, inventory: current };
}

/** Counts a vault, and keeps the counts. @returns them, and the archives they were made of */
export async function takeInventory(
  store: Store,
  folder: string,
): Promise<{ inventory: Inventory; archives: ArchiveFacts[] }> {
  const date = new Date().toISOString();
  const archives = await listArchives(folder);
  const sizeBytes = archives.reduce((sum, { sizeBytes: size }) => sum + size + ARCHIVE_OVERHEAD_BYTES, 0);
  const inventory = { date, archives: archives.length, sizeBytes };
  await writeJson(store, join(folder, 'inventory.json'), inventory);
  return { inventory, archives };
}

/** Names of all vaults after one, in ASCII order. */
export async function listVaultNames(store: Store, after: string): Promise<string[]> {
  const names = (await namesIn(join(store.root, 'vaults'))).map(vaultName);
  return names.filter((name) => name > after).sort();
}

/** Removes a vault. @returns false where it holds, or lately held, something; a missing one is no error */
export async function deleteVault(store: Store, name: string): Promise<boolean> {
  const folder = vaultFolder(store, name);
  const vault = await readVault(store, name);
  if (vault === null) return true;
  const { inventory } = vault;
  if (inventory !== null && inventory.archives > 0) return false;
  const written = await readJson<{ atMs: number }>(join(folder, 'written.json'));
  if (written !== null && written.atMs >= Date.parse(inventory?.date ?? vault.createdAt)) return false;
  if ((await listArchives(folder)).length > 0) return false;
  if ((await listOpenUploadIds(folder, null, 1)).length > 0) return false;
  await discard(store, folder);
  return true;
}
