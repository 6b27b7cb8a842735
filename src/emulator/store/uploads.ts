/** Uploads in progress: they are initiated, found, listed and aborted here, and they expire here. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { ServiceError, uploadNotFound } from '../http/service-error.js';
import { newArchiveId, newUploadId } from '../ids.js';
import { findCompleting, recover } from './completing-uploads.js';
import {
  discardFolder,
  FILE_MODE,
  FOLDER_MODE,
  makeFolder,
  moveInto,
  namesIn,
  statOrNull,
  temporaryPath,
} from './files.js';
import { readResult, writeResult } from './finished-uploads.js';
import type { Store } from './store.js';
import { openUploadFolder, readUploadMetadata, shardOf, type UploadMetadata } from './upload-metadata.js';

export interface OpenUpload {
  readonly folder: string;
  readonly metadata: UploadMetadata;
}

const COMPLETER_WAIT_MS = 60_000;
const POLL_MS = 20;

/** @throws Error ENOENT if the vault was removed in the meantime */
export async function initiateUpload(
  store: Store,
  vault: string,
  options: Pick<UploadMetadata, 'partSizeBytes' | 'description'>,
): Promise<UploadMetadata> {
  const createdAt = new Date().toISOString();
  const metadata = { ...options, uploadId: newUploadId(), archiveId: newArchiveId(), createdAt };
  const temporary = temporaryPath(store);
  for (const name of ['', 'parts', 'claims', 'busy', 'side']) {
    await mkdir(join(temporary, name), { mode: FOLDER_MODE });
  }
  await writeFile(join(temporary, 'data'), '', { mode: FILE_MODE });
  await writeFile(join(temporary, 'upload.json'), JSON.stringify(metadata), { mode: FILE_MODE });
  await makeFolder(join(vault, 'uploads', shardOf(metadata.uploadId)), FOLDER_MODE);
  await moveInto(temporary, openUploadFolder(vault, metadata.uploadId));
  return metadata;
}

/** Returns null if the upload is not open. An expired upload is removed now. */
async function findOpenUpload(store: Store, vault: string, uploadId: string): Promise<OpenUpload | null> {
  const folder = openUploadFolder(vault, uploadId);
  const metadata = await readUploadMetadata(folder);
  if (metadata === null) return null;
  if (store.uploadTtlMs === null) return { folder, metadata };
  // Part records are renamed into this folder, so its modification time is the time of the last part.
  const parts = await statOrNull(join(folder, 'parts'));
  if (parts === null) return null;
  if (Date.now() - parts.mtimeMs < store.uploadTtlMs) return { folder, metadata };
  await discardFolder(store, folder);
  return null;
}

/** @throws ServiceError ResourceNotFoundException unless the upload is open */
export async function requireUpload(store: Store, vault: string, uploadId: string): Promise<OpenUpload> {
  const upload = await findOpenUpload(store, vault, uploadId);
  if (upload !== null) return upload;
  const completing = await findCompleting(vault, uploadId);
  if (completing !== null) await recover(store, vault, completing);
  const recovered = await findOpenUpload(store, vault, uploadId);
  if (recovered === null) throw uploadNotFound(uploadId);
  return recovered;
}

/** Returns false if the upload's folder moved away, so that what was read from it may be incomplete. */
export async function isStillOpen(upload: OpenUpload): Promise<boolean> {
  return (await readUploadMetadata(upload.folder)) !== null;
}

/** Returns an upload to complete or abort; null if it is not open. While another request completes it, waits. */
export async function findSettledUpload(
  store: Store,
  vault: string,
  uploadId: string,
): Promise<OpenUpload | null> {
  const deadlineMs = performance.now() + COMPLETER_WAIT_MS;
  for (;;) {
    const upload = await findOpenUpload(store, vault, uploadId);
    if (upload !== null) return upload;
    const completing = await findCompleting(vault, uploadId);
    if (completing === null) return findOpenUpload(store, vault, uploadId);
    await recover(store, vault, completing);
    if (performance.now() > deadlineMs)
      throw new ServiceError('ServiceUnavailableException', 'Service unavailable');
    await wait(POLL_MS);
  }
}

/**
 * Removes an open upload with its parts. Succeeds again for an upload that was aborted recently.
 * @throws ServiceError ResourceNotFoundException if the upload is unknown or was completed
 */
export async function abortUpload(store: Store, vault: string, uploadId: string): Promise<void> {
  const upload = await findSettledUpload(store, vault, uploadId);
  if (upload !== null && (await discardFolder(store, upload.folder))) {
    await writeResult(store, vault, uploadId, { outcome: 'aborted' });
    return;
  }
  const result = await readResult(store, vault, uploadId);
  if (result?.outcome !== 'aborted') throw uploadNotFound(uploadId);
}

/** Returns up to `count` ids of open uploads that follow `after`, in the order of their folders. */
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

/** Returns up to `count` open uploads that follow `after`. Uploads whose completer was killed are open again. */
export async function listUploads(
  store: Store,
  vault: string,
  page: { readonly after: string | null; readonly count: number },
): Promise<UploadMetadata[]> {
  const completing = join(vault, 'completing');
  for (const name of await namesIn(completing)) await recover(store, vault, join(completing, name));
  const found: UploadMetadata[] = [];
  let cursor = page.after;
  while (found.length < page.count) {
    const ids = await listOpenUploadIds(vault, cursor, page.count);
    const uploads = await Promise.all(ids.map((id) => findOpenUpload(store, vault, id)));
    found.push(...uploads.flatMap((upload) => (upload === null ? [] : [upload.metadata])));
    if (ids.length < page.count) break;
    cursor = ids.at(-1) ?? null;
  }
  return found.slice(0, page.count);
}
