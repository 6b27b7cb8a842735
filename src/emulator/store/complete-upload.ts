/**
 * Completing: check the parts, take the upload out of everybody's reach, check again what is now final, bring side
 * files into place, and rename the data file to be the archive. Each step may be the last one of this process:
 *
 *   killed before the archive's rename   the upload opens again for whoever asks next (`recover`), its parts intact
 *   killed after it                      whoever asks next finds the archive, and the same id is the answer
 */
import { constants } from 'node:fs';
import { copyFile, open } from 'node:fs/promises';
import { join } from 'node:path';
import { invalid, ServiceError, uploadNotFound } from '../http/service-error.js';
import { foldDigests } from '../tree-hash.js';
import { publishArchive } from './archives.js';
import { finishCompletion, freeze, keepTouched, thaw } from './completing-uploads.js';
import { type Ending, readEnding } from './finished-uploads.js';
import { isGone, newOwner, retire } from './owner.js';
import { copyIntoPlace, listSlots, type PartRecord, readRecords } from './parts.js';
import { namesIn, type Store } from './store.js';
import { readUploadFacts, type UploadFacts } from './upload-metadata.js';
import { findSettledUpload, isStillOpen } from './uploads.js';

/** What the client says that its parts make. */
interface Whole {
  readonly sizeBytes: number;
  readonly treeHash: string;
}

/**
 * Makes the archive. Once more for a completed upload: the same id, for a while.
 * @returns the archive's id
 * @throws ServiceError 400 where the parts do not make this size and hash (the upload stays open), 404 where it is gone
 */
export async function completeUpload(
  store: Store,
  vault: string,
  uploadId: string,
  whole: Whole,
): Promise<string> {
  for (;;) {
    const upload = await findSettledUpload(store, vault, uploadId);
    if (upload === null) return repeatedAnswer(await readEnding(store, vault, uploadId), uploadId, whole);
    try {
      checkParts(await recordsIn(upload.folder), upload.facts, whole);
    } catch (error) {
      // Parts also seem to be missing when another took the folder away meanwhile.
      if (await isStillOpen(upload)) throw error;
      continue;
    }
    const owner = newOwner();
    try {
      const frozen = await freeze(vault, uploadId, owner);
      if (frozen !== null) return await completeFrozen(store, vault, frozen, whole);
    } finally {
      retire(owner);
    }
  }
}

function repeatedAnswer(ending: Ending | null, uploadId: string, whole: Whole): string {
  if (ending?.outcome !== 'completed') throw uploadNotFound(uploadId);
  if (ending.sizeBytes !== whole.sizeBytes) throw invalid('x-amz-archive-size', String(whole.sizeBytes));
  if (ending.treeHash !== whole.treeHash) throw invalid('x-amz-sha256-tree-hash', whole.treeHash);
  return ending.archiveId;
}

async function completeFrozen(store: Store, vault: string, frozen: string, whole: Whole): Promise<string> {
  const touching = keepTouched(frozen);
  try {
    const archiveId = await makeArchive(store, vault, frozen, whole).catch(async (error: unknown) => {
      // A part that arrived between the two checks, or a full disk: the upload must stay open.
      await thaw(vault, frozen);
      throw error;
    });
    await finishCompletion(store, vault, frozen);
    return archiveId;
  } finally {
    clearInterval(touching);
  }
}

async function makeArchive(store: Store, vault: string, frozen: string, whole: Whole): Promise<string> {
  const facts = await readUploadFacts(frozen);
  if (facts === null) throw new Error(`no facts in ${frozen}`);
  const records = await recordsIn(frozen);
  checkParts(records, facts, whole);
  const file = await assemble(frozen, records, whole.sizeBytes);
  const { archiveId, description } = facts;
  const createdAt = new Date().toISOString();
  await publishArchive(store, vault, file, { archiveId, description, createdAt, ...whole });
  return archiveId;
}

async function recordsIn(folder: string): Promise<PartRecord[]> {
  return readRecords(folder, await listSlots(folder));
}

/** No gap, the size, the hash (Amazon Glacier developer guide, api-multipart-complete-upload). */
function checkParts(records: readonly PartRecord[], facts: UploadFacts, whole: Whole): void {
  let end = 0;
  for (const { startByte, endByte } of records) {
    if (startByte !== end) throw missingRange(end, startByte - 1);
    end = endByte + 1;
  }
  const { partSizeBytes } = facts;
  if (end !== whole.sizeBytes) {
    // Short of it by whole parts: parts are missing at the end, which a client would want to hear by name.
    if (end < whole.sizeBytes && end % partSizeBytes === 0) throw missingRange(end, whole.sizeBytes - 1);
    throw invalid('x-amz-archive-size', String(whole.sizeBytes));
  }
  const root = foldDigests(records.map(({ treeHash }) => Buffer.from(treeHash, 'hex'))).toString('hex');
  if (end === 0 || root !== whole.treeHash) throw invalid('x-amz-sha256-tree-hash', whole.treeHash);
}

function missingRange(startByte: number, endByte: number): ServiceError {
  return new ServiceError('InvalidParameterValueException', `Missing range: ${startByte}-${endByte}`);
}

/**
 * Brings side files into place and cuts off what an unfinished part left behind the end. Where somebody who cannot be
 * stopped may still write into `data` (a stalled connection of another process), the archive is made of a copy.
 */
async function assemble(frozen: string, records: readonly PartRecord[], sizeBytes: number): Promise<string> {
  const data = join(frozen, 'data');
  const copy = join(frozen, 'copy');
  const writers = (await namesIn(join(frozen, 'busy'))).map((name) => name.split('~')[1] ?? '');
  const disturbed = !writers.every(isGone);
  if (disturbed) await copyFile(data, copy, constants.COPYFILE_FICLONE);
  const target = disturbed ? copy : data;
  const file = await open(target, 'r+');
  try {
    for (const record of records) if (record.side !== null) await copyIntoPlace(frozen, record, file);
    await file.truncate(sizeBytes);
  } finally {
    await file.close();
  }
  return target;
}
