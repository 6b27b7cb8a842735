/**
 * Reads and writes calve's own files: written completely or not at all, and read only if
 * nobody else can write to them.
 */

import { randomBytes } from 'node:crypto';
import { closeSync, constants, fstatSync, lstatSync, openSync, readSync, type Stats } from 'node:fs';
import { type FileHandle, lstat, open, opendir, rename, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { cleanUp } from '../core/clean-up.js';
import { systemCode } from '../core/system-errors.js';
import { readFailure, reading, stateFailure, writing } from './failures.js';
import { assertOurs, syncFolder, type Trust } from './safe-folder.js';

const { O_APPEND, O_CREAT, O_EXCL, O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_WRONLY } = constants;
export const FILE_MODE = 0o600;
/** A file that did not exist. */
export const NEW_FILE = O_WRONLY | O_APPEND | O_CREAT | O_EXCL | O_NOFOLLOW;

/**
 * Far above the size of a journal of 10,000 parts. A larger file is not a file of
 * calve, and would exhaust the memory.
 */
const READ_MAX_BYTES = 256 * 1024 * 1024;

export interface OwnFile {
  readonly bytes: Buffer;
  readonly mtime: Date;
}

/**
 * @param maxBytes read only the beginning, at most this many bytes
 * @returns null when there is no such file
 * @throws TransferError `state`: `link` for anything that is not a regular file, `foreign` for a file of another user,
 * `open` for one that others may write to
 */
export async function readOwnFile(path: string, trust: Trust, maxBytes?: number): Promise<OwnFile | null> {
  const file = await openOwnFile(path, O_RDONLY, trust);
  if (file === null) return null;
  try {
    return await reading(path, null, async () => {
      const { size, mtime } = await file.stat();
      assertReadable(path, size);
      if (maxBytes === undefined) return { bytes: await file.readFile(), mtime };
      const { buffer, bytesRead } = await file.read({ buffer: Buffer.alloc(Math.min(size, maxBytes)) });
      return { bytes: buffer.subarray(0, bytesRead), mtime };
    });
  } finally {
    await cleanUp(() => file.close());
  }
}

/**
 * Works like readOwnFile for one of many small files. It makes four calls of the system, without a trip to another thread
 * for each, and so takes less than a tenth of the time; the caller gives other work its turn.
 */
export function readSmallFile(path: string, trust: Trust): Buffer | null {
  try {
    const fd = openSync(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    try {
      const stats = fstatSync(fd);
      checkOwnFile(path, stats, trust);
      assertReadable(path, stats.size);
      const bytes = Buffer.allocUnsafe(stats.size);
      return bytes.subarray(0, readSync(fd, bytes, 0, bytes.length, null));
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    const failure = readFailure(path, error);
    if (failure === null) return null;
    // A link, a socket or the file of another user cannot be opened: what it is says more than that error.
    const named = lstatSync(path, { throwIfNoEntry: false });
    if (named === undefined) return null;
    checkOwnFile(path, named, trust);
    throw failure;
  }
}

/** Opens an existing file for appending, under the same conditions as readOwnFile. */
export function openOwnFileForAppending(path: string, trust: Trust): Promise<FileHandle | null> {
  return openOwnFile(path, O_WRONLY | O_APPEND, trust);
}

/** @throws TransferError `state` (`damaged`) */
function assertReadable(path: string, sizeBytes: number): void {
  if (sizeBytes > READ_MAX_BYTES) throw stateFailure('damaged', path, `${sizeBytes} bytes are too many`);
}

function checkOwnFile(path: string, named: Stats, trust: Trust): void {
  if (!named.isFile()) throw stateFailure('link', path, 'it is not a regular file');
  assertOurs(path, named, trust);
}

async function openOwnFile(path: string, flags: number, trust: Trust): Promise<FileHandle | null> {
  const named = await reading(path, null, () => lstat(path));
  if (named === null) return null;
  checkOwnFile(path, named, trust);
  // O_NOFOLLOW refuses a link, and O_NONBLOCK does not block on a pipe, that replaced the file after lstat.
  const openPath = () => open(path, flags | O_NOFOLLOW | O_NONBLOCK);
  return flags === O_RDONLY ? reading(path, null, openPath) : writing(path, openPath);
}

const TEMPORARY_PREFIX = '.tmp-';
/** Far longer than any write takes. An older file was left by a process that died during a write. */
const TEMPORARY_KEPT_MS = 24 * 3_600_000;

/** Returns a function that sweeps a folder at its first call: the folder may have hundreds of thousands of files. */
export function temporarySweeper(folder: string): () => Promise<void> {
  let swept: Promise<void> | null = null;
  return () => {
    swept ??= sweepTemporaries(folder);
    return swept;
  };
}

/** Removes the temporary files that dead processes left. Never fails, because nothing depends on it. */
async function sweepTemporaries(folder: string): Promise<void> {
  await cleanUp(async () => {
    for await (const { name } of await opendir(folder, { bufferSize: 1024 })) {
      if (!name.startsWith(TEMPORARY_PREFIX)) continue;
      const path = join(folder, name);
      const stats = await lstat(path).catch(() => null);
      if (stats?.isFile() && Date.now() - stats.mtimeMs > TEMPORARY_KEPT_MS)
        await unlink(path).catch(() => {});
    }
  });
}

/** Returns a new path. It must be on the disk of the file, because a rename stays within one file system. */
export function temporaryPath(folder: string): string {
  return join(folder, `${TEMPORARY_PREFIX}${randomBytes(8).toString('hex')}`);
}

async function writeTemporary(path: string, bytes: string | Buffer): Promise<FileHandle> {
  const file = await open(path, NEW_FILE, FILE_MODE);
  try {
    await file.chmod(FILE_MODE);
    await file.appendFile(bytes);
    await file.sync();
    return file;
  } catch (error) {
    await cleanUp(() => file.close());
    throw error;
  }
}

/**
 * Writes a file so that after a power cut it is complete or does not exist: writes a temporary file, syncs
 * it, renames it and syncs the folder.
 * @param temporaries the folder of the temporary file, on the same disk (default: the folder of the file)
 * @returns the file, open for appending
 * @throws TransferError `state` `not-writable`
 */
export function putFile(
  path: string,
  bytes: string | Buffer,
  temporaries = dirname(path),
): Promise<FileHandle> {
  const temporary = temporaryPath(temporaries);
  return writing(path, async () => {
    let file: FileHandle | null = null;
    try {
      file = await writeTemporary(temporary, bytes);
      await rename(temporary, path);
      await syncFolder(dirname(path));
      return file;
    } catch (error) {
      await cleanUp(
        () => file?.close(),
        () => unlink(temporary),
      );
      throw error;
    }
  });
}

/** Writes, syncs and removes a file. @throws TransferError `state` `not-writable` */
export function proveFolderWritable(folder: string, bytes: Buffer): Promise<void> {
  const temporary = temporaryPath(folder);
  return writing(folder, async () => {
    try {
      const file = await writeTemporary(temporary, bytes);
      await cleanUp(() => file.close());
      await syncFolder(folder);
      await unlink(temporary);
    } catch (error) {
      await cleanUp(() => unlink(temporary));
      throw error;
    }
  });
}

/**
 * Removes a file and syncs its folder.
 * @returns false when there was no file.
 * @throws TransferError `state` `not-writable`
 */
export function removeFile(path: string): Promise<boolean> {
  return writing(path, async () => {
    try {
      await unlink(path);
    } catch (error) {
      if (systemCode(error) === 'ENOENT') return false;
      throw error;
    }
    await syncFolder(dirname(path));
    return true;
  });
}
