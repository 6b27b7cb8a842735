/** A lock that we have: kept fresh until it is released. */
import { rmdir, unlink } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Lock } from '../transfer/ports/state.js';
import { writing } from './failures.js';
import { busy, listRivals, refreshEntry, STALE_AFTER_MS } from './lock-entry.js';

/** A quarter of the time after which others may take us for dead. */
const REFRESH_EVERY_MS = STALE_AFTER_MS / 4;

/** From a look at a stale entry to its removal: who found ours stale just before we refreshed has removed it by then. */
const TAKEOVER_MS = 1_000;

export class HeldLock implements Lock {
  readonly #what: string;
  readonly #path: string;
  readonly #timer: NodeJS.Timeout;
  #released: Promise<void> | null = null;

  /**
   * @param what the file's path or the upload's id, for people
   * @param path our entry
   */
  constructor(what: string, path: string) {
    this.#what = what;
    this.#path = path;
    // A refresh that fails is tried again in time; a lock that was lost shows in assertHeld().
    this.#timer = setInterval(() => void refreshEntry(path).catch(() => {}), REFRESH_EVERY_MS).unref();
  }

  async assertHeld(): Promise<void> {
    let idleMs = await this.#refresh();
    if (idleMs !== null && idleMs > STALE_AFTER_MS / 2) {
      // We were stopped for long (a laptop's lid, a hung disk): somebody may be about to take the lock.
      await sleep(TAKEOVER_MS);
      idleMs = await this.#refresh();
    }
    if (idleMs === null) throw await this.#lost();
  }

  release(): Promise<void> {
    this.#released ??= this.#remove();
    return this.#released;
  }

  /** @returns ms since the last refresh, null when the lock is not ours */
  async #refresh(): Promise<number | null> {
    return this.#released === null ? writing(this.#path, () => refreshEntry(this.#path)) : null;
  }

  async #lost() {
    const listed = await listRivals(dirname(this.#path), basename(this.#path)).catch(() => null);
    const successor = listed?.rivals.find(({ stage }) => stage === 'held');
    return busy(this.#what, successor?.entry ?? null);
  }

  /** Never fails: an entry that cannot be removed is a dead one as soon as this process ends. */
  async #remove(): Promise<void> {
    clearInterval(this.#timer);
    await unlink(this.#path).catch(() => {});
    await rmdir(dirname(this.#path)).catch(() => {});
  }
}
