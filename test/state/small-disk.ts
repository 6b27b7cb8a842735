/** Mounts a very small file system, which a test can fill. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { Cleanup } from '../support/temp.js';

/** @returns the mounted folder, or null when mounting is not allowed; the test is then reported as skipped */
export function smallDisk(t: TestContext, sizeBytes: number): string | null {
  const folder = mountSmallDisk(t, sizeBytes);
  if (folder instanceof Error) {
    t.skip(`cannot mount a small disk: ${folder.message.trim()}`);
    return null;
  }
  return folder;
}

/** @returns the mounted folder, or the error when mounting is not allowed */
export function mountSmallDisk(t: Cleanup, sizeBytes: number): string | Error {
  const folder = mkdtempSync(join(tmpdir(), 'calve-test-'));
  try {
    const options = `size=${sizeBytes},mode=700`;
    execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', folder], { stdio: 'pipe' });
  } catch (error) {
    rmdirSync(folder);
    return error instanceof Error ? error : new Error(String(error));
  }
  t.after(() => {
    execFileSync('umount', ['-l', folder]);
    rmdirSync(folder);
  });
  return folder;
}

/** Makes room, like a person who fixes a full disk. */
export function enlarge(folder: string, sizeBytes: number): void {
  execFileSync('mount', ['-o', `remount,rw,size=${sizeBytes}`, folder], { stdio: 'pipe' });
}

export function remountReadOnly(folder: string): void {
  execFileSync('mount', ['-o', 'remount,ro', folder], { stdio: 'pipe' });
}
