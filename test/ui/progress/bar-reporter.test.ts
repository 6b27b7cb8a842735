import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeStderr } from './fake-terminal.js';
import { ARCHIVED, BEGUN, MIB_BYTES, NOTICE, reporterOn, retryOf, sentPart } from './reporter-support.js';

const NOTE = 'note: the state is kept in /state\\x1b[2J';
const RETRY = 'could not send part 21: connection reset\\x07; trying again in 4.0 s (attempt 2 of 10 failed)';

function timers(): number {
  return process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
}

test('the bar starts where the last run ended, moves with the parts, and is gone when the file is archived', async (t) => {
  const stderr = new FakeStderr({ isTTY: true });
  const { reporter, clock } = await reporterOn(t, stderr, { mode: 'bar' });
  reporter.report(BEGUN);
  assert.deepEqual(stderr.screen(), ['backup.tar  ━━━──────────────   20%  0.31/1.56 GiB']);
  for (let index = 20; index < 60; index += 1) reporter.report(sentPart(index));
  clock.nowMs += 10_000;
  reporter.report(NOTICE);
  assert.deepEqual(stderr.screen(), [
    NOTE,
    'backup.tar  ━━━━━━━━━━───────   60%  0.94/1.56 GiB    64 MiB/s         ETA 10 s',
  ]);
  reporter.report(ARCHIVED);
  assert.deepEqual(stderr.screen(), [
    NOTE,
    '✔ backup.tar: archived, 1.56 GiB in 1 min 20 s (8 MiB/s), 20 of 100 parts were there already',
  ]);
});

test('before the first part has arrived the bar tells how many are under way', async (t) => {
  const stderr = new FakeStderr({ isTTY: true });
  const { reporter, clock } = await reporterOn(t, stderr, { mode: 'bar' });
  reporter.report(BEGUN);
  reporter.report({ type: 'sending', index: 20 });
  reporter.report({ type: 'sending', index: 21 });
  reporter.report({ type: 'sending', index: 20 });
  clock.nowMs += 60_000;
  reporter.report(NOTICE);
  assert.match(stderr.screen().at(-1) ?? '', / 20% {2}0\.31\/1\.56 GiB {2}2 under way$/);
  reporter.report({ type: 'part', index: 21, sizeBytes: 16 * MIB_BYTES, reused: true });
  reporter.report(NOTICE);
  assert.match(stderr.screen().at(-1) ?? '', / 21% {2}0\.33\/1\.56 GiB {2}1 under way$/);
});

test('waits and the completion have a spinner, and lines go above it', async (t) => {
  const stderr = new FakeStderr({ isTTY: true });
  const { reporter } = await reporterOn(t, stderr, { mode: 'bar' });
  reporter.report({
    type: 'waiting',
    what: 'the-file',
    holder: 'asking the service what it holds\x1b[2J',
    sinceMs: null,
    waitMs: 60_000,
  });
  assert.deepEqual(stderr.screen(), ['⠋ asking the service what it holds\\x1b[2J']);
  reporter.report(NOTICE);
  assert.deepEqual(stderr.screen().slice(0, 1), [NOTE]);
  assert.match(stderr.screen()[1] ?? '', /^\S asking the service/);
  reporter.report(BEGUN);
  assert.match(stderr.screen()[1] ?? '', /^backup\.tar .* 20% /);
  reporter.report({ type: 'completing', uploadId: '-Xk3' });
  assert.match(stderr.screen()[1] ?? '', /^\S completing: the service checks the whole$/);
  assert.equal(stderr.screen().length, 2);
  reporter.done();
  assert.deepEqual(stderr.screen(), [NOTE]);
});

test('retries stand above the bar, and a service that is down does not fill the screen', async (t) => {
  const stderr = new FakeStderr({ isTTY: true });
  const { reporter, clock } = await reporterOn(t, stderr, { mode: 'bar' });
  reporter.report(BEGUN);
  for (let i = 0; i < 5; i += 1) reporter.report(retryOf(21));
  clock.nowMs += 10_000;
  reporter.report(retryOf(21));
  assert.deepEqual(stderr.screen().slice(0, -1), [
    RETRY,
    RETRY.replace('failed)', 'failed; 4 more since the last such line)'),
  ]);
});

test('a transfer that fails leaves a line of how far it came', async (t) => {
  const stderr = new FakeStderr({ isTTY: true });
  const { reporter } = await reporterOn(t, stderr, { mode: 'bar', unicode: false });
  reporter.report(BEGUN);
  assert.match(stderr.screen()[0] ?? '', /^backup\.tar {2}=+-+ {3}20%/);
  reporter.report({ type: 'failed', file: '/data/backup.tar' });
  assert.deepEqual(stderr.screen(), ['x backup.tar: ended at 20%, 20 of 100 parts']);
});

test('when it is done no timer runs on, nothing live is left, and later events draw nothing', async (t) => {
  const before = timers();
  const stderr = new FakeStderr({ isTTY: true });
  const { reporter } = await reporterOn(t, stderr, { mode: 'bar' });
  reporter.report({
    type: 'waiting',
    what: 'the-file',
    holder: 'for the lock',
    sinceMs: null,
    waitMs: 60_000,
  });
  reporter.report(BEGUN);
  reporter.done();
  reporter.done();
  assert.deepEqual(stderr.screen(), []);
  assert.equal(timers(), before);
  const { text } = stderr;
  reporter.report(sentPart(20));
  reporter.report({
    type: 'waiting',
    what: 'the-file',
    holder: 'for the lock',
    sinceMs: null,
    waitMs: 60_000,
  });
  assert.equal(stderr.text, text);
  assert.equal(timers(), before);
});

test('the terminal is never left without its cursor or its line wrapping, not even by kill -9', async (t) => {
  const stderr = new FakeStderr({ isTTY: true });
  const { reporter } = await reporterOn(t, stderr, { mode: 'bar', color: true });
  reporter.report({
    type: 'waiting',
    what: 'the-file',
    holder: 'for the lock',
    sinceMs: null,
    waitMs: 60_000,
  });
  reporter.report(BEGUN);
  assert.doesNotMatch(stderr.text, /\?25l|\?7l/);
  reporter.done();
});

test('colours are there when wanted, and not under NO_COLOR', async (t) => {
  for (const color of [true, false]) {
    const stderr = new FakeStderr({ isTTY: true });
    const { reporter } = await reporterOn(t, stderr, { mode: 'bar', color });
    reporter.report({
      type: 'waiting',
      what: 'the-file',
      holder: 'for the lock',
      sinceMs: null,
      waitMs: 60_000,
    });
    reporter.report(BEGUN);
    reporter.report(NOTICE);
    reporter.report(ARCHIVED);
    reporter.done();
    assert.equal(stderr.text.includes('\x1b[36m'), color);
  }
});

test('something else can be printed once the line is cleared, and the next part brings the bar back', async (t) => {
  const stderr = new FakeStderr({ isTTY: true });
  const { reporter } = await reporterOn(t, stderr, { mode: 'bar' });
  reporter.report(BEGUN);
  reporter.clear();
  stderr.write('calve: the file of before failed\n');
  reporter.report(sentPart(20));
  assert.equal(stderr.screen()[0], 'calve: the file of before failed');
  assert.match(stderr.screen()[1] ?? '', /^backup\.tar .* 21% /);
});
