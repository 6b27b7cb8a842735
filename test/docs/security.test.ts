/** docs/security.md names a test for each promise: they must be there. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

const ROOT = join(import.meta.dirname, '../../..');
const PAGE = readFileSync(join(ROOT, 'docs/security.md'), 'utf8');

/** Titles as they stand in the source, where they may be cut by a variable. */
function hasTitle(file: string, title: string): boolean {
  return readFileSync(join(ROOT, 'test', `${file}.test.ts`), 'utf8').includes(title);
}

test('Each test that the page on security names is there', () => {
  let named = 0;
  for (const cells of PAGE.split('\n')) {
    // A title belongs to the last file that was named before it.
    let file: string | null = null;
    for (const [, path, title] of cells.matchAll(/`([a-z0-9]+\/[a-z-]+)`|"([^"]{15,})"/g)) {
      if (path !== undefined) file = path;
      else if (title !== undefined && file !== null) {
        assert.ok(hasTitle(file, title), `${file}: ${title}`);
        named += 1;
      }
    }
  }
  assert.ok(named >= 30, `${named} tests are named`);
});

test('Each threat on the page has a test', () => {
  const threats = PAGE.split(/^- \*\*/m).slice(1);
  assert.ok(threats.length >= 15);
  for (const threat of threats) assert.match(threat, /^ {2}Tests: (the same|`)/m, threat);
});
