import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeStderr } from './fake-terminal.js';
import { ARCHIVED, BEGUN, MIB_BYTES, NOTICE, reporterOn, retryOf, sentPart } from './reporter-support.js';

const RETRY = 'could not send part 21: connection reset\\x07; trying again in 4.0 s (attempt 2 of 10 failed)';

test('a log gets a line every 30 s at the most, and one at the end', async (t) => {
  const stderr = new FakeStderr({ isTTY: false });
  const { reporter, clock } = await reporterOn(t, stderr, { mode: 'plain' });
  reporter.report({
    type: 'waiting',
    what: 'the-file',
    holder: 'for the lock',
    sinceMs: null,
    waitMs: 60_000,
  });
  reporter.report(BEGUN);
  for (let index = 20; index < 100; index += 1) {
    clock.nowMs += 1000;
    reporter.report({ type: 'sending', index });
    reporter.report(sentPart(index));
  }
  reporter.report({ type: 'completing', uploadId: '-Xk3' });
  reporter.report(ARCHIVED);
  reporter.done();
  assert.deepEqual(stderr.text.split('\n'), [
    'backup.tar: 49%, 784 MiB of 1.56 GiB, 49 of 100 parts, 15.5 MiB/s, 53 s left',
    'backup.tar: 79%, 1.23 GiB of 1.56 GiB, 79 of 100 parts, 15.7 MiB/s, 21 s left',
    'backup.tar: archived, 1.56 GiB in 1 min 20 s (16 MiB/s), 20 of 100 parts were there already',
    '',
  ]);
});

test('notices come at once, retries at once and then every 30 s, with how many were held back', async (t) => {
  const stderr = new FakeStderr({ isTTY: false });
  const { reporter, clock } = await reporterOn(t, stderr, { mode: 'plain' });
  reporter.report(NOTICE);
  reporter.report(NOTICE);
  for (let i = 0; i < 4; i += 1) reporter.report(retryOf(21));
  clock.nowMs += 30_000;
  reporter.report(retryOf(21));
  reporter.done();
  assert.deepEqual(stderr.text.split('\n'), [
    'note: the state is kept in /state\\x1b[2J',
    'note: the state is kept in /state\\x1b[2J',
    RETRY,
    RETRY.replace('failed)', 'failed; 3 more since the last such line)'),
    '',
  ]);
});

test('under --debug every retry and every wait is told', async (t) => {
  const stderr = new FakeStderr({ isTTY: false });
  const { reporter } = await reporterOn(t, stderr, { mode: 'plain', debug: true });
  reporter.report({
    type: 'waiting',
    what: 'the-file',
    holder: 'for the lock',
    sinceMs: null,
    waitMs: 60_000,
  });
  for (let i = 0; i < 4; i += 1) reporter.report(retryOf(21));
  assert.equal(stderr.text, `for the lock\n${`${RETRY}\n`.repeat(4)}`);
});

test('a transfer that fails says how far it came; one that was never begun says nothing', async (t) => {
  const stderr = new FakeStderr({ isTTY: false });
  const { reporter } = await reporterOn(t, stderr, { mode: 'plain' });
  reporter.report({ type: 'failed', file: '/data/none' });
  reporter.report(BEGUN);
  reporter.report({ type: 'failed', file: '/data/backup.tar' });
  reporter.report({ type: 'failed', file: '/data/none' });
  assert.equal(stderr.text, 'backup.tar: ended at 20%, 20 of 100 parts\n');
});

test('parts that a comparison finds count beside those that were known to be there', async (t) => {
  const stderr = new FakeStderr({ isTTY: false });
  const { reporter, clock } = await reporterOn(t, stderr, { mode: 'plain' });
  reporter.report(BEGUN);
  reporter.report({ type: 'part', index: 20, sizeBytes: 16 * MIB_BYTES, reused: true });
  clock.nowMs += 30_000;
  reporter.report(sentPart(21));
  reporter.report(ARCHIVED);
  assert.deepEqual(stderr.text.split('\n'), [
    'backup.tar: 22%, 352 MiB of 1.56 GiB, 22 of 100 parts, 546 KiB/s, 39 min 0 s left',
    'backup.tar: archived, 1.56 GiB in 1 min 20 s (205 KiB/s), 21 of 100 parts were there already',
    '',
  ]);
});
