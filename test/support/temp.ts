import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';

/** A new folder of this test's own, removed when the test ends, whatever it left in it. */
export function tempFolder(t: TestContext, parent = tmpdir()): string {
  const folder = mkdtempSync(join(parent, 'calve-test-'));
  t.after(() => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }));
  return folder;
}
