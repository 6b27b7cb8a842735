/** Vaults and their inventories. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type ArchiveMetadata, listArchives } from './archives.js';
import {
  discardFolder,
  FILE_MODE,
  FOLDER_MODE,
  hasCode,
  moveInto,
  namesIn,
  readJson,
  statOrNull,
  temporaryPath,
  writeJson,
} from './files.js';
import type { Store } from './store.js';
import { listOpenUploadIds } from './uploads.js';

/** The counts of a vault at the time of its last inventory. */
interface Inventory {
  /** ISO-8601 UTC with milliseconds. */
  readonly date: string;
  readonly archives: number;
  readonly sizeBytes: number;
}

export interface VaultMetadata {
  readonly name: string;
  readonly createdAt: string;
  readonly inventory: Inventory | null;
}

/** The counts include this overhead for each archive (botocore's examples count 3 MiB as 3178496). */
const ARCHIVE_OVERHEAD_BYTES = 32 * 1024;
const SUBFOLDERS = ['archives', 'uploads', 'completing', 'finished', 'jobs'];

export function isVaultName(name: string): boolean {
  return /^[a-zA-Z0-9_.-]{1,255}$/.test(name);
}

/** `.` and `..` are legal vault names, but not folder names. */
function vaultFolder(store: Store, name: string): string {
  return join(store.root, 'vaults', /^\.\.?$/.test(name) ? name.replace('.', '%2E') : name);
}

function vaultName(folderName: string): string {
  return folderName.replace('%2E', '.');
}

/** Creates a vault. An existing one stays as it is. */
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

/** Returns the vault's folder; null if there is no such vault. */
export async function findVault(store: Store, name: string): Promise<string | null> {
  if (!isVaultName(name)) return null;
  const folder = vaultFolder(store, name);
  return (await statOrNull(folder)) === null ? null : folder;
}

/** Returns a vault, with a new inventory if one is due; null if there is no such vault. */
export async function readVault(store: Store, name: string): Promise<VaultMetadata | null> {
  const folder = vaultFolder(store, name);
  const vault = await readJson<{ createdAt: string }>(join(folder, 'vault.json'));
  if (vault === null) return null;
  const inventory = await readJson<Inventory>(join(folder, 'inventory.json'));
  const dueMs = Date.parse(inventory?.date ?? vault.createdAt) + (store.inventoryIntervalMs ?? Infinity);
  const current = Date.now() >= dueMs ? (await takeInventory(store, folder)).inventory : inventory;
  return { name, createdAt: vault.createdAt, inventory: current };
}

/** Takes an inventory of a vault and stores it. @returns the inventory and the archives that it counts */
export async function takeInventory(
  store: Store,
  folder: string,
): Promise<{ inventory: Inventory; archives: ArchiveMetadata[] }> {
  const date = new Date().toISOString();
  const archives = await listArchives(folder);
  const sizeBytes = archives.reduce((sum, { sizeBytes: size }) => sum + size + ARCHIVE_OVERHEAD_BYTES, 0);
  const inventory = { date, archives: archives.length, sizeBytes };
  await writeJson(store, join(folder, 'inventory.json'), inventory);
  return { inventory, archives };
}

/** Returns the names of all vaults that follow `after`, in ASCII order. */
export async function listVaultNames(store: Store, after: string): Promise<string[]> {
  const names = (await namesIn(join(store.root, 'vaults'))).map(vaultName);
  return names.filter((name) => name > after).sort();
}

/**
 * Removes a vault.
 * @returns false if it has archives or uploads, or if archives were written since the last inventory
 */
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
  await discardFolder(store, folder);
  return true;
}
