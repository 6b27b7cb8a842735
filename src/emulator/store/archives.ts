/** Archives: one plain file of bytes each, and one of facts. */
import { rename, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { hasCode, namesIn, readJson, type Store, writeJson } from './store.js';

export interface ArchiveFacts {
  readonly archiveId: string;
  readonly description: string | null;
  /** ISO-8601 UTC with milliseconds. */
  readonly createdAt: string;
  readonly sizeBytes: number;
  readonly treeHash: string;
}

export function archivePath(vault: string, archiveId: string): string {
  return join(vault, 'archives', archiveId);
}

/**
 * Makes an archive of a finished file, which is moved and not copied. Facts come first: the bytes' rename is the
 * instant at which the archive exists.
 */
export async function publishArchive(
  store: Store,
  vault: string,
  file: string,
  facts: ArchiveFacts,
): Promise<void> {
  const path = archivePath(vault, facts.archiveId);
  await writeJson(store, `${path}.json`, facts);
  // By our own clock, which inventories are dated by: the file system's lags behind it by some milliseconds.
  await writeJson(store, join(vault, 'written.json'), { atMs: Date.now() });
  await rename(file, path);
}

/** What is known of an archive; null where there is none. */
export async function findArchive(vault: string, archiveId: string): Promise<ArchiveFacts | null> {
  const path = archivePath(vault, archiveId);
  const bytes = await stat(path).catch(() => null);
  return bytes === null ? null : readJson<ArchiveFacts>(`${path}.json`);
}

/** Removes an archive; a missing one is no error. */
export async function deleteArchive(vault: string, archiveId: string): Promise<void> {
  const path = archivePath(vault, archiveId);
  for (const file of [path, `${path}.json`]) {
    await unlink(file).catch((error: unknown) => {
      if (!hasCode(error, 'ENOENT')) throw error;
    });
  }
}

/** All archives of a vault, the oldest first. */
export async function listArchives(vault: string): Promise<ArchiveFacts[]> {
  const names = new Set(await namesIn(join(vault, 'archives')));
  const archives: ArchiveFacts[] = [];
  for (const name of names) {
    if (!names.has(`${name}.json`)) continue;
    const facts = await readJson<ArchiveFacts>(`${archivePath(vault, name)}.json`);
    if (facts !== null) archives.push(facts);
  }
  return archives.sort((a, b) => compare(a.createdAt, b.createdAt) || compare(a.archiveId, b.archiveId));
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
