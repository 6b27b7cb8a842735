/**
 * An upload is completed in a folder of the completer's own: taking it there by one rename decides who completes it,
 * and cuts off every part that is still on its way, since those know it by its old path.
 */
import { rename, stat, utimes } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { archivePath, findArchive } from './archives.js';
import { writeEnding } from './finished-uploads.js';
import { isGone, isLocal } from './owner.js';
import { discard, hasCode, namesIn, type Store } from './store.js';
import { openFolder, readUploadFacts, type UploadFacts } from './upload-metadata.js';

/** A completer elsewhere is given up when it has not touched its folder for this long. */
const SILENCE_MAX_MS = 120_000;
const TOUCH_EVERY_MS = 20_000;

/** The folder in which an upload is being completed, null where nobody does. */
export async function frozenFolder(vault: string, uploadId: string): Promise<string | null> {
  const names = await namesIn(join(vault, 'completing'));
  const name = names.find((candidate) => candidate.startsWith(`${uploadId}~`));
  return name === undefined ? null : join(vault, 'completing', name);
}

/** Takes an open upload for completion. @returns its new folder, null where another was quicker */
export async function freeze(vault: string, uploadId: string, owner: string): Promise<string | null> {
  const frozen = join(vault, 'completing', `${uploadId}~${owner}`);
  const taken = await move(openFolder(vault, uploadId), frozen);
  return taken ? frozen : null;
}

/** Opens it again. @returns false where it was not there any more */
export async function thaw(vault: string, frozen: string): Promise<boolean> {
  return move(frozen, openFolder(vault, uploadIdOf(frozen)));
}

/** Keeps completers elsewhere from thinking that this one died. */
export function keepTouched(frozen: string): NodeJS.Timeout {
  const touch = () => void utimes(frozen, new Date(), new Date()).catch(() => {});
  touch();
  return setInterval(touch, TOUCH_EVERY_MS).unref();
}

/** Opens again what its completer left when it was killed, or finishes it where the archive was made already. */
export async function recover(store: Store, vault: string, frozen: string): Promise<void> {
  if (!(await isAbandoned(frozen))) return;
  const facts = await readUploadFacts(frozen);
  if (facts === null) return;
  if (await wasPublished(vault, frozen, facts)) await finishCompletion(store, vault, frozen);
  else await thaw(vault, frozen);
}

/** After the archive exists: remembers how the upload ended, and removes its folder. Safe to repeat. */
export async function finishCompletion(store: Store, vault: string, frozen: string): Promise<void> {
  const facts = await readUploadFacts(frozen);
  if (facts === null) return;
  const archive = await findArchive(vault, facts.archiveId);
  if (archive !== null) {
    const { archiveId, sizeBytes, treeHash } = archive;
    await writeEnding(store, vault, facts.uploadId, { outcome: 'completed', archiveId, sizeBytes, treeHash });
  }
  await discard(store, frozen);
}

async function wasPublished(vault: string, frozen: string, facts: UploadFacts): Promise<boolean> {
  if ((await stat(archivePath(vault, facts.archiveId)).catch(() => null)) !== null) return true;
  return (await stat(join(frozen, 'data')).catch(() => null)) === null;
}

async function isAbandoned(frozen: string): Promise<boolean> {
  const owner = basename(frozen).split('~')[1] ?? '';
  if (isGone(owner)) return true;
  if (isLocal(owner)) return false;
  const folder = await stat(frozen).catch(() => null);
  return folder !== null && Date.now() - folder.mtimeMs > SILENCE_MAX_MS;
}

function uploadIdOf(frozen: string): string {
  return basename(frozen).split('~')[0] ?? '';
}

async function move(from: string, to: string): Promise<boolean> {
  try {
    await rename(from, to);
    return true;
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return false;
    throw error;
  }
}
