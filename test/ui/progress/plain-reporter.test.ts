import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeStderr } from './fake-terminal.js';
import {
  ARCHIVED,
  MIB_BYTES,
  NOTICE,
  reporterOn,
  retryOf,
  STARTED,
  sentPart,
  WAITING,
  WAITING_LINE,
} from './reporter-support.js';

const RETRY = 'could not send part 21: connection reset\\x07; trying again in 4.0 s (attempt 2 of 10 failed)';

test('a log gets at most one line every 30 s, and one at the end', async (t) => {
  const stderr = new FakeStderr({ isTTY: false });
  const { reporter, clock } = await reporterOn(t, stderr, { mode: 'plain' });
  reporter.report(STARTED);
  for (let index = 20; index < 100; index += 1) {
    clock.nowMs += 1000;
    reporter.report({ type: 'sending', index });
    reporter.report(sentPart(index));
  }
  reporter.report({ type: 'completing', uploadId: '-Xk3' });
  reporter.report(ARCHIVED);
  reporter.done();
  assert.deepEqual(stderr.text.split('\n'), [
    'backup.tar: 49%, 784 MiB of 1.56 GiB, 49 of 100 parts, 15 MiB/s, 54 s left',
    'backup.tar: 79%, 1.23 GiB of 1.56 GiB, 79 of 100 parts, 15 MiB/s, 22 s left',
    'backup.tar: archived, 1.56 GiB in 1 min 20 s (16 MiB/s), 20 of 100 parts were there already',
    '',
  ]);
});

test('notices are printed at once, retries at once and then every 30 s, with the number of those held back', async (t) => {
  const stderr = new FakeStderr({ isTTY: false });
  const { reporter, clock } = await reporterOn(t, stderr, { mode: 'plain' });
  reporter.report(NOTICE);
  reporter.report(NOTICE);
  for (let i = 0; i < 4; i += 1) reporter.report(retryOf(21));
  clock.nowMs += 30_000;
  reporter.report(retryOf(21));
  reporter.done();
  assert.deepEqual(stderr.text.split('\n'), [
    'note: the state folder is /state\\x1b[2J',
    'note: the state folder is /state\\x1b[2J',
    RETRY,
    RETRY.replace('failed)', 'failed; 3 more since the last such line)'),
    '',
  ]);
});

test('a wait is printed, with its holder and its time', async (t) => {
  const stderr = new FakeStderr({ isTTY: false });
  const { reporter } = await reporterOn(t, stderr, { mode: 'plain' });
  reporter.report(WAITING);
  reporter.report({ ...WAITING, sinceMs: null });
  const unknown = WAITING_LINE.replace('has worked', 'works').replace(/ since .*/, '');
  assert.equal(stderr.text, `${WAITING_LINE}\n${unknown}\n`);
});

test('under --debug every retry and every wait is printed', async (t) => {
  const stderr = new FakeStderr({ isTTY: false });
  const { reporter } = await reporterOn(t, stderr, { mode: 'plain', debug: true });
  reporter.report(WAITING);
  for (let i = 0; i < 4; i += 1) reporter.report(retryOf(21));
  assert.equal(stderr.text, `${WAITING_LINE}\n${`${RETRY}\n`.repeat(4)}`);
});

test('a transfer that fails prints how far it got; one that never started prints nothing', async (t) => {
  const stderr = new FakeStderr({ isTTY: false });
  const { reporter } = await reporterOn(t, stderr, { mode: 'plain' });
  reporter.report({ type: 'failed', file: '/data/none' });
  reporter.report(STARTED);
  reporter.report({ type: 'failed', file: '/data/backup.tar' });
  reporter.report({ type: 'failed', file: '/data/none' });
  reporter.report(STARTED);
  reporter.report(sentPart(20));
  reporter.report({ type: 'failed', file: '/data/backup.tar' });
  assert.deepEqual(stderr.text.split('\n'), [
    'backup.tar: stopped at 20%, 320 MiB of 1.56 GiB; no parts were sent in this run',
    'backup.tar: stopped at 21%, 336 MiB of 1.56 GiB; 1 part was sent in this run',
    '',
  ]);
});

test('a stream that is sent again has no number of parts to compare with', async (t) => {
  const stderr = new FakeStderr({ isTTY: false });
  const { reporter } = await reporterOn(t, stderr, { mode: 'plain' });
  for (const [reusedParts, words] of [
    [11, '11 parts were'],
    [1, '1 part was'],
  ] as const) {
    reporter.report({ ...STARTED, reusedParts, plan: { ...STARTED.plan, sizeBytes: null, partCount: null } });
    reporter.report(ARCHIVED);
    assert.match(stderr.text, new RegExp(`, ${words} there already\\n$`));
  }
});

test('parts that a comparison finds count together with those that were known before', async (t) => {
  const stderr = new FakeStderr({ isTTY: false });
  const { reporter, clock } = await reporterOn(t, stderr, { mode: 'plain' });
  reporter.report(STARTED);
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
