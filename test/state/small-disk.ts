/** A file system of a few pages, to be filled up. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';

/** @returns the mounted folder, or null (and the test says that it was skipped) where nothing may be mounted */
export function smallDisk(t: TestContext, sizeBytes: number): string | null {
  const folder = mkdtempSync(join(tmpdir(), 'calve-test-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${sizeBytes},mode=700`, 'tmpfs', folder], {
      stdio: 'pipe',
    });
  } catch (error) {
    rmdirSync(folder);
    t.skip(`cannot mount a small disk: ${error instanceof Error ? error.message.trim() : error}`);
    return null;
  }
  t.after(() => {
    execFileSync('umount', ['-l', folder]);
    rmdirSync(folder);
  });
  return folder;
}

export function remountReadOnly(folder: string): void {
  execFileSync('mount', ['-o', 'remount,ro', folder], { stdio: 'pipe' });
}
