/**
 * A lock among processes, also of other machines on a shared file system, of files alone: Node has no flock.
 *
 * Each contender writes a file of its own into the lock's folder (`<token>.trying`), looks at the others', and if
 * none is in its way renames it to `<token>.held` and looks once more. It has the lock only if that second look
 * shows no other live `.held`.
 *
 * Why two can never both have it: say A's rename came before B's. B looks after its own rename, hence after A's, and
 * from its rename to its release A's entry stands under one name, so B's listing must show it, and B withdraws. That
 * both see each other and both withdraw is possible, and they try again; the first look makes it rare: of several
 * `.trying` only the one with the smallest token goes on.
 */
import { randomBytes, randomInt } from 'node:crypto';
import { chmod, mkdir, rename, rmdir, stat, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Lock, LockOptions } from '../transfer/ports/state.js';
import { encodeLine } from './checked-line.js';
import { osCode, stateFailure, writing } from './failures.js';
import { HeldLock } from './held-lock.js';
import { busy, holderFacts, isDead, type LockEntry, listRivals, type Rival } from './lock-entry.js';
import type { Processes } from './process-identity.js';

/** How long others may be in the middle of trying before even who would not wait gives up. */
const TRYING_PATIENCE_MS = 10_000;
const POLL_MAX_MS = 1_000;

export interface LockLocation {
  /** The lock's own folder, in one that exists. */
  readonly folder: string;
  /** For people: the file's path or the upload's id. */
  readonly what: string;
}

/** @throws TransferError `busy` when another has it, for longer than we would wait; the signal's reason */
export async function takeLock(
  place: LockLocation,
  options: LockOptions,
  processes: Processes,
): Promise<Lock> {
  const beganMs = performance.now();
  let isWaiting = false;
  for (let tries = 0; ; tries++) {
    options.signal.throwIfAborted();
    const rivalOrLock = await writing(place.folder, () => tryOnce(place, processes));
    if (rivalOrLock instanceof HeldLock) return rivalOrLock;
    const isHeld = rivalOrLock?.stage === 'held';
    const patienceMs = isHeld ? options.waitMs : Math.max(options.waitMs, TRYING_PATIENCE_MS);
    const leftMs = patienceMs - (performance.now() - beganMs);
    const holder = rivalOrLock?.entry ?? null;
    if (leftMs <= 0) throw busy(place.what, holder);
    if (isHeld && !isWaiting) {
      isWaiting = true;
      options.onWait?.(holderFacts(place.what, holder));
    }
    const longestMs = isHeld ? Math.min(POLL_MAX_MS, 20 * 2 ** Math.min(tries, 10)) : 40;
    await pause(Math.min(leftMs, randomInt(longestMs / 2, longestMs)), options.signal);
  }
}

/** @returns the lock, or who was in the way (null: our entry was lost on the way) */
async function tryOnce(place: LockLocation, processes: Processes): Promise<HeldLock | Rival | null> {
  const token = randomBytes(16).toString('hex');
  const entry: LockEntry = { ...(await processes.self()), token, at: new Date().toISOString() };
  const trying = `${token}.trying`;
  const held = `${token}.held`;
  await announce(place.folder, entry);
  let lock: HeldLock | null = null;
  try {
    const before = await lookAround(place.folder, trying, processes);
    const inTheWay =
      before?.find(({ stage }) => stage === 'held') ?? before?.find((rival) => rival.token < token);
    if (before === null || inTheWay !== undefined) return inTheWay ?? null;
    await rename(join(place.folder, trying), join(place.folder, held));
    const after = await lookAround(place.folder, held, processes);
    const alsoHeld = after?.find(({ stage }) => stage === 'held');
    // A transient clash: whoever stands there may withdraw as well, so it counts as still trying.
    if (alsoHeld !== undefined) return { ...alsoHeld, stage: 'trying' };
    if (after === null) return null;
    lock = new HeldLock(place.what, join(place.folder, held));
    return lock;
  } catch (error) {
    if (osCode(error) === 'ENOENT') return null; // Somebody took us for dead between two steps.
    throw error;
  } finally {
    if (lock === null) await withdraw(place.folder, [trying, held]);
  }
}

/** The entry appears whole. The folder may be removed by a release at any moment before. */
async function announce(folder: string, entry: LockEntry): Promise<void> {
  const temporary = join(folder, `${entry.token}.tmp`);
  for (let tries = 0; tries < 1_000; tries++) {
    try {
      await mkdir(folder, 0o700).then(
        () => chmod(folder, 0o700),
        (error) => {
          if (osCode(error) !== 'EEXIST') throw error;
        },
      );
      await writeFile(temporary, encodeLine(entry), { mode: 0o600, flag: 'wx' });
      await chmod(temporary, 0o600);
      await rename(temporary, join(folder, `${entry.token}.trying`));
      return;
    } catch (error) {
      await unlink(temporary).catch(() => {});
      if (osCode(error) !== 'ENOENT') throw error;
    }
  }
  throw stateFailure('not-writable', folder, 'it was removed again and again');
}

/** The live others, after removing what dead ones left; null when our own entry is gone. */
async function lookAround(folder: string, ownName: string, processes: Processes): Promise<Rival[] | null> {
  const { isOwnThere, rivals } = await listRivals(folder, ownName);
  if (!isOwnThere) return null;
  const { mtimeMs: nowMs } = await stat(join(folder, ownName));
  const live: Rival[] = [];
  for (const rival of rivals) {
    const dead = await isDead(rival, nowMs, processes);
    if (dead) await unlink(rival.path).catch(ignoreMissing);
    else if (rival.stage !== 'tmp') live.push(rival);
  }
  return live;
}

function ignoreMissing(error: unknown): void {
  if (osCode(error) !== 'ENOENT') throw error;
}

async function withdraw(folder: string, names: readonly string[]): Promise<void> {
  for (const name of names) await unlink(join(folder, name)).catch(ignoreMissing);
  await rmdir(folder).catch(() => {}); // Only ever succeeds on an empty one.
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => signal.throwIfAborted());
}
