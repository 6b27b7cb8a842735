/**
 * Walks through a folder and finds its files, in the order of their names' bytes. Of all names, only those of the folders on
 * the way down are in memory: the largest folder decides, and not the number of files.
 */
import type { BigIntStats } from 'node:fs';
import { stat } from 'node:fs/promises';
import { systemCode } from '../../core/system-errors.js';
import { type FindOptions, type Found, folderFailure, kindOf } from './look.js';
import { type FolderEntries, joined, nameOfEntry, readFolder } from './read-folder.js';

/** A folder whose files are sent. */
export interface WalkRoot {
  /** Its absolute path. */
  readonly folder: string;
  /** The start of the names of its files: empty, or with a `/` at its end. */
  readonly prefix: string;
}

/** A folder on the way down, with the place that the walk has reached in it. */
interface Level extends WalkRoot, FolderEntries {
  readonly stats: BigIntStats;
  next: number;
}

/**
 * Finds the files below a folder. Folders without files give nothing. What cannot be read is given as failed.
 * @throws the reason of the signal
 */
export async function* walkFolder(root: WalkRoot, options: FindOptions): AsyncGenerator<Found, void> {
  const levels: Level[] = [];
  const failed = await enter(levels, root, options);
  if (failed !== null) yield failed;
  for (let level = levels.at(-1); level !== undefined; level = levels.at(-1)) {
    options.signal.throwIfAborted();
    const entry = level.entries[level.next];
    level.next += 1;
    if (entry === undefined) {
      levels.pop();
      continue;
    }
    const name = nameOfEntry(entry);
    const error = level.failures.get(entry);
    const path = joined(level.folder, name);
    if (error !== undefined) {
      yield { path, error };
    } else if (entry.endsWith('/')) {
      const below = { folder: path.slice(0, -1), prefix: level.prefix + name };
      const unread = await enter(levels, below, options);
      if (unread !== null) yield unread;
    } else {
      yield { path, name: level.prefix + name };
    }
  }
}

/** Adds a folder to the levels, unless it is skipped or cannot be read. */
async function enter(levels: Level[], root: WalkRoot, options: FindOptions): Promise<Found | null> {
  const { folder, prefix } = root;
  try {
    const stats = await stat(folder, { bigint: true });
    if (isSkipped(levels, stats, options)) return null;
    levels.push({ folder, prefix, stats, next: 0, ...(await readFolder(folder, prefix, options)) });
    return null;
  } catch (error) {
    if (systemCode(error) === null) throw error;
    return { path: folder, error: folderFailure(folder, error) };
  }
}

/** Counts a folder on another file system, and a link to a folder above it, in which the walk would never end. */
function isSkipped(
  above: readonly Pick<Level, 'stats'>[],
  { dev, ino }: BigIntStats,
  { followLinks, oneFileSystem, skipped }: FindOptions,
): boolean {
  const [root] = above;
  // Without links no walk has loops, and some network file systems number their folders alike.
  const isLoop = followLinks && above.some(({ stats }) => stats.dev === dev && stats.ino === ino);
  const isMount = oneFileSystem && root !== undefined && root.stats.dev !== dev;
  if (isLoop) skipped.loops += 1;
  else if (isMount) skipped.mounts += 1;
  return isLoop || isMount;
}

/** Returns true if a walk through the folder gives a file of this name below the target. */
export async function wouldFind(
  { folder, prefix }: WalkRoot,
  name: string,
  given: FindOptions,
): Promise<boolean> {
  if (!name.startsWith(prefix)) return false;
  const options = { ...given, skipped: { ...given.skipped } };
  const parts = name.slice(prefix.length).split('/');
  const above: Pick<Level, 'stats'>[] = [];
  try {
    let path = folder;
    for (const [i, part] of parts.entries()) {
      const stats = await stat(path, { bigint: true });
      if (isSkipped(above, stats, options)) return false;
      above.push({ stats });
      path = joined(path, part);
      const wanted = i === parts.length - 1 ? 'file' : 'folder';
      const isIncluded = options.includes(prefix + parts.slice(0, i + 1).join('/'), wanted === 'folder');
      if (!isIncluded || (await kindOf(path, options.followLinks)) !== wanted) return false;
    }
    return true;
  } catch (error) {
    if (systemCode(error) === null) throw error;
    return false;
  }
}
