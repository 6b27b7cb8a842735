/** docs/reliability.md points to tests that exist. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { brokenPointers, pointersIn } from '../support/titles.js';

const PAGE = readFileSync(join(import.meta.dirname, '../../../docs/reliability.md'), 'utf8');

test('every test that the list of known problems names exists under that title', () => {
  const pointers = pointersIn(PAGE);
  assert.ok(pointers.length > 30, `${pointers.length} tests are named`);
  const broken = brokenPointers(pointers);
  assert.equal(broken.length, 0, broken.join('\n'));
});

test('every known problem names a test', () => {
  const [, list = ''] = PAGE.split('## Known problems');
  const problems = list.split(/^- \*\*/m).slice(1);
  assert.ok(problems.length > 30);
  for (const problem of problems) assert.match(problem, /^ {2}Test: `/m);
});
