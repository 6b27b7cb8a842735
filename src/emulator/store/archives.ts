/** Archives. Each is one plain file with its bytes, and one with its metadata. */
import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { namesIn, readJson, statOrNull, unlinkIfPresent, type Workspace, writeJson } from './files.js';

export interface ArchiveMetadata {
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
 * Moves a finished file to its place as an archive. The metadata is written first: the archive exists from the moment
 * when its bytes are renamed.
 */
export async function publishArchive(
  workspace: Workspace,
  vault: string,
  file: string,
  metadata: ArchiveMetadata,
): Promise<void> {
  const path = archivePath(vault, metadata.archiveId);
  await writeJson(workspace, `${path}.json`, metadata);
  // Inventories are dated by the same clock. The file system's clock is some milliseconds behind it.
  await writeJson(workspace, join(vault, 'written.json'), { atMs: Date.now() });
  await rename(file, path);
}

/** Returns null if there is no such archive. */
export async function findArchive(vault: string, archiveId: string): Promise<ArchiveMetadata | null> {
  const path = archivePath(vault, archiveId);
  const bytes = await statOrNull(path);
  return bytes === null ? null : readJson<ArchiveMetadata>(`${path}.json`);
}

/** Removes an archive. Succeeds if it is already missing. */
export async function deleteArchive(vault: string, archiveId: string): Promise<void> {
  const path = archivePath(vault, archiveId);
  for (const file of [path, `${path}.json`]) await unlinkIfPresent(file);
}

/** Returns all archives of a vault, the oldest first. */
export async function listArchives(vault: string): Promise<ArchiveMetadata[]> {
  const names = new Set(await namesIn(join(vault, 'archives')));
  const archives: ArchiveMetadata[] = [];
  for (const name of names) {
    if (!names.has(`${name}.json`)) continue;
    const metadata = await readJson<ArchiveMetadata>(`${archivePath(vault, name)}.json`);
    if (metadata !== null) archives.push(metadata);
  }
  return archives.sort((a, b) => compare(a.createdAt, b.createdAt) || compare(a.archiveId, b.archiveId));
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
