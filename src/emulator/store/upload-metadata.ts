/** The facts that an upload is created with, and the folder of an open upload. */
import { join } from 'node:path';
import { readJson } from './files.js';

export interface UploadMetadata {
  readonly uploadId: string;
  readonly partSizeBytes: number;
  readonly description: string | null;
  /** ISO-8601 UTC with milliseconds. */
  readonly createdAt: string;
  /** Chosen when the upload is initiated, so that completing it twice still makes one archive. */
  readonly archiveId: string;
}

/** Returns null if there is no upload in that folder, or no longer. */
export function readUploadMetadata(folder: string): Promise<UploadMetadata | null> {
  return readJson<UploadMetadata>(join(folder, 'upload.json'));
}

/**
 * Returns the folder that groups uploads by the last character of their id, so that listing one page of 100,000
 * uploads does not read all names. It is in lower case because some file systems do not distinguish `a` from `A`.
 */
export function shardOf(uploadId: string): string {
  return uploadId.slice(-1).toLowerCase();
}

export function openUploadFolder(vault: string, uploadId: string): string {
  return join(vault, 'uploads', shardOf(uploadId), uploadId);
}
