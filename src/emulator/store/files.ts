/** File operations that are safe when several servers work in one folder and each may be killed at any time. */
import { randomBytes } from 'node:crypto';
import type { Stats } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, stat, unlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { isError } from '../is-error.js';

/** The root folder of a store, and the name under which this server works in it. */
export interface Workspace {
  readonly root: string;
  readonly owner: string;
}

export const FOLDER_MODE = 0o700;
export const FILE_MODE = 0o600;

export function hasCode(error: unknown, ...codes: string[]): boolean {
  return isError(error) && codes.includes((error as NodeJS.ErrnoException).code ?? '');
}

/** Returns a new path for a file or folder in the making, on the file system of its final place. */
export function temporaryPath({ root, owner }: Workspace): string {
  return join(root, 'tmp', `${randomBytes(12).toString('hex')}~${owner}`);
}

/** Reads a JSON file. Returns null if it is missing, or incomplete after a power cut. */
export async function readJson<T>(path: string): Promise<T | null> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    if (hasCode(error, 'ENOENT', 'ENOTDIR')) return '';
    throw error;
  });
  return parseJson<T>(() => text);
}

/** Does the same for a text that `read` returns or fails to find. */
export function parseJson<T>(read: () => string): T | null {
  try {
    return JSON.parse(read()) as T;
  } catch (error) {
    if (error instanceof SyntaxError || hasCode(error, 'ENOENT')) return null;
    throw error;
  }
}

/** Replaces a small file in one step: readers see either the old content or the new one. */
export async function writeJson(workspace: Workspace, path: string, value: unknown): Promise<void> {
  const temporary = temporaryPath(workspace);
  await writeFile(temporary, JSON.stringify(value), { mode: FILE_MODE });
  await moveInto(temporary, path);
}

/** Renames a finished temporary file or folder to its final path; if that fails, removes it. */
export async function moveInto(temporary: string, path: string): Promise<void> {
  try {
    await rename(temporary, path);
  } catch (error) {
    await remove(temporary);
    throw error;
  }
}

/** Renames a file or folder. @returns false if it is missing */
export async function renameIfPresent(from: string, to: string): Promise<boolean> {
  try {
    await rename(from, to);
    return true;
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return false;
    throw error;
  }
}

/** Makes a folder disappear in one step, then removes it. @returns false if it was already missing */
export async function discardFolder({ root }: Workspace, folder: string): Promise<boolean> {
  const trash = join(root, 'trash', randomBytes(12).toString('hex'));
  if (!(await renameIfPresent(folder, trash))) return false;
  await remove(trash);
  return true;
}

/** Removes a file or a folder, even while another server removes it too. */
export async function remove(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true, maxRetries: 2 }).catch((error: unknown) => {
    if (!hasCode(error, 'ENOENT', 'ENOTEMPTY')) throw error;
  });
}

export async function unlinkIfPresent(path: string): Promise<void> {
  await unlink(path).catch((error: unknown) => {
    if (!hasCode(error, 'ENOENT')) throw error;
  });
}

/** Returns null if there is nothing at the path. @throws any other error, which does not show that it is missing */
export async function statOrNull(path: string): Promise<Stats | null> {
  try {
    return await stat(path);
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR')) return null;
    throw error;
  }
}

/** Returns the names in a folder; an empty list if the folder is missing. */
export async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return [];
    throw error;
  }
}

/**
 * Creates a folder and its parents, as `mkdir -p` does. Node's own recursive mkdir never ends on a file system that
 * takes no folders and answers ENOENT (Linux's /proc).
 * @returns false if the folder existed
 */
export async function makeFolders(path: string, mode: number): Promise<boolean> {
  try {
    return await makeFolder(path, mode);
  } catch (error) {
    if (!hasCode(error, 'ENOENT')) throw error;
  }
  await makeFolders(dirname(path), mode);
  return makeFolder(path, mode);
}

/** Creates a folder. @returns false if it existed */
export async function makeFolder(path: string, mode: number): Promise<boolean> {
  try {
    await mkdir(path, { mode });
    return true;
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return false;
    throw error;
  }
}
