/**
 * A lock between processes, also on several machines that share a file system. It is made of files
 * alone, because Node has no flock.
 *
 * Each contender writes a file of its own into the lock's folder (`<token>.trying`) and lists the others. If
 * none is in its way, it renames its file to `<token>.held` and lists the others again. It has the lock only
 * if this second listing shows no other live `.held`.
 *
 * Two contenders can never both have the lock. Suppose that A renames before B. B lists after its own
 * rename, and so after A's rename. A's entry keeps one name from its rename to its release, so B's
 * listing must show it, and B withdraws. It is possible that both see each other and both withdraw.
 * Then they try again. The first listing makes this rare: of several `.trying` entries, only the one
 * with the smallest token continues.
 */

import { randomBytes, randomInt } from 'node:crypto';
import { chmod, mkdir, rename, rmdir, stat, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { cleanUp } from '../core/clean-up.js';
import { systemCode } from '../core/system-errors.js';
import type { Lock, LockHolder, LockOptions } from '../transfer/ports/state.js';
import { encodeLine } from './checked-line.js';
import { reading, stateFailure, writing } from './failures.js';
import { HeldLock } from './held-lock.js';
import {
  busyFailure,
  type Contender,
  holderFacts,
  isDead,
  type LockEntry,
  listContenders,
} from './lock-entry.js';
import type { Processes } from './process-identity.js';

/**
 * The time limit for contenders that are still trying. It applies even when the caller does not want to wait.
 */
const TRYING_PATIENCE_MS = 10_000;
const POLL_MAX_MS = 1_000;

export interface LockLocation {
  /** The lock's own folder. Its parent must exist. */
  readonly folder: string;
  /** The file's path or the upload's id, for messages. */
  readonly what: string;
}

/**
 * @throws TransferError `busy` when another process holds the lock for longer
 * than `waitMs`; the signal's reason
 */
export async function takeLock(
  location: LockLocation,
  options: LockOptions,
  processes: Processes,
): Promise<Lock> {
  let waitsSinceMs: number | null = null;
  let isWaiting = false;
  for (let attempts = 0; ; attempts++) {
    options.signal.throwIfAborted();
    const result = await writing(location.folder, () => tryOnce(location, processes));
    if (result instanceof HeldLock) return result;
    // The first look is no wait: on a busy machine it may take longer than a short `waitMs`.
    waitsSinceMs ??= performance.now();
    const isHeld = result?.stage === 'held';
    const patienceMs = isHeld ? options.waitMs : Math.max(options.waitMs, TRYING_PATIENCE_MS);
    const leftMs = patienceMs - (performance.now() - waitsSinceMs);
    const holder = result?.entry ?? null;
    if (leftMs <= 0) throw busyFailure(location.what, holder);
    if (isHeld && !isWaiting) {
      isWaiting = true;
      options.onWait?.(holderFacts(location.what, holder));
    }
    const longestMs = isHeld ? Math.min(POLL_MAX_MS, 20 * 2 ** Math.min(attempts, 10)) : 40;
    await pause(Math.min(leftMs, randomInt(longestMs / 2, longestMs)), options.signal);
  }
}

/**
 * @returns the lock, or the contender that was in the way, or null when the own entry was removed meanwhile
 */
async function tryOnce(
  { folder, what }: LockLocation,
  processes: Processes,
): Promise<HeldLock | Contender | null> {
  const token = randomBytes(16).toString('hex');
  const entry: LockEntry = { ...(await processes.self()), token, at: new Date().toISOString() };
  const trying = `${token}.trying`;
  const held = `${token}.held`;
  await register(folder, entry);
  let lock: HeldLock | null = null;
  try {
    const before = await listLive(folder, trying, processes);
    const inTheWay =
      before?.find(({ stage }) => stage === 'held') ?? before?.find((contender) => contender.token < token);
    if (before === null || inTheWay !== undefined) return inTheWay ?? null;
    await rename(join(folder, trying), join(folder, held));
    const after = await listLive(folder, held, processes);
    const alsoHeld = after?.find(({ stage }) => stage === 'held');
    // A short conflict: the other contender may withdraw too, so it counts as still trying.
    if (alsoHeld !== undefined) return { ...alsoHeld, stage: 'trying' };
    if (after === null) return null;
    lock = new HeldLock(what, join(folder, held));
    return lock;
  } catch (error) {
    // Another process considered this one dead and removed its entry.
    if (systemCode(error) === 'ENOENT') return null;
    throw error;
  } finally {
    if (lock === null) await withdraw(folder, [trying, held]);
  }
}

/**
 * Writes the entry, which appears complete or not at all. Another contender's
 * release may remove the folder before.
 */
async function register(folder: string, entry: LockEntry): Promise<void> {
  const temporary = join(folder, `${entry.token}.tmp`);
  for (let attempts = 0; attempts < 1_000; attempts++) {
    try {
      await mkdir(folder, 0o700).then(
        () => chmod(folder, 0o700),
        (error) => {
          if (systemCode(error) !== 'EEXIST') throw error;
        },
      );
      await writeFile(temporary, encodeLine(entry), { mode: 0o600, flag: 'wx' });
      await chmod(temporary, 0o600);
      await rename(temporary, join(folder, `${entry.token}.trying`));
      return;
    } catch (error) {
      await unlink(temporary).catch(() => {});
      if (systemCode(error) !== 'ENOENT') throw error;
    }
  }
  throw stateFailure('not-writable', folder, 'other processes keep removing it');
}

/**
 * Lists the other live contenders and removes the entries of dead ones.
 * @returns null when the own entry is gone
 */
async function listLive(folder: string, ownName: string, processes: Processes): Promise<Contender[] | null> {
  const { isOwnThere, contenders } = await listContenders(folder, ownName);
  if (!isOwnThere) return null;
  const { mtimeMs: nowMs } = await stat(join(folder, ownName));
  const live: Contender[] = [];
  for (const contender of contenders) {
    const dead = await isDead(contender, nowMs, processes);
    if (dead) await unlink(contender.path).catch(ignoreMissing);
    else if (contender.stage !== 'tmp') live.push(contender);
  }
  return live;
}

function ignoreMissing(error: unknown): void {
  if (systemCode(error) !== 'ENOENT') throw error;
}

/** Returns who holds a lock. Writes nothing, so that the age of an entry is judged by the clock of this machine. */
export async function findHolder(
  { folder, what }: LockLocation,
  processes: Processes,
): Promise<LockHolder | null> {
  const contenders = await reading(folder, [], async () => (await listContenders(folder, '')).contenders);
  for (const contender of contenders) {
    const holds = contender.stage === 'held' && !(await isDead(contender, Date.now(), processes));
    if (holds) return holderFacts(what, contender.entry);
  }
  return null;
}

/** Never fails: an entry that cannot be removed counts as dead as soon as this process ends. */
function withdraw(folder: string, names: readonly string[]): Promise<void> {
  return cleanUp(
    ...names.map((name) => () => unlink(join(folder, name))),
    () => rmdir(folder), // Succeeds only when the folder is empty.
  );
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => signal.throwIfAborted());
}
