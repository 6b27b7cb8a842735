/**
 * Completes an upload: checks the parts, takes the upload away from everyone else, checks the parts again now that
 * they are final, copies side files into place, and renames the data file to be the archive. The process may be killed
 * after any step:
 *
 *   before the archive's rename   the next request opens the upload again (`recover`), with all its parts
 *   after the archive's rename    the next request finds the archive and returns the same id
 */
import { constants } from 'node:fs';
import { copyFile, open } from 'node:fs/promises';
import { join } from 'node:path';
import { invalid, ServiceError, uploadNotFound } from '../http/service-error.js';
import { combineDigests } from '../tree-hash.js';
import { publishArchive } from './archives.js';
import { finishCompletion, keepTouched, reopen, takeForCompletion } from './completing-uploads.js';
import { namesIn } from './files.js';
import { readResult, type UploadResult } from './finished-uploads.js';
import { isOwnerGone, newOwner, retireOwner } from './owner.js';
import { copyIntoPlace, listSlots, type PartRecord, readPartRecords } from './parts.js';
import type { Store } from './store.js';
import { readUploadMetadata, type UploadMetadata } from './upload-metadata.js';
import { findSettledUpload, isStillOpen } from './uploads.js';

/** The size and hash that the client states for the whole archive. */
interface StatedArchive {
  readonly sizeBytes: number;
  readonly treeHash: string;
}

/**
 * Makes the archive. For an upload that was completed recently, returns the same id again.
 * @returns the archive's id
 * @throws ServiceError 400 if the parts do not have this size and hash (the upload stays open), 404 without an upload
 */
export async function completeUpload(
  store: Store,
  vault: string,
  uploadId: string,
  stated: StatedArchive,
): Promise<string> {
  for (;;) {
    const upload = await findSettledUpload(store, vault, uploadId);
    if (upload === null)
      return idOfFirstCompletion(await readResult(store, vault, uploadId), uploadId, stated);
    try {
      checkParts(await readAllParts(upload.folder), upload.metadata, stated);
    } catch (error) {
      // Parts also seem to be missing if someone else moved the folder in the meantime.
      if (await isStillOpen(upload)) throw error;
      continue;
    }
    const owner = newOwner();
    try {
      const folder = await takeForCompletion(vault, uploadId, owner);
      if (folder !== null) return await completeTaken(store, vault, folder, stated);
    } finally {
      retireOwner(owner);
    }
  }
}

function idOfFirstCompletion(result: UploadResult | null, uploadId: string, stated: StatedArchive): string {
  if (result?.outcome !== 'completed') throw uploadNotFound(uploadId);
  if (result.sizeBytes !== stated.sizeBytes) throw invalid('x-amz-archive-size', String(stated.sizeBytes));
  if (result.treeHash !== stated.treeHash) throw invalid('x-amz-sha256-tree-hash', stated.treeHash);
  return result.archiveId;
}

async function completeTaken(
  store: Store,
  vault: string,
  folder: string,
  stated: StatedArchive,
): Promise<string> {
  const touching = keepTouched(folder);
  try {
    const archiveId = await makeArchive(store, vault, folder, stated).catch(async (error: unknown) => {
      // A part arrived between the two checks, or the disk is full: the upload must stay open.
      await reopen(vault, folder);
      throw error;
    });
    await finishCompletion(store, vault, folder);
    return archiveId;
  } finally {
    clearInterval(touching);
  }
}

async function makeArchive(
  store: Store,
  vault: string,
  folder: string,
  stated: StatedArchive,
): Promise<string> {
  const metadata = await readUploadMetadata(folder);
  if (metadata === null) throw new Error(`upload.json is missing in ${folder}`);
  const parts = await readAllParts(folder);
  checkParts(parts, metadata, stated);
  const file = await assemble(folder, parts, stated.sizeBytes);
  const { archiveId, description } = metadata;
  const createdAt = new Date().toISOString();
  await publishArchive(store, vault, file, { archiveId, description, createdAt, ...stated });
  return archiveId;
}

async function readAllParts(folder: string): Promise<PartRecord[]> {
  return readPartRecords(folder, await listSlots(folder));
}

/** Checks for gaps, the size and the hash (Amazon Glacier developer guide, api-multipart-complete-upload). */
function checkParts(parts: readonly PartRecord[], metadata: UploadMetadata, stated: StatedArchive): void {
  let end = 0;
  for (const { startByte, endByte } of parts) {
    if (startByte !== end) throw missingRange(end, startByte - 1);
    end = endByte + 1;
  }
  if (end !== stated.sizeBytes) {
    // After whole parts only, the last parts are missing. Their range helps a client more than the size does.
    const endsWithWholePart = end % metadata.partSizeBytes === 0;
    if (end < stated.sizeBytes && endsWithWholePart) throw missingRange(end, stated.sizeBytes - 1);
    throw invalid('x-amz-archive-size', String(stated.sizeBytes));
  }
  const root = combineDigests(parts.map(({ treeHash }) => Buffer.from(treeHash, 'hex'))).toString('hex');
  if (end === 0 || root !== stated.treeHash) throw invalid('x-amz-sha256-tree-hash', stated.treeHash);
}

function missingRange(startByte: number, endByte: number): ServiceError {
  return new ServiceError('InvalidParameterValueException', `Missing range: ${startByte}-${endByte}`);
}

/**
 * Copies side files into place and removes bytes after the end that an unfinished part wrote. If a writer that cannot
 * be stopped may still write into `data` (a stalled connection of another process), the archive is made from a copy.
 * @returns the path of the finished file
 */
async function assemble(folder: string, parts: readonly PartRecord[], sizeBytes: number): Promise<string> {
  const data = join(folder, 'data');
  const copy = join(folder, 'copy');
  const writers = (await namesIn(join(folder, 'busy'))).map((name) => name.split('~')[1] ?? '');
  const needsCopy = !writers.every(isOwnerGone);
  if (needsCopy) await copyFile(data, copy, constants.COPYFILE_FICLONE);
  const target = needsCopy ? copy : data;
  const file = await open(target, 'r+');
  try {
    for (const part of parts) if (part.side !== null) await copyIntoPlace(folder, part, file);
    await file.truncate(sizeBytes);
  } finally {
    await file.close();
  }
  return target;
}
