/** docs/security.md names a test for each promise, and the tests exist. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { brokenPointers, pointersIn } from '../support/titles.js';

const PAGE = readFileSync(join(import.meta.dirname, '../../../docs/security.md'), 'utf8');

test('each test that the page on security names exists under that title', () => {
  const pointers = pointersIn(PAGE);
  assert.ok(pointers.length >= 30, `${pointers.length} tests are named`);
  const broken = brokenPointers(pointers);
  assert.equal(broken.length, 0, broken.join('\n'));
});

test('each threat on the page has a test', () => {
  const threats = PAGE.split(/^- \*\*/m).slice(1);
  assert.ok(threats.length >= 15);
  for (const threat of threats) assert.match(threat, /^ {2}Tests: (the same|`)/m, threat);
});
