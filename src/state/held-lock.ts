/** A lock that this process holds. It is refreshed until it is released. */
import { rmdir, unlink } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { cleanUp } from '../core/clean-up.js';
import type { Lock } from '../transfer/ports/state.js';
import { writing } from './failures.js';
import { busyFailure, listContenders, REFRESH_EVERY_MS, refreshEntry, STALE_AFTER_MS } from './lock-entry.js';

/** The longest time between reading a stale entry and removing it, in a process that takes the lock over. */
const TAKEOVER_MS = 1_000;

export class HeldLock implements Lock {
  readonly #what: string;
  readonly #path: string;
  readonly #timer: NodeJS.Timeout;
  readonly #losing = new AbortController();
  #released: Promise<void> | null = null;

  /**
   * @param what the file's path or the upload's id, for messages
   * @param path this process's own entry
   */
  constructor(what: string, path: string) {
    this.#what = what;
    this.#path = path;
    // A refresh that fails is tried again soon enough.
    this.#timer = setInterval(() => void cleanUp(() => this.#keep()), REFRESH_EVERY_MS).unref();
  }

  get lost(): AbortSignal {
    return this.#losing.signal;
  }

  async assertHeld(): Promise<void> {
    let idleMs = await this.#refresh();
    if (idleMs !== null && idleMs > STALE_AFTER_MS / 2) {
      // This process was stopped for long (a closed laptop, a blocked disk). Another process that found the
      // entry stale before this refresh may still remove it.
      await sleep(TAKEOVER_MS);
      idleMs = await this.#refresh();
    }
    if (idleMs === null) throw await this.#lostFailure();
  }

  release(): Promise<void> {
    this.#released ??= this.#remove();
    return this.#released;
  }

  /** Refreshes the entry, and reports when another process has removed it. */
  async #keep(): Promise<void> {
    if ((await this.#refresh()) !== null || this.#released !== null) return;
    clearInterval(this.#timer);
    this.#losing.abort(await this.#lostFailure());
  }

  /** @returns ms since the last refresh, or null when this process does not hold the lock any more */
  async #refresh(): Promise<number | null> {
    return this.#released === null ? writing(this.#path, () => refreshEntry(this.#path)) : null;
  }

  async #lostFailure() {
    const listed = await listContenders(dirname(this.#path), basename(this.#path)).catch(() => null);
    const successor = listed?.contenders.find(({ stage }) => stage === 'held');
    return busyFailure(this.#what, successor?.entry ?? null);
  }

  /** Never fails: an entry that cannot be removed counts as dead as soon as this process ends. */
  async #remove(): Promise<void> {
    clearInterval(this.#timer);
    await cleanUp(
      () => unlink(this.#path),
      () => rmdir(dirname(this.#path)),
    );
  }
}
