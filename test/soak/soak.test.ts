/** A bounded share of `npm run soak`, by the same code: too short to see growth, long enough to see the most. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { drawSeed } from '../support/seed.js';
import { sendLong } from './long-upload.js';

const MIB_BYTES = 1024 ** 2;
/** 220 MiB were asked for of 4 lanes and parts of 16 MiB; what a test runner's machine adds is on top. */
const RESIDENT_MAX_MIB = 280;
const DESCRIPTORS_MAX = 60;

test('A long upload over a bad line holds little memory and few descriptors', async (t) => {
  if (!existsSync('/proc/self/status')) return t.skip('there is no /proc here');
  const { calve, retries } = await sendLong(t, 512 * MIB_BYTES, drawSeed(t));
  assert.ok(calve.length >= 4, `${calve.length} looks`);
  const most = (what: 'residentMiB' | 'descriptors'): number =>
    Math.max(...calve.map((sample) => sample[what]));
  t.diagnostic(
    `${Math.round(most('residentMiB'))} MiB, ${most('descriptors')} descriptors, ${retries} retries`,
  );
  assert.ok(most('residentMiB') <= RESIDENT_MAX_MIB, `${most('residentMiB')} MiB`);
  assert.ok(most('descriptors') <= DESCRIPTORS_MAX, `${most('descriptors')} descriptors`);
});
