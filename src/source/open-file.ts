/** Opens a file for reading, and tells what the file system says of it. */
import type { BigIntStats } from 'node:fs';
import { constants } from 'node:fs';
import { access, type FileHandle, open, realpath, stat } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { TransferError } from '../core/failures.js';
import type { Fingerprint } from '../core/fingerprint.js';

/** File clocks tick every 1 to 10 ms on Linux and macOS … */
const FILE_TICK_MS = 20;
/** … but file systems that keep whole seconds (ext3, HFS+, FAT's two) show it by having no nanoseconds. */
const COARSE_FILE_TICK_MS = 2000;
const RACY_LOOKS_MAX = 3;

export interface OpenedFile {
  /** Real path, links resolved. */
  readonly path: string;
  readonly handle: FileHandle;
  readonly stats: BigIntStats;
}

/** The `source` failure of a system error. */
export function sourceFailure(path: string, error: unknown): TransferError<'source'> {
  const code = error instanceof Error && 'code' in error ? error.code : null;
  const why =
    code === 'ENOENT' || code === 'ENOTDIR' ? 'missing' : code === 'ENXIO' ? 'not-regular' : 'unreadable';
  // Of a missing file there is no more to say than that.
  const detail = why === 'missing' ? null : error instanceof Error ? error.message : String(error);
  return new TransferError('source', { path, why, detail }, { cause: error });
}

export function fingerprintOf(stats: BigIntStats): Fingerprint {
  return {
    sizeBytes: Number(stats.size),
    mtimeNs: String(stats.mtimeNs),
    ctimeNs: String(stats.ctimeNs),
    device: String(stats.dev),
    inode: String(stats.ino),
  };
}

function checkRegular(path: string, stats: BigIntStats): void {
  if (stats.isFile()) return;
  const why = stats.isDirectory() ? 'folder' : 'not-regular';
  throw new TransferError('source', { path, why, detail: null });
}

/** How long until a write would show in these times; 0: it would now. */
function racyMs(stats: BigIntStats, nowMs: number): number {
  const isCoarse = stats.ctimeNs % 1_000_000_000n === 0n;
  const tickMs = isCoarse ? COARSE_FILE_TICK_MS : FILE_TICK_MS;
  const waitsMs = [stats.mtimeNs, stats.ctimeNs].map((timeNs) => {
    const ageMs = nowMs - Number(timeNs / 1_000_000n);
    // A time ahead of our clock was set by hand or by another machine's clock, and cannot be waited out.
    return ageMs < -tickMs ? 0 : Math.max(0, tickMs - Math.max(0, ageMs));
  });
  return Math.max(...waitsMs);
}

/**
 * Stats a file such that every later write changes what was seen: one within the same tick of the file clock would
 * leave mtime as it is, so a file that was written just now is looked at again when that tick is over. A file that
 * is being written all the time stays racy, and shows as changed by its next write.
 */
async function settledStats(handle: FileHandle): Promise<BigIntStats> {
  let stats = await handle.stat({ bigint: true });
  for (let looks = 1; looks < RACY_LOOKS_MAX; looks += 1) {
    const waitMs = racyMs(stats, Date.now());
    if (waitMs === 0) break;
    await sleep(waitMs + 1);
    stats = await handle.stat({ bigint: true });
  }
  return stats;
}

/**
 * Looks at a file without opening it, so that a mistake shows before a service is asked.
 * @returns its real path, with links resolved, and its size
 * @throws TransferError `source`: missing, unreadable, not a regular file
 */
export async function inspectFile(path: string): Promise<{ path: string; sizeBytes: number }> {
  try {
    const stats = await stat(path, { bigint: true });
    checkRegular(path, stats);
    await access(path, constants.R_OK);
    return { path: await realpath(path), sizeBytes: Number(stats.size) };
  } catch (error) {
    throw error instanceof TransferError ? error : sourceFailure(path, error);
  }
}

/** @throws TransferError `source`: missing, unreadable, not a regular file */
export async function openFile(path: string): Promise<OpenedFile> {
  let handle: FileHandle | null = null;
  try {
    // Before opening, because opening alone does something to some devices (a tape rewinds). By the given path:
    // /dev/stdin has no real one where it is a pipe.
    checkRegular(path, await stat(path, { bigint: true }));
    const real = await realpath(path);
    // Without O_NONBLOCK a FIFO put there in between would hang us until somebody writes to it.
    handle = await open(real, constants.O_RDONLY | constants.O_NONBLOCK);
    const stats = await settledStats(handle);
    checkRegular(path, stats);
    return { path: real, handle, stats };
  } catch (error) {
    await handle?.close();
    throw error instanceof TransferError ? error : sourceFailure(path, error);
  }
}
