import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { Ended } from '../support/calve.js';
import { assertOneArchive, type Job, openJob, PART_BYTES } from '../support/crash-job.js';
import { drawSeed, inLanes, seededRandom, TEST_ALL } from '../support/seed.js';
import { sharedVaults } from '../support/vault-service.js';

const UPLOADS = TEST_ALL ? 100 : 4;
const PARTS = 24;
const LANES = 4;
const KILLS_MAX = 3;

const service = sharedVaults();

test('Uploads killed at random instants, again and again, each end in one right archive', async (t) => {
  const random = seededRandom(drawSeed(t));
  const workingMs = await measure(t);
  let kills = 0;
  const work = Array.from({ length: UPLOADS }, () => {
    // Drawn here, in order: which lane comes first is not the seed's to say.
    const instantsMs = Array.from({ length: KILLS_MAX }, () => random() * workingMs);
    const wanted = 1 + Math.floor(random() * KILLS_MAX);
    return async () => {
      const job = await openParts(t);
      kills += await killAndGoOn(job, instantsMs.slice(0, wanted));
    };
  });
  await inLanes(2, work);
  t.diagnostic(`${kills} kills within ${Math.round(workingMs)} ms`);
  assert.ok(kills >= UPLOADS / 5, `only ${kills} runs were killed before they were done`);
});

async function openParts(t: TestContext): Promise<Job> {
  return openJob(await service.home(t), { sizeBytes: PARTS * PART_BYTES - 7, concurrency: LANES });
}

/** @returns how long a run works from its first request to its end */
async function measure(t: TestContext): Promise<number> {
  const job = await openParts(t);
  let begunMs = 0;
  const request = (): boolean => {
    begunMs = performance.now();
    return true;
  };
  // An instant that never comes: only the start of its wait is of use.
  const ended = await job.runKilledAt(job.uploadLine, { moment: 'before', request, laterMs: 600_000 });
  assert.equal(ended.code, 0, ended.stderr);
  return performance.now() - begunMs;
}

/** @returns how many runs were killed; a run that ended before its instant does not count */
async function killAndGoOn(job: Job, instantsMs: readonly number[]): Promise<number> {
  let kills = 0;
  let last: Ended | null = null;
  for (const laterMs of instantsMs) {
    last = await job.runKilledAt(job.uploadLine, { moment: 'before', request: () => true, laterMs });
    if (last.signal !== 'SIGKILL') break;
    kills += 1;
  }
  if (last === null || last.signal === 'SIGKILL') last = await job.run(job.uploadLine);
  const { creates, parts, completes } = job.traffic();
  const openUploads = await assertOneArchive(job, last);
  assert.ok(openUploads < creates, `${openUploads} uploads are open after ${creates} creates`);
  assert.ok(parts <= PARTS + kills * LANES, `${parts} parts were sent for ${PARTS} after ${kills} kills`);
  assert.ok(completes <= 1 + kills, `${completes} completes after ${kills} kills`);
  return kills;
}
