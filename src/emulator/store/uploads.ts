/** Uploads in progress: begun, found, listed, aborted, expired. */
import { mkdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { ServiceError, uploadNotFound } from '../http/service-error.js';
import { newArchiveId, newUploadId } from '../ids.js';
import { frozenFolder, recover } from './completing-uploads.js';
import { readEnding, writeEnding } from './finished-uploads.js';
import {
  discard,
  FILE_MODE,
  FOLDER_MODE,
  hasCode,
  moveInto,
  namesIn,
  type Store,
  temporaryPath,
} from './store.js';
import { openFolder, readUploadFacts, shardOf, type UploadFacts } from './upload-metadata.js';

export interface OpenUpload {
  readonly folder: string;
  readonly facts: UploadFacts;
}

const COMPLETER_WAIT_MS = 60_000;
const POLL_MS = 20;

/** @throws Error ENOENT where the vault was removed */
export async function beginUpload(
  store: Store,
  vault: string,
  wish: Pick<UploadFacts, 'partSizeBytes' | 'description'>,
): Promise<UploadFacts> {
  const createdAt = new Date().toISOString();
  const facts = { ...wish, uploadId: newUploadId(), archiveId: newArchiveId(), createdAt };
  const temporary = temporaryPath(store);
  for (const name of ['', 'parts', 'claims', 'busy', 'side']) {
    await mkdir(join(temporary, name), { mode: FOLDER_MODE });
  }
  await writeFile(join(temporary, 'data'), '', { mode: FILE_MODE });
  await writeFile(join(temporary, 'upload.json'), JSON.stringify(facts), { mode: FILE_MODE });
  await mkdir(join(vault, 'uploads', shardOf(facts.uploadId)), { mode: FOLDER_MODE }).catch(
    (error: unknown) => {
      if (!hasCode(error, 'EEXIST')) throw error;
    },
  );
  await moveInto(temporary, openFolder(vault, facts.uploadId));
  return facts;
}

/** An open upload, null where there is none: one that was idle for too long goes now. */
async function lookUp(store: Store, vault: string, uploadId: string): Promise<OpenUpload | null> {
  const folder = openFolder(vault, uploadId);
  const facts = await readUploadFacts(folder);
  if (facts === null) return null;
  if (store.uploadTtlMs === null) return { folder, facts };
  // A part's record is renamed into this folder, so its time of change is that of the last part.
  const parts = await stat(join(folder, 'parts')).catch(() => null);
  if (parts === null) return null;
  if (Date.now() - parts.mtimeMs < store.uploadTtlMs) return { folder, facts };
  await discard(store, folder);
  return null;
}

/** @throws ServiceError ResourceNotFoundException unless it is open */
export async function findUpload(store: Store, vault: string, uploadId: string): Promise<OpenUpload> {
  const upload = await lookUp(store, vault, uploadId);
  if (upload !== null) return upload;
  const frozen = await frozenFolder(vault, uploadId);
  if (frozen !== null) await recover(store, vault, frozen);
  const again = await lookUp(store, vault, uploadId);
  if (again === null) throw uploadNotFound(uploadId);
  return again;
}

/** Whether what was just read of an upload was all there was, and not what was left while its folder went away. */
export async function isStillOpen(upload: OpenUpload): Promise<boolean> {
  return (await readUploadFacts(upload.folder)) !== null;
}

/** An upload that is to be ended, null where it is not open: while another completes it, the outcome is awaited. */
export async function findSettledUpload(
  store: Store,
  vault: string,
  uploadId: string,
): Promise<OpenUpload | null> {
  const deadline = Date.now() + COMPLETER_WAIT_MS;
  for (;;) {
    const upload = await lookUp(store, vault, uploadId);
    if (upload !== null) return upload;
    const frozen = await frozenFolder(vault, uploadId);
    if (frozen === null) return lookUp(store, vault, uploadId);
    await recover(store, vault, frozen);
    if (Date.now() > deadline) throw new ServiceError('ServiceUnavailableException', 'Service unavailable');
    await wait(POLL_MS);
  }
}

/**
 * Drops an open upload and what it holds; again is no error for a while.
 * @throws ServiceError ResourceNotFoundException where it is unknown, or was completed
 */
export async function abortUpload(store: Store, vault: string, uploadId: string): Promise<void> {
  const upload = await findSettledUpload(store, vault, uploadId);
  if (upload !== null && (await discard(store, upload.folder))) {
    await writeEnding(store, vault, uploadId, { outcome: 'aborted' });
    return;
  }
  const ending = await readEnding(store, vault, uploadId);
  if (ending?.outcome !== 'aborted') throw uploadNotFound(uploadId);
}

/** Ids of open uploads after one, in the order of their folders: at most `count`. */
export async function listOpenUploadIds(
  vault: string,
  after: string | null,
  count: number,
): Promise<string[]> {
  const found: string[] = [];
  for (const shard of (await namesIn(join(vault, 'uploads'))).sort()) {
    if (after !== null && shard < shardOf(after)) continue;
    const ids = (await namesIn(join(vault, 'uploads', shard))).sort();
    const rest = after !== null && shard === shardOf(after) ? ids.filter((id) => id > after) : ids;
    found.push(...rest.slice(0, count - found.length));
    if (found.length >= count) break;
  }
  return found;
}

/** Open uploads after one, at most `count`: those that a killed completer left included. */
export async function listUploads(
  store: Store,
  vault: string,
  page: { readonly after: string | null; readonly count: number },
): Promise<UploadFacts[]> {
  const frozen = await namesIn(join(vault, 'completing'));
  for (const name of frozen) await recover(store, vault, join(vault, 'completing', name));
  const found: UploadFacts[] = [];
  let cursor = page.after;
  while (found.length < page.count) {
    const ids = await listOpenUploadIds(vault, cursor, page.count);
    const uploads = await Promise.all(ids.map((id) => lookUp(store, vault, id)));
    found.push(...uploads.flatMap((upload) => (upload === null ? [] : [upload.facts])));
    if (ids.length < page.count) break;
    cursor = ids.at(-1) ?? null;
  }
  return found.slice(0, page.count);
}
