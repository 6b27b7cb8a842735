/** A bounded share of `npm run chaos`, by the same code. */
import assert from 'node:assert/strict';
import { after, type TestContext, test } from 'node:test';
import { drawSeed } from '../support/seed.js';
import { closeSources } from '../transfer/rig.js';
import { runCampaign } from './campaign.js';
import { everyByte } from './every-byte.js';
import { Figures } from './figures.js';

/** The kinds come in a fixed order, so that each kind is among them. */
const TRIALS = 10;
const LIMIT_MS = 40_000;

after(closeSources);

function assertNothingLost(t: TestContext, figures: Figures): void {
  t.diagnostic(figures.summary());
  const found = figures.violations.map(({ title, detail, again }) => `${title}\n${detail}\nagain: ${again}`);
  assert.equal(found.length, 0, found.join('\n\n'));
}

test('Nothing is lost, whatever kills the runs, damages the state, fills the disk or changes the file', async (t) => {
  const figures = new Figures();
  const seed = drawSeed(t);
  const bounds = { first: 0, trials: TRIALS, limitMs: LIMIT_MS, lanes: 2 };
  await runCampaign(t, figures, { seed, ...bounds, signal: t.signal });
  assertNothingLost(t, figures);
  assert.ok(figures.kills + figures.signals >= 5, 'runs were stopped');
  assert.ok(figures.faultCount >= 5, 'the line was bad');
});

test('State that is damaged at any byte is read correctly or refused, and no upload is created twice', async (t) => {
  const figures = new Figures();
  await everyByte(t, figures, { seed: drawSeed(t), stride: 60 });
  assertNothingLost(t, figures);
  assert.ok(figures.damages >= 150, `${figures.damages} states`);
});
