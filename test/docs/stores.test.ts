/** The table of stores in docs/objects.md points to tests that exist. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { brokenPointers, pointersIn } from '../support/titles.js';

const PAGE = readFileSync(join(import.meta.dirname, '../../../docs/objects.md'), 'utf8');

test('every row of the table of stores names a test that exists under that title', () => {
  const [, section = ''] = PAGE.split('## Stores and what they do in their own way');
  const [, , ...rows] = (section.split('\n## ')[0] ?? '').split('\n').filter((line) => line.startsWith('|'));
  assert.ok(rows.length > 15, `${rows.length} rows`);
  for (const row of rows) {
    const pointers = pointersIn(row);
    assert.equal(pointers.length, 1, row);
    assert.deepEqual(brokenPointers(pointers), []);
  }
});
