import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';

/** Takes work for the end: of a test, or of a whole `describe` (see shared.ts). */
export type Cleanup = Pick<TestContext, 'after'>;

/** A new folder of this test's own, removed when the test ends, whatever it left in it. */
export function tempFolder(t: Cleanup, parent = tmpdir()): string {
  const folder = mkdtempSync(join(parent, 'calve-test-'));
  t.after(() => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }));
  return folder;
}
