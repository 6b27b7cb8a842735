/**
 * The file of one contender in a lock's folder. It tells which process it is, and
 * its mtime is the last refresh.
 */
import { open, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { cleanUp } from '../core/clean-up.js';
import { TransferError } from '../core/failures.js';
import { systemCode } from '../core/system-errors.js';
import type { LockHolder } from '../transfer/ports/state.js';
import { decodeLine } from './checked-line.js';
import type { Processes, ProcessIdentity } from './process-identity.js';
import { type Guard, isCount, isName, isText, isTime, shape } from './shapes.js';

/** A process that cannot be looked up counts as dead when its entry was not refreshed for this long. */
export const STALE_AFTER_MS = 120_000;

/** A quarter of the time after which other processes may consider this one dead. */
export const REFRESH_EVERY_MS = STALE_AFTER_MS / 4;

export interface LockEntry extends ProcessIdentity {
  /**
   * Random for each attempt and never used again, so that removing an entry by name cannot hit a later one.
   */
  readonly token: string;
  /** ISO-8601 UTC with milliseconds, for messages. */
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

/**
 * Another process that wants or holds the lock. `entry` is null when the content of its file is unreadable.
 */
export interface Contender {
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

export function busyFailure(what: string, holder: LockEntry | null): TransferError<'busy'> {
  return new TransferError('busy', holderFacts(what, holder));
}

const ENTRY_NAME = /^([0-9a-f]{32})\.(tmp|trying|held)$/;

async function readContender(path: string): Promise<Pick<Contender, 'entry' | 'mtimeMs'> | null> {
  try {
    const file = await open(path, 'r');
    try {
      const { mtimeMs } = await file.stat();
      const bytes = await file.readFile();
      const value = decodeLine(bytes.subarray(0, -1));
      return { entry: isLockEntry(value) ? value : null, mtimeMs };
    } finally {
      await cleanUp(() => file.close());
    }
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return null;
    throw error;
  }
}

/**
 * Lists the folder once, then reads its entries. An entry that exists all the time is found. An entry that is
 * removed in between is left out.
 * @returns the other contenders, and whether the own entry still exists: if not, another
 * process considered this one dead
 */
export async function listContenders(
  folder: string,
  ownName: string,
): Promise<{ isOwnThere: boolean; contenders: Contender[] }> {
  const names = await readdir(folder);
  const contenders: Contender[] = [];
  for (const name of names) {
    const [, token, stage] = ENTRY_NAME.exec(name) ?? [];
    if (token === undefined || name === ownName) continue;
    const path = join(folder, name);
    const found = await readContender(path);
    if (found !== null) contenders.push({ token, stage: stage as Contender['stage'], path, ...found });
  }
  return { isOwnThere: names.includes(ownName), contenders };
}

/**
 * Tells whether the process of an entry has ended. Looks it up when it belongs to the same process table, and
 * judges by its last refresh otherwise. An entry of another boot of this machine is dead if it was not refreshed when
 * this boot started: a copy of this machine, which has the same id and may run beside it, refreshes its own. The age
 * is the difference of two times that the folder's own file system set, so the clocks of two machines need not agree.
 * @param nowMs mtime of an entry that was written just now into the same folder
 */
export async function isDead(contender: Contender, nowMs: number, processes: Processes): Promise<boolean> {
  const self = await processes.self();
  const { entry } = contender;
  const idleMs = nowMs - contender.mtimeMs;
  if (entry !== null && entry.machine === self.machine) {
    if (entry.bootId !== self.bootId) {
      return idleMs > Math.min(STALE_AFTER_MS, processes.uptimeMs() + REFRESH_EVERY_MS);
    }
    if (entry.pidNamespace === self.pidNamespace) {
      return (await processes.startTimeOf(entry.pid)) !== entry.startTime;
    }
  }
  return idleMs > STALE_AFTER_MS;
}

/**
 * Shows the other contenders that this process is alive. Writes instead of calling utimes, because utimes
 * would set the time of this machine's clock, and a write gets the time of the file system.
 * @returns ms since the last refresh, or null when the entry was removed
 */
export async function refreshEntry(path: string): Promise<number | null> {
  try {
    const before = await stat(path);
    const file = await open(path, 'r+');
    try {
      await file.write('{', 0); // The byte that is there already.
      await file.sync();
      const after = await file.stat();
      return after.nlink === 0 ? null : after.mtimeMs - before.mtimeMs;
    } finally {
      await cleanUp(() => file.close());
    }
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return null;
    throw error;
  }
}
