/** Opens a regular file for reading, and compares it later with what it was when it was opened. */
import type { BigIntStats } from 'node:fs';
import { constants } from 'node:fs';
import { access, type FileHandle, open, realpath, stat } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { cleanUp } from '../core/clean-up.js';
import { type FailureFacts, TransferError } from '../core/failures.js';
import { compareFingerprints, type Fingerprint, type Sameness } from '../core/fingerprint.js';
import { STANDARD_INPUT_WORD } from '../core/identity.js';
import { isExhausted, systemCode, systemMessage } from '../core/system-errors.js';

/** File clocks tick every 1 to 10 ms on Linux and macOS … */
const FILE_TICK_MS = 20;
/**
 * … but file systems that keep whole seconds (ext3, HFS+; FAT: two seconds) have
 * no nanoseconds in their times.
 */
const COARSE_FILE_TICK_MS = 2000;
const STATS_ATTEMPTS_MAX = 3;

export interface OpenedFile {
  /** Real path, links resolved. */
  readonly path: string;
  readonly handle: FileHandle;
  readonly stats: BigIntStats;
  /** The fingerprint at the time of opening. */
  readonly fingerprint: Fingerprint;
}

function reasonOf(error: unknown): FailureFacts['source']['why'] {
  if (isExhausted(error)) return 'no-resources';
  const code = systemCode(error);
  if (code === 'ENOENT' || code === 'ENOTDIR') return 'missing';
  return code === 'ENXIO' ? 'not-regular' : 'unreadable';
}

/** Returns the `source` failure for a system error. */
export function sourceFailure(path: string, error: unknown): TransferError<'source'> {
  const why = reasonOf(error);
  // The system's message adds nothing to "missing".
  const detail = why === 'missing' ? null : systemMessage(error);
  return new TransferError('source', { path, why, detail }, { cause: error });
}

/** Returns the `source` failure for an error of standard input, or of a stream of a program. */
export function streamFailure(error: unknown): TransferError<'source'> {
  const why = isExhausted(error) ? 'no-resources' : 'unreadable';
  return new TransferError(
    'source',
    { path: STANDARD_INPUT_WORD, why, detail: systemMessage(error) },
    { cause: error },
  );
}

function fingerprintOf(stats: BigIntStats): Fingerprint {
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

const READ_ONLY = constants.O_RDONLY | constants.O_NONBLOCK;

/**
 * Refuses a file that has bytes although its size reads as 0, as on /proc and some file systems in user space: it would
 * become an archive of nothing.
 * @throws TransferError `source` `no-size`
 */
async function checkSize(path: string, handle: FileHandle, { size }: BigIntStats): Promise<void> {
  if (size > 0n) return;
  const { bytesRead } = await handle.read(Buffer.alloc(1), 0, 1, 0);
  if (bytesRead > 0) throw new TransferError('source', { path, why: 'no-size', detail: null });
}

async function checkEmptyFile(path: string, stats: BigIntStats): Promise<void> {
  const handle = await open(path, READ_ONLY);
  await checkSize(path, handle, stats).finally(() => cleanUp(() => handle.close()));
}

/** Returns how long to wait until a write would change these times; 0 when a write would change them now. */
function racyMs(stats: BigIntStats, nowMs: number): number {
  const isCoarse = stats.ctimeNs % 1_000_000_000n === 0n;
  const tickMs = isCoarse ? COARSE_FILE_TICK_MS : FILE_TICK_MS;
  const waitsMs = [stats.mtimeNs, stats.ctimeNs].map((timeNs) => {
    const ageMs = nowMs - Number(timeNs / 1_000_000n);
    // A time in the future was set by hand or by another machine's clock, and
    // waiting for it would take too long.
    return ageMs < -tickMs ? 0 : Math.max(0, tickMs - Math.max(0, ageMs));
  });
  return Math.max(...waitsMs);
}

/**
 * Returns stats that every later write changes. A write within the same tick of the file clock would leave
 * mtime as it is, so the stats of a file that was written just now are read again after that tick. A file
 * that is written all the time stays racy, and its next write shows that it changed.
 */
async function settledStats(handle: FileHandle): Promise<BigIntStats> {
  let stats = await handle.stat({ bigint: true });
  for (let attempts = 1; attempts < STATS_ATTEMPTS_MAX; attempts += 1) {
    const waitMs = racyMs(stats, Date.now());
    if (waitMs === 0) break;
    await sleep(waitMs + 1);
    stats = await handle.stat({ bigint: true });
  }
  return stats;
}

/**
 * access judges by the user's id alone, without the capabilities of the process, so a file that it refuses is opened: a
 * unit of systemd may have CAP_DAC_READ_SEARCH. Source: access(2), capabilities(7).
 */
async function checkReadable(path: string): Promise<void> {
  try {
    await access(path, constants.R_OK);
  } catch {
    const handle = await open(path, READ_ONLY);
    await cleanUp(() => handle.close());
  }
}

/**
 * Looks at a file without opening it (unless access refuses it, or its size is 0), so that a
 * mistake shows before a service is asked.
 * @returns its real path, with links resolved, and its size
 * @throws TransferError `source`: missing, unreadable, not a regular file, no size
 */
export async function inspectFile(path: string): Promise<{ path: string; sizeBytes: number }> {
  try {
    const stats = await stat(path, { bigint: true });
    checkRegular(path, stats);
    await checkReadable(path);
    if (stats.size === 0n) await checkEmptyFile(path, stats);
    return { path: await realpath(path), sizeBytes: Number(stats.size) };
  } catch (error) {
    throw error instanceof TransferError ? error : sourceFailure(path, error);
  }
}

/** @throws TransferError `source`: missing, unreadable, not a regular file, no size */
export async function openFile(path: string): Promise<OpenedFile> {
  let handle: FileHandle | null = null;
  try {
    // Checked before opening, because opening alone changes some devices (a tape rewinds). Checked by the
    // given path, because /dev/stdin has no real path when it is a pipe.
    checkRegular(path, await stat(path, { bigint: true }));
    const real = await realpath(path);
    // Without O_NONBLOCK, a FIFO that replaces the file in between would block until somebody writes to it.
    handle = await open(real, READ_ONLY);
    // A write through a memory mapping to a page that is dirty already changes no time. After a sync, the next one does.
    // That a file which is only read cannot be synced says nothing about its bytes.
    await handle.datasync().catch(() => undefined);
    const stats = await settledStats(handle);
    checkRegular(path, stats);
    await checkSize(path, handle, stats);
    return { path: real, handle, stats, fingerprint: fingerprintOf(stats) };
  } catch (error) {
    await cleanUp(() => handle?.close());
    throw error instanceof TransferError ? error : sourceFailure(path, error);
  }
}

/** Compares the file behind the open descriptor with what it was when it was opened. */
export async function compareByHandle({ handle, fingerprint }: OpenedFile): Promise<Sameness> {
  return compareFingerprints(fingerprint, fingerprintOf(await handle.stat({ bigint: true })));
}

/**
 * Compares the file at the path with what it was when it was opened. A file that is missing is `changed`.
 * @throws TransferError `source` `unreadable`
 */
async function compareByPath({ path, fingerprint }: OpenedFile): Promise<Sameness> {
  try {
    return compareFingerprints(fingerprint, fingerprintOf(await stat(path, { bigint: true })));
  } catch (error) {
    const failure = sourceFailure(path, error);
    if (failure.facts.why === 'missing') return 'changed';
    throw failure;
  }
}

/** Returns the greater difference: `changed` before `touched` before `same`. */
function worse(a: Sameness, b: Sameness): Sameness {
  if (a === 'changed' || b === 'changed') return 'changed';
  return a === 'touched' || b === 'touched' ? 'touched' : 'same';
}

/** Compares the file with what it was when it was opened, by its path and by its descriptor. */
export async function compareOpened(file: OpenedFile): Promise<Sameness> {
  return worse(await compareByHandle(file), await compareByPath(file));
}

/**
 * Fails at the first part after a change: all parts would otherwise be sent for an archive that is never made. A file
 * that was only touched is compared when all parts are sent.
 * @throws TransferError `source` (`changed`)
 */
export async function assertUnchanged(file: OpenedFile): Promise<void> {
  if ((await compareOpened(file)) !== 'changed') return;
  throw new TransferError('source', { path: file.path, why: 'changed', detail: null });
}
