/** What is known of an upload from its beginning, and where it lies while it is open. */
import { join } from 'node:path';
import { readJson } from './store.js';

export interface UploadFacts {
  readonly uploadId: string;
  readonly partSizeBytes: number;
  readonly description: string | null;
  /** ISO-8601 UTC with milliseconds. */
  readonly createdAt: string;
  /** Chosen at the beginning, so that however often it is completed, and by whom, one archive comes of it. */
  readonly archiveId: string;
}

/** Null where there is no such upload (any more). */
export function readUploadFacts(folder: string): Promise<UploadFacts | null> {
  return readJson<UploadFacts>(join(folder, 'upload.json'));
}

/**
 * Uploads lie in folders by their id's last character, so that a page of 100,000 need not read all names. In lower
 * case, since some file systems do not tell `a` from `A`.
 */
export function shardOf(uploadId: string): string {
  return uploadId.slice(-1).toLowerCase();
}

export function openFolder(vault: string, uploadId: string): string {
  return join(vault, 'uploads', shardOf(uploadId), uploadId);
}
