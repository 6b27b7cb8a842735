/** Writes many small files in the time of a few. */
import { closeSync, fchmodSync, fsync, openSync, renameSync, unlinkSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import { cleanUp } from '../core/clean-up.js';
import { writing } from './failures.js';
import { FILE_MODE, NEW_FILE, temporaryPath } from './safe-file.js';
import { syncFolder } from './safe-folder.js';

const sync = promisify(fsync);

/** Syncs at once keep a disk as busy as one after the other, but the program waits for them together. */
const FILES_AT_ONCE = 16;

/**
 * Works like putFile for many small files. None of them has its name before all are complete on disk, and all have when
 * this returns: the folders are synced once.
 * @param files the content of each path; the folders exist
 */
export function putFiles(files: ReadonlyMap<string, string>, temporaries: string): Promise<void> {
  const written: { readonly temporary: string; readonly path: string }[] = [];
  return writing(temporaries, async () => {
    try {
      await someAtOnce(files, async ([path, bytes]) => {
        const temporary = temporaryPath(temporaries);
        written.push({ temporary, path });
        await writeSynced(temporary, bytes);
      });
      for (const { temporary, path } of written) renameSync(temporary, path);
      for (const folder of new Set([...files.keys()].map(dirname))) await syncFolder(folder);
    } catch (error) {
      for (const { temporary } of written) await cleanUp(() => unlinkSync(temporary));
      throw error;
    }
  });
}

/** Only the sync waits for the disk. The other calls take less time here than a trip to another thread. */
async function writeSynced(path: string, bytes: string): Promise<void> {
  const fd = openSync(path, NEW_FILE, FILE_MODE);
  try {
    fchmodSync(fd, FILE_MODE);
    writeFileSync(fd, bytes);
    await sync(fd);
  } finally {
    closeSync(fd);
  }
}

/** Runs the work for each value, some at once. After a failure nothing new starts, and what is running ends first. */
async function someAtOnce<T>(values: Iterable<T>, work: (value: T) => Promise<void>): Promise<void> {
  const rest = values[Symbol.iterator]();
  let failed = false;
  const lane = async (): Promise<void> => {
    for (let next = rest.next(); !next.done && !failed; next = rest.next()) {
      await work(next.value).catch((error) => {
        failed = true;
        throw error;
      });
    }
  };
  const ended = await Promise.allSettled(Array.from({ length: FILES_AT_ONCE }, lane));
  for (const result of ended) if (result.status === 'rejected') throw result.reason;
}
