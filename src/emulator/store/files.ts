import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';

/**
 * As `mkdir -p`. Node's own never ends where a file system that takes no folders says that the path is not there
 * (Linux's /proc).
 * @returns whether the last of them was made
 */
export async function makeFolders(path: string, mode: number): Promise<boolean> {
  try {
    return await makeFolder(path, mode);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  await makeFolders(dirname(path), mode);
  return makeFolder(path, mode);
}

async function makeFolder(path: string, mode: number): Promise<boolean> {
  try {
    await mkdir(path, { mode });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    return false;
  }
}
