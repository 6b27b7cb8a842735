/** A bounded share of the rounds of `npm run test:fleet`, by the same code. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { drawSeed } from '../support/seed.js';
import { playRounds, summaryOf } from './campaign.js';

test('A fleet ends in one right archive or in none, whatever is killed, started twice or lost', async (t) => {
  const violations: string[] = [];
  const violate = (text: string): void => void violations.push(text);
  const figures = await playRounds(t, { seed: drawSeed(t), rounds: 2, lanes: 2, violate });
  t.diagnostic(summaryOf(figures));
  assert.deepEqual(violations, []);
  assert.ok(figures.archives + figures.refused === 2);
});
