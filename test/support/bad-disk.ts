/**
 * Loaded before the program (`node --import`), in each of its threads: reads of the file that is archived come in small
 * pieces, or fail from a place on, as they do on network file systems and dying disks; files cannot be opened, or fail
 * when they are closed. BAD_DISK says how.
 */
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import process from 'node:process';
import { promisify } from 'node:util';

export interface BadDisk {
  /** No read gives more than this. */
  readonly pieceBytes?: number;
  /** Reads that begin at this byte or behind fail with EIO. */
  readonly failsFromByte?: number;
  /** Every close of a file is done, and then fails with EIO. */
  readonly closeFails?: boolean;
  /** Files whose path ends so cannot be opened: the system gives this error. */
  readonly openFails?: { readonly ending: string; readonly code: string };
  /** Folders whose path ends so cannot be listed. */
  readonly listFails?: { readonly ending: string; readonly code: string };
}

/** The environment of a program whose file lies on such a disk. */
export function badDiskEnv(how: BadDisk): Record<string, string> {
  return { NODE_OPTIONS: `--import=${import.meta.url}`, BAD_DISK: JSON.stringify(how) };
}

type Words = [number, NodeJS.ArrayBufferView, number, number, number | null];

function systemError(code: string, syscall: string): Error {
  return Object.assign(new Error(`${code}: an error of the test, ${syscall}`), { code, syscall });
}

function failOpenFiles({ closeFails = false, openFails }: BadDisk): void {
  const { open } = fs.promises;
  fs.promises.open = async (path, ...how) => {
    if (openFails !== undefined && String(path).endsWith(openFails.ending)) {
      throw systemError(openFails.code, 'open');
    }
    const file = await open(path, ...how);
    const close = file.close.bind(file);
    if (!closeFails) return file;
    return Object.assign(file, {
      close: async () => {
        await close();
        throw systemError('EIO', 'close');
      },
    });
  };
}

function failReads({ pieceBytes = Number.POSITIVE_INFINITY, failsFromByte }: BadDisk): void {
  const { read, readSync } = fs;
  const readAsync = promisify(read);
  const limited = (...[fd, buffer, offset, length, position]: Words): Words => {
    // Only the source is read at positions; modules and state are read from where they stand.
    if (typeof position !== 'number') return [fd, buffer, offset, length, position];
    if (failsFromByte !== undefined && position >= failsFromByte) {
      throw Object.assign(new Error('EIO: i/o error, read'), { code: 'EIO', errno: -5, syscall: 'read' });
    }
    return [fd, buffer, offset, Math.min(length, pieceBytes), position];
  };
  // Threads read with `readSync`, and the main thread with a promise.
  fs.readSync = ((...words: Words) => readSync(...limited(...words))) as typeof fs.readSync;
  const promised = { [promisify.custom]: async (...words: Words) => readAsync(...limited(...words)) };
  fs.read = Object.assign(read.bind(fs), promised) as unknown as typeof fs.read;
}

function failLists({ listFails }: BadDisk): void {
  if (listFails === undefined) return;
  const { readdir } = fs.promises;
  const failing = (path: fs.PathLike, how: fs.ObjectEncodingOptions): Promise<string[]> => {
    if (!String(path).endsWith(listFails.ending)) return readdir(path, how);
    return Promise.reject(systemError(listFails.code, 'scandir'));
  };
  fs.promises.readdir = failing as unknown as typeof readdir;
}

function install(how: BadDisk): void {
  failLists(how);
  failReads(how);
  failOpenFiles(how);
  syncBuiltinESMExports();
}

const wish = process.env['BAD_DISK'];
if (wish !== undefined) install(JSON.parse(wish) as BadDisk);
