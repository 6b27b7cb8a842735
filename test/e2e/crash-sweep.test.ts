/** Beyond the named instants: every single operation that changes a file of ours, one run each. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { type CrashAt, crashEnv } from '../support/crash-at.js';
import { assertOneArchive, type Job, openJob, PART_BYTES } from '../support/crash-job.js';
import { drawSeed, seededRandom, TEST_ALL } from '../support/seed.js';
import { sharedVaults } from '../support/vault-service.js';

const PARTS = 3;
const LANES = 1;
/** Far above what a small upload does: a sweep that never gets through is an error, not a long test. */
const OPERATIONS_MAX = 300;

const service = sharedVaults();

test('Killed before any operation on its own files, the same line ends right', (t) =>
  sweep(t, 'before', { stride: TEST_ALL ? 1 : 12, atLeast: 50 }));

test('Killed after any operation on its own files, the same line ends right', (t) =>
  sweep(t, 'after', { stride: TEST_ALL ? 1 : 12, atLeast: 50 }));

test('Killed with half of any write on disk, the same line ends right', (t) =>
  sweep(t, 'within', { stride: TEST_ALL ? 1 : 3, atLeast: 8 }));

/** Takes every `stride`-th operation, two at a time, until a run gets through: there are no more then. */
async function sweep(
  t: TestContext,
  when: CrashAt['when'],
  { stride, atLeast }: { stride: number; atLeast: number },
): Promise<void> {
  const first = 1 + Math.floor(seededRandom(drawSeed(t))() * stride);
  for (let nth = first; nth <= OPERATIONS_MAX; nth += 2 * stride) {
    const pair = [nth, nth + stride].map((each) => dieAndRunAgain(t, { when, nth: each }));
    const died = await Promise.all(pair);
    if (!died.includes(false)) continue;
    const reached = died[0] === true ? nth : nth - stride;
    assert.ok(reached >= atLeast - stride, `there were no more than ${reached} operations to die of`);
    t.diagnostic(`from operation ${first} to ${reached}, every ${stride}`);
    return;
  }
  throw new Error(`not through after ${OPERATIONS_MAX} operations`);
}

/** @returns whether it died there, and not got through before */
async function dieAndRunAgain(t: TestContext, at: CrashAt): Promise<boolean> {
  const size = { sizeBytes: PARTS * PART_BYTES - 7, concurrency: LANES };
  const job = openJob(await service.home(t), size);
  const killed = await job.run(job.uploadLine, crashEnv(at));
  if (killed.signal === null) {
    assert.equal(killed.code, 0, killed.stderr);
    return false;
  }
  try {
    await assertEndsRight(job, killed.stdout);
  } catch (cause) {
    throw new Error(`operation ${at.nth}: ${killed.stderr}`, { cause });
  }
  return true;
}

async function assertEndsRight(job: Job, printedBefore: string): Promise<void> {
  const again = await job.run(job.uploadLine);
  const { creates, parts, completes } = job.traffic();
  const openUploads = await assertOneArchive(job, again);
  assert.ok(printedBefore === '' || printedBefore === again.stdout, 'an id that was printed stays');
  assert.ok(creates <= 2 && completes <= 2, `${creates} creates, ${completes} completes`);
  assert.equal(openUploads, creates - 1, 'only a create that was forgotten leaves an upload');
  assert.ok(parts >= PARTS && parts <= PARTS + LANES, `${parts} parts were sent for ${PARTS}`);
}
