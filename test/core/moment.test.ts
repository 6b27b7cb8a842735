import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseMoment } from '../../src/core/moment.js';

const NOW_MS = Date.parse('2026-03-01T12:00:00.000Z');

test('a date names its whole day in UTC, and a time or an age one moment', () => {
  const shown = (text: string) => {
    const moment = parseMoment(text, NOW_MS);
    return moment && [moment.firstMs, moment.lastMs].map((ms) => new Date(ms).toISOString());
  };
  const day = ['2026-01-31T00:00:00.000Z', '2026-01-31T23:59:59.999Z'];
  assert.deepEqual(shown('2026-01-31'), day);
  const evening = ['2026-01-31T18:00:00.000Z', '2026-01-31T18:00:00.000Z'];
  for (const text of [
    '2026-01-31T18:00',
    '2026-01-31 18:00:00',
    '2026-01-31t18:00:00.000z',
    '2026-01-31T20:00+02:00',
  ])
    assert.deepEqual(shown(text), evening, text);
  assert.deepEqual(shown('2d'), ['2026-02-27T12:00:00.000Z', '2026-02-27T12:00:00.000Z']);
  for (const text of [
    '',
    '2026',
    '2026-02-30',
    '2026-13-01',
    '2026-01-31T25:00',
    '31.1.2026',
    '2026-01-31T18',
    'now',
  ])
    assert.equal(parseMoment(text, NOW_MS), null, text);
});
