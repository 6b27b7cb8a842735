/** docs/reliability.md points to tests that are there. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

const ROOT = join(import.meta.dirname, '../../..');

/** `e2e/retries`: a title, or the beginning of one; in the last column of a table's row. */
function pointers(): { readonly file: string; readonly title: string }[] {
  const rows = readFileSync(join(ROOT, 'docs/reliability.md'), 'utf8').split('\n');
  return rows.flatMap((row) => {
    const cells = row.split('|').map((cell) => cell.trim());
    const last = cells.at(-2) ?? '';
    return [...last.matchAll(/`([\w-]+\/[\w-]+)`: (.*?)(?=; `|$)/g)].map(([, file = '', title = '']) => ({
      file,
      title,
    }));
  });
}

test('every test that the table of what broke for others names is there, under that title', () => {
  const all = pointers();
  assert.ok(all.length > 30, `${all.length} are named`);
  for (const { file, title } of all) {
    const source = readFileSync(join(ROOT, 'test', `${file}.test.ts`), 'utf8');
    assert.ok(source.includes(title), `${file}: ${title}`);
  }
});
