/**
 * Uploads that are being completed. The completer moves the upload's folder to a path of its own. This one rename
 * decides who completes the upload, and stops all parts that are still arriving, because they use the old path.
 */
import { utimes } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { archivePath, findArchive } from './archives.js';
import { discardFolder, namesIn, renameIfPresent, statOrNull, type Workspace } from './files.js';
import { writeResult } from './finished-uploads.js';
import { isOwnerGone, isOwnerLocal } from './owner.js';
import { openUploadFolder, readUploadMetadata, type UploadMetadata } from './upload-metadata.js';

/** A completer in another pid scope is considered dead if its folder has not been touched for this long. */
const SILENCE_MAX_MS = 120_000;
const TOUCH_EVERY_MS = 20_000;

/** Returns the folder in which the upload is being completed; null if nobody completes it. */
export async function findCompleting(vault: string, uploadId: string): Promise<string | null> {
  const names = await namesIn(join(vault, 'completing'));
  const name = names.find((candidate) => candidate.startsWith(`${uploadId}~`));
  return name === undefined ? null : join(vault, 'completing', name);
}

/** Takes an open upload for completion. @returns its new folder; null if another completer was faster */
export async function takeForCompletion(
  vault: string,
  uploadId: string,
  owner: string,
): Promise<string | null> {
  const folder = join(vault, 'completing', `${uploadId}~${owner}`);
  return (await renameIfPresent(openUploadFolder(vault, uploadId), folder)) ? folder : null;
}

/** Makes the upload open again. Does nothing if its folder is missing. */
export async function reopen(vault: string, folder: string): Promise<void> {
  const uploadId = basename(folder).split('~')[0] ?? '';
  await renameIfPresent(folder, openUploadFolder(vault, uploadId));
}

/** Touches the folder regularly, so that completers in other pid scopes do not consider this one dead. */
export function keepTouched(folder: string): NodeJS.Timeout {
  const touch = () => void utimes(folder, new Date(), new Date()).catch(() => {});
  touch();
  return setInterval(touch, TOUCH_EVERY_MS).unref();
}

/** If the completer was killed, finishes the completion if the archive exists, and opens the upload again if not. */
export async function recover(workspace: Workspace, vault: string, folder: string): Promise<void> {
  if (!(await isAbandoned(folder))) return;
  const metadata = await readUploadMetadata(folder);
  if (metadata === null) return;
  if (await wasPublished(vault, folder, metadata)) await finishCompletion(workspace, vault, folder);
  else await reopen(vault, folder);
}

/** Records the result once the archive exists, and removes the upload's folder. Idempotent. */
export async function finishCompletion(workspace: Workspace, vault: string, folder: string): Promise<void> {
  const metadata = await readUploadMetadata(folder);
  if (metadata === null) return;
  const archive = await findArchive(vault, metadata.archiveId);
  if (archive !== null) {
    const { archiveId, sizeBytes, treeHash } = archive;
    const result = { outcome: 'completed', archiveId, sizeBytes, treeHash } as const;
    await writeResult(workspace, vault, metadata.uploadId, result);
  }
  await discardFolder(workspace, folder);
}

/** The archive may already be deleted again. The missing data file then shows that it was published. */
async function wasPublished(vault: string, folder: string, metadata: UploadMetadata): Promise<boolean> {
  if ((await statOrNull(archivePath(vault, metadata.archiveId))) !== null) return true;
  return (await statOrNull(join(folder, 'data'))) === null;
}

async function isAbandoned(folder: string): Promise<boolean> {
  const owner = basename(folder).split('~')[1] ?? '';
  if (isOwnerGone(owner)) return true;
  if (isOwnerLocal(owner)) return false;
  const stats = await statOrNull(folder);
  return stats !== null && Date.now() - stats.mtimeMs > SILENCE_MAX_MS;
}
