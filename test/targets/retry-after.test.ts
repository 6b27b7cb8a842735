import assert from 'node:assert/strict';
import { test } from 'node:test';
import { retryAfterMs } from '../../src/targets/aws/retry-after.js';

const NOW_MS = Date.parse('2026-03-01T12:00:00Z');

test('Retry-After is a number of seconds, or a date that is compared with the date of the response', () => {
  const read = (headers: Record<string, string>) => retryAfterMs(headers, NOW_MS);
  assert.equal(read({ 'retry-after': '120' }), 120_000);
  assert.equal(read({ 'retry-after': ' 0 ' }), 0);
  assert.equal(read({ 'retry-after': 'Sun, 01 Mar 2026 12:00:30 GMT' }), 30_000);
  const wrongClock = {
    'retry-after': 'Sun, 01 Mar 2020 12:00:30 GMT',
    date: 'Sun, 01 Mar 2020 12:00:00 GMT',
  };
  assert.equal(read(wrongClock), 30_000);
  assert.equal(read({ 'retry-after': 'Sun, 01 Mar 2026 11:00:00 GMT' }), 0, 'a date in the past means now');
});

test('a Retry-After that cannot be read is ignored', () => {
  for (const value of ['', 'soon', '-5', '1e3', '99999999999999999999']) {
    assert.equal(retryAfterMs({ 'retry-after': value }, NOW_MS), null, value);
  }
  assert.equal(retryAfterMs({}, NOW_MS), null);
});
