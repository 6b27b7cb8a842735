/**
 * The parts of an open upload. The first writer of a slot claims it and writes into the upload's data file where the
 * part belongs, so that completing copies nothing. Any other writer of that slot (a repeat, one at the same time)
 * writes a side file. A slot's record names whichever arrived last and intact; bytes that a record names are never
 * written again.
 *
 *     data            the archive to be
 *     claims/00007    the slot is taken by whoever made this file
 *     busy/7~OWNER    somebody writes into `data` right now
 *     side/RANDOM     a later writer's bytes
 *     parts/00007     the record
 */
import { randomBytes } from 'node:crypto';
import { createReadStream, readFileSync } from 'node:fs';
import { type FileHandle, open, unlink, writeFile } from 'node:fs/promises';
import { devNull } from 'node:os';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { PartRange } from '../http/headers.js';
import { uploadNotFound } from '../http/service-error.js';
import { newOwner, retire } from './owner.js';
import { FILE_MODE, hasCode, namesIn, parseJson, readJson, type Store, writeJson } from './store.js';
import type { OpenUpload } from './uploads.js';

export interface PartRecord {
  readonly startByte: number;
  /** Inclusive. */
  readonly endByte: number;
  readonly treeHash: string;
  /** The side file that holds its bytes; null: they are in place. */
  readonly side: string | null;
}

/** A part on its way to disk. */
export interface PartWriter {
  readonly file: FileHandle;
  /** Where in the file its first byte goes. */
  readonly position: number;
  /** All bytes are written and proven: this is the slot's part from now on. */
  commit(treeHash: string): Promise<void>;
  /** Nothing of it counts. Call it when no write is under way any more. */
  discard(): Promise<void>;
}

function slotName(index: number): string {
  return String(index).padStart(5, '0');
}

/** @throws ServiceError ResourceNotFoundException when the upload ended meanwhile, from each method too */
export async function beginPart(store: Store, upload: OpenUpload, range: PartRange): Promise<PartWriter> {
  return whileOpen(upload, async () =>
    (await claim(upload, range.index))
      ? beginInPlace(store, upload, range)
      : beginAside(store, upload, range),
  );
}

async function claim(upload: OpenUpload, index: number): Promise<boolean> {
  try {
    await writeFile(join(upload.folder, 'claims', slotName(index)), '', { flag: 'wx', mode: FILE_MODE });
    return true;
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return false;
    throw error;
  }
}

/** Being busy is on disk before `data` is opened: whoever completes sees every writer that could still write there. */
async function beginInPlace(store: Store, upload: OpenUpload, range: PartRange): Promise<PartWriter> {
  const owner = newOwner();
  const busy = join(upload.folder, 'busy', `${range.index}~${owner}`);
  let file: FileHandle;
  try {
    await writeFile(busy, '', { flag: 'wx', mode: FILE_MODE });
    file = await open(store.keepsBytes ? join(upload.folder, 'data') : devNull, 'r+');
  } catch (error) {
    retire(owner);
    throw error;
  }
  const end = async () => {
    await file.close();
    retire(owner);
    await unlinkIfThere(busy);
  };
  return {
    file,
    position: range.startByte,
    commit: (treeHash) =>
      whileOpen(upload, async () => {
        try {
          await writeRecord(store, upload, range, { treeHash, side: null });
        } finally {
          await end();
        }
      }),
    discard: async () => {
      // Only an unrecorded slot is given up here, and its writer is done: the next one may write in place.
      await unlinkIfThere(join(upload.folder, 'claims', slotName(range.index)));
      await end();
    },
  };
}

async function beginAside(store: Store, upload: OpenUpload, range: PartRange): Promise<PartWriter> {
  const side = randomBytes(12).toString('hex');
  const path = join(upload.folder, 'side', side);
  const file = await openAside(store, path);
  return {
    file,
    position: 0,
    commit: (treeHash) =>
      whileOpen(upload, async () => {
        await file.close();
        const before = await readJson<PartRecord>(join(upload.folder, 'parts', slotName(range.index)));
        await writeRecord(store, upload, range, { treeHash, side });
        if (before?.side) await unlinkIfThere(join(upload.folder, 'side', before.side));
      }),
    discard: async () => {
      await file.close();
      await unlinkIfThere(path);
    },
  };
}

async function openAside(store: Store, path: string): Promise<FileHandle> {
  const file = await open(path, 'wx', FILE_MODE);
  if (store.keepsBytes) return file;
  await file.close();
  return open(devNull, 'r+');
}

async function writeRecord(
  store: Store,
  upload: OpenUpload,
  range: PartRange,
  outcome: Pick<PartRecord, 'treeHash' | 'side'>,
): Promise<void> {
  const { startByte, endByte, index } = range;
  await writeJson(store, join(upload.folder, 'parts', slotName(index)), { startByte, endByte, ...outcome });
}

/** Slot names of all recorded parts, in order of range. */
export async function listSlots(folder: string): Promise<string[]> {
  return (await namesIn(join(folder, 'parts'))).sort();
}

/** How many records are read before other requests have their turn. */
const RECORDS_TOGETHER = 64;

/**
 * The records of these slots, in their order. Read synchronously, some at a time: 10,000 small files take a tenth of
 * the time that they take by way of the thread pool.
 */
export async function readRecords(folder: string, slots: readonly string[]): Promise<PartRecord[]> {
  const records: PartRecord[] = [];
  for (const [i, slot] of slots.entries()) {
    if (i % RECORDS_TOGETHER === 0) await nextTurn();
    const record = parseJson<PartRecord>(() => readFileSync(join(folder, 'parts', slot), 'utf8'));
    if (record !== null) records.push(record);
  }
  return records;
}

/** Copies a side file's bytes to where they belong. */
export async function copyIntoPlace(folder: string, record: PartRecord, target: FileHandle): Promise<void> {
  const source = createReadStream(join(folder, 'side', record.side ?? ''), { highWaterMark: 1024 * 1024 });
  let position = record.startByte;
  for await (const piece of source as AsyncIterable<Buffer>) {
    await target.write(piece, 0, piece.length, position);
    position += piece.length;
  }
}

/** An upload's folder moves away when it ends, and every path into it is then missing. */
async function whileOpen<T>(upload: OpenUpload, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw hasCode(error, 'ENOENT') ? uploadNotFound(upload.facts.uploadId) : error;
  }
}

async function unlinkIfThere(path: string): Promise<void> {
  await unlink(path).catch((error: unknown) => {
    if (!hasCode(error, 'ENOENT')) throw error;
  });
}
