/** One contender's file in a lock's folder: who it is, and when it last said so. */
import { open, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { TransferError } from '../core/failures.js';
import type { LockHolder } from '../transfer/ports/state.js';
import { decodeLine } from './checked-line.js';
import { osCode } from './failures.js';
import type { Processes, ProcessIdentity } from './process-identity.js';
import { type Guard, isCount, isName, isText, isTime, shape } from './shapes.js';

/** Without refresh for this long, a process that we cannot look up is taken for dead. */
export const STALE_AFTER_MS = 120_000;

export interface LockEntry extends ProcessIdentity {
  /** Drawn anew for each try and never used again: removing an entry by name cannot hit a later one. */
  readonly token: string;
  /** ISO-8601 UTC with milliseconds, for people. */
  readonly at: string;
}

const isLockEntry: Guard<LockEntry> = shape<LockEntry>({
  machine: isName,
  bootId: isText,
  pidNamespace: isText,
  pid: isCount,
  startTime: isText,
  hostname: isText,
  token: isName,
  at: isTime,
});

/** Another's claim on the lock, as its file name and content tell. `entry` is null where the content is unreadable. */
export interface Rival {
  readonly token: string;
  readonly stage: 'tmp' | 'trying' | 'held';
  readonly path: string;
  readonly entry: LockEntry | null;
  readonly mtimeMs: number;
}

/**
 * Returns who holds a lock, for people.
 * @param what the file's path or the upload's id
 * @param holder null where the entry cannot be read
 */
export function holderFacts(what: string, holder: LockEntry | null): LockHolder {
  return {
    what,
    holder: holder === null ? 'an unknown process' : `pid ${holder.pid} on ${holder.hostname}`,
    sinceMs: holder === null ? null : Date.parse(holder.at),
  };
}

export function busy(what: string, holder: LockEntry | null): TransferError<'busy'> {
  return new TransferError('busy', holderFacts(what, holder));
}

const ENTRY_NAME = /^([0-9a-f]{32})\.(tmp|trying|held)$/;

async function readRival(path: string): Promise<Pick<Rival, 'entry' | 'mtimeMs'> | null> {
  try {
    const file = await open(path, 'r');
    try {
      const { mtimeMs } = await file.stat();
      const bytes = await file.readFile();
      const value = decodeLine(bytes.subarray(0, -1));
      return { entry: isLockEntry(value) ? value : null, mtimeMs };
    } finally {
      await file.close();
    }
  } catch (error) {
    if (osCode(error) === 'ENOENT') return null;
    throw error;
  }
}

/**
 * Lists once, then reads: an entry that was there all the time is found; one that went away in between is left out.
 * @returns the others, and whether our own entry is (still) there: if not, somebody took us for dead
 */
export async function listRivals(
  folder: string,
  ownName: string,
): Promise<{ isOwnThere: boolean; rivals: Rival[] }> {
  const names = await readdir(folder);
  const rivals: Rival[] = [];
  for (const name of names) {
    const [, token, stage] = ENTRY_NAME.exec(name) ?? [];
    if (token === undefined || name === ownName) continue;
    const path = join(folder, name);
    const found = await readRival(path);
    if (found !== null) rivals.push({ token, stage: stage as Rival['stage'], path, ...found });
  }
  return { isOwnThere: names.includes(ownName), rivals };
}

/**
 * Whether the process behind an entry is gone. Where its process table is ours, that is looked up; elsewhere its
 * last refresh tells. Ages are differences of two times stamped by the folder's own file system: the clocks of two
 * machines need not agree.
 * @param nowMs mtime of an entry that was written just now into the same folder
 */
export async function isDead(rival: Rival, nowMs: number, processes: Processes): Promise<boolean> {
  const self = await processes.self();
  const { entry } = rival;
  if (entry !== null && entry.machine === self.machine) {
    if (entry.bootId !== self.bootId) return true;
    if (entry.pidNamespace === self.pidNamespace) {
      return (await processes.startTimeOf(entry.pid)) !== entry.startTime;
    }
  }
  return nowMs - rival.mtimeMs > STALE_AFTER_MS;
}

/**
 * Tells the others that we live. Written, not set with utimes: that would stamp our own clock's time, a write is
 * stamped by the file system.
 * @returns ms since the last refresh, or null when the entry is gone
 */
export async function refreshEntry(path: string): Promise<number | null> {
  try {
    const before = await stat(path);
    const file = await open(path, 'r+');
    try {
      await file.write('{', 0); // The byte that stands there already.
      await file.sync();
      const after = await file.stat();
      return after.nlink === 0 ? null : after.mtimeMs - before.mtimeMs;
    } finally {
      await file.close();
    }
  } catch (error) {
    if (osCode(error) === 'ENOENT') return null;
    throw error;
  }
}
