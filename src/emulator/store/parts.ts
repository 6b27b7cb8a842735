/**
 * The parts of an open upload. Each part has a slot. The first writer claims the slot and writes into the upload's
 * data file, at the part's final position, so that completing copies nothing. Every other writer of the slot (a
 * repeat, or a second request at the same time) writes a side file. The slot's record names the part that arrived
 * last and whole. Bytes that a record names are never overwritten.
 *
 *     data            the bytes of the future archive
 *     claims/00007    exists once a writer has claimed the slot
 *     busy/7~OWNER    exists while OWNER writes into `data`
 *     side/RANDOM     the bytes of a later writer
 *     parts/00007     the slot's record
 */
import { randomBytes } from 'node:crypto';
import { createReadStream, readFileSync } from 'node:fs';
import { type FileHandle, open, writeFile } from 'node:fs/promises';
import { devNull } from 'node:os';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { BodyDestination } from '../http/body-writer.js';
import type { PartRange } from '../http/headers.js';
import { uploadNotFound } from '../http/service-error.js';
import { FILE_MODE, hasCode, namesIn, parseJson, readJson, unlinkIfPresent, writeJson } from './files.js';
import { newOwner, retireOwner } from './owner.js';
import type { Store } from './store.js';
import { isStillOpen, type OpenUpload } from './uploads.js';

export interface PartRecord {
  readonly startByte: number;
  /** Inclusive. */
  readonly endByte: number;
  readonly treeHash: string;
  /** The name of the side file that has the bytes; null if they are in place. */
  readonly side: string | null;
}

/** A part whose bytes are being written. */
export interface PartWriter extends BodyDestination {
  /** Makes this the slot's part. Call it when all bytes are written and verified. */
  commit(treeHash: string): Promise<void>;
  /** Removes what was written. Call it when no write is running any more. */
  discard(): Promise<void>;
}

function slotName(index: number): string {
  return String(index).padStart(5, '0');
}

/** @throws ServiceError ResourceNotFoundException, here and from `commit`, if the upload ended in the meantime */
export async function createPartWriter(
  store: Store,
  upload: OpenUpload,
  range: PartRange,
): Promise<PartWriter> {
  return whileOpen(upload, async () =>
    (await claimSlot(upload, range.index))
      ? createInPlaceWriter(store, upload, range)
      : createSideWriter(store, upload, range),
  );
}

async function claimSlot(upload: OpenUpload, index: number): Promise<boolean> {
  try {
    await writeFile(join(upload.folder, 'claims', slotName(index)), '', { flag: 'wx', mode: FILE_MODE });
    return true;
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return false;
    throw error;
  }
}

/** The busy file is on disk before `data` is opened, so that a completer sees every process that may still write. */
async function createInPlaceWriter(store: Store, upload: OpenUpload, range: PartRange): Promise<PartWriter> {
  const owner = newOwner();
  const busy = join(upload.folder, 'busy', `${range.index}~${owner}`);
  let file: FileHandle;
  try {
    await writeFile(busy, '', { flag: 'wx', mode: FILE_MODE });
    file = await open(store.keepsBytes ? join(upload.folder, 'data') : devNull, 'r+');
  } catch (error) {
    retireOwner(owner);
    throw error;
  }
  const close = async () => {
    await file.close();
    retireOwner(owner);
    await unlinkIfPresent(busy);
  };
  return {
    file,
    position: range.startByte,
    commit: (treeHash) =>
      whileOpen(upload, () => writeRecord(store, upload, range, { treeHash, side: null }).finally(close)),
    discard: async () => {
      // The slot has no record and no writer any more, so the next writer may write in place.
      await unlinkIfPresent(join(upload.folder, 'claims', slotName(range.index)));
      await close();
    },
  };
}

async function createSideWriter(store: Store, upload: OpenUpload, range: PartRange): Promise<PartWriter> {
  const side = randomBytes(12).toString('hex');
  const path = join(upload.folder, 'side', side);
  const file = await openSideFile(store, path);
  return {
    file,
    position: 0,
    commit: (treeHash) =>
      whileOpen(upload, async () => {
        await file.close();
        const previous = await readJson<PartRecord>(join(upload.folder, 'parts', slotName(range.index)));
        await writeRecord(store, upload, range, { treeHash, side });
        if (previous?.side) await unlinkIfPresent(join(upload.folder, 'side', previous.side));
      }),
    discard: async () => {
      await file.close();
      await unlinkIfPresent(path);
    },
  };
}

async function openSideFile(store: Store, path: string): Promise<FileHandle> {
  const file = await open(path, 'wx', FILE_MODE);
  if (store.keepsBytes) return file;
  await file.close();
  return open(devNull, 'r+');
}

async function writeRecord(
  store: Store,
  upload: OpenUpload,
  range: PartRange,
  part: Pick<PartRecord, 'treeHash' | 'side'>,
): Promise<void> {
  const { startByte, endByte, index } = range;
  await writeJson(store, join(upload.folder, 'parts', slotName(index)), { startByte, endByte, ...part });
}

/** Returns the slot names of all recorded parts, in the order of their ranges. */
export async function listSlots(folder: string): Promise<string[]> {
  return (await namesIn(join(folder, 'parts'))).sort();
}

/** After so many records, other requests get a turn. */
const RECORDS_PER_TURN = 64;

/**
 * Returns the records of these slots, in their order. It reads synchronously, some records at a time, because 10,000
 * small files take ten times longer through the thread pool.
 */
export async function readPartRecords(folder: string, slots: readonly string[]): Promise<PartRecord[]> {
  const records: PartRecord[] = [];
  for (const [i, slot] of slots.entries()) {
    if (i % RECORDS_PER_TURN === 0) await nextTurn();
    const record = parseJson<PartRecord>(() => readFileSync(join(folder, 'parts', slot), 'utf8'));
    if (record !== null) records.push(record);
  }
  return records;
}

/** Copies the bytes of a side file to the part's final position. */
export async function copyIntoPlace(folder: string, part: PartRecord, target: FileHandle): Promise<void> {
  const source = createReadStream(join(folder, 'side', part.side ?? ''), { highWaterMark: 1024 * 1024 });
  let position = part.startByte;
  for await (const piece of source as AsyncIterable<Buffer>) {
    await target.write(piece, 0, piece.length, position);
    position += piece.length;
  }
}

/** When an upload ends, its folder moves away, so that every path into it is missing. */
async function whileOpen<T>(upload: OpenUpload, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    // Something else may be missing, for example the folder for temporary files. The upload is then not gone.
    if (!hasCode(error, 'ENOENT') || (await isStillOpen(upload))) throw error;
    throw uploadNotFound(upload.metadata.uploadId);
  }
}
