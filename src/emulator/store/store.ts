/**
 * Where everything lives. A folder, and nothing in memory: several servers may work in it at once, and each may be
 * killed at any instant. Whatever must appear or vanish as one thing does so by one rename.
 *
 *     v1/tmp/NAME~OWNER            being made; swept when the owner is gone
 *     v1/trash/                    being removed
 *     v1/vaults/NAME/
 *       vault.json  inventory.json  written
 *       archives/ID                the archive's bytes: there exactly if the archive is
 *       archives/ID.json           what is known about it
 *       uploads/C/ID/              an open upload (C: the id's last character)
 *       completing/ID~OWNER/       an upload that is being completed
 *       finished/ID.json           how an upload ended, so that a repeated call is answered alike
 *       jobs/ID.json  jobs/ID.output
 */
import { randomBytes } from 'node:crypto';
import { readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeFolders } from './files.js';
import { isGone, newOwner, retire } from './owner.js';

interface StoreRules {
  /** An upload idle for this long is gone; null: never. */
  readonly uploadTtlMs: number | null;
  /** For how long a repeated complete or abort is answered like the first. */
  readonly repeatWindowMs: number;
  /** How often vaults are inventoried by themselves; null: only by an inventory job. */
  readonly inventoryIntervalMs: number | null;
  /** Whether what is uploaded can be read back; false: it is hashed and dropped, and archives are all zeros. */
  readonly keepsBytes: boolean;
}

export interface Store extends StoreRules {
  readonly root: string;
  readonly owner: string;
}

export const FOLDER_MODE = 0o700;
export const FILE_MODE = 0o600;

/** Opens or makes the folder, and sweeps what killed servers left half made. */
export async function openStore(dataDir: string, rules: StoreRules): Promise<Store> {
  const root = join(dataDir, 'v1');
  for (const name of ['tmp', 'trash', 'vaults']) {
    await makeFolders(join(root, name), FOLDER_MODE);
  }
  for (const name of await readdir(join(root, 'tmp'))) {
    if (isGone(name.split('~')[1] ?? '')) await remove(join(root, 'tmp', name));
  }
  for (const name of await readdir(join(root, 'trash'))) await remove(join(root, 'trash', name));
  return { ...rules, root, owner: newOwner() };
}

export function closeStore(store: Store): void {
  retire(store.owner);
}

/** A name for something being made, on the same file system as its place. */
export function temporaryPath(store: Store): string {
  return join(store.root, 'tmp', `${randomBytes(12).toString('hex')}~${store.owner}`);
}

export function hasCode(error: unknown, ...codes: string[]): boolean {
  return error instanceof Error && codes.includes((error as NodeJS.ErrnoException).code ?? '');
}

/** What a JSON file holds; null where there is none, or a power cut left less than the whole. */
export async function readJson<T>(path: string): Promise<T | null> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    if (hasCode(error, 'ENOENT', 'ENOTDIR')) return '';
    throw error;
  });
  return parseJson<T>(() => text);
}

/** The same, of a text that is only read here. */
export function parseJson<T>(read: () => string): T | null {
  try {
    return JSON.parse(read()) as T;
  } catch (error) {
    if (error instanceof SyntaxError || hasCode(error, 'ENOENT')) return null;
    throw error;
  }
}

/** Writes a small file so that readers see the old or the new one, whole. */
export async function writeJson(store: Store, path: string, value: unknown): Promise<void> {
  const temporary = temporaryPath(store);
  await writeFile(temporary, JSON.stringify(value), { mode: FILE_MODE });
  await moveInto(temporary, path);
}

/** Renames something finished to its place; what cannot be placed is removed. */
export async function moveInto(temporary: string, path: string): Promise<void> {
  try {
    await rename(temporary, path);
  } catch (error) {
    await remove(temporary);
    throw error;
  }
}

/** Makes a folder vanish at once, then removes it. @returns false where it was already gone */
export async function discard(store: Store, folder: string): Promise<boolean> {
  const grave = join(store.root, 'trash', randomBytes(12).toString('hex'));
  try {
    await rename(folder, grave);
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return false;
    throw error;
  }
  await remove(grave);
  return true;
}

/** Removes whatever is there; another server may be at the same. */
export async function remove(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true, maxRetries: 2 }).catch((error: unknown) => {
    if (!hasCode(error, 'ENOENT', 'ENOTEMPTY')) throw error;
  });
}

/** Names in a folder; none where there is no folder. */
export async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return [];
    throw error;
  }
}
