/** The locks that a killed program leaves in a state folder. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { encodeLine } from '../../src/state/checked-line.js';
import { type LockEntry, STALE_AFTER_MS } from '../../src/state/lock-entry.js';

/** Returns the files that show who holds a lock. */
export function lockFiles(stateDir: string): string[] {
  const names = readdirSync(stateDir, { recursive: true, encoding: 'utf8' });
  return names.filter((name) => name.endsWith('.held')).map((name) => join(stateDir, name));
}

function readLock(path: string): LockEntry & { readonly check: string } {
  return JSON.parse(readFileSync(path, 'utf8')) as LockEntry & { check: string };
}

/** Returns the process that has the locks. */
export function lockHolder(stateDir: string): number {
  const [pid, ...others] = new Set(lockFiles(stateDir).map((path) => readLock(path).pid));
  assert.ok(pid !== undefined && others.length === 0, 'one process has the locks');
  return pid;
}

/** Lets the locks look as if another machine had left them: they count for `leftMs` more. */
export function ageForeignLocks(stateDir: string, leftMs: number): void {
  const paths = lockFiles(stateDir);
  assert.ok(paths.length > 0, 'a lock is left');
  const refreshed = new Date(Date.now() - STALE_AFTER_MS + leftMs);
  for (const path of paths) {
    const { check: _, ...entry } = readLock(path);
    writeFileSync(path, encodeLine({ ...entry, machine: 'a'.repeat(32), hostname: 'runner-1' }));
    utimesSync(path, refreshed, refreshed);
  }
}
