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

const NOTE = 'note: the state folder is /state\\x1b[2J';
const RETRY = 'could not send part 21: connection reset\\x07; trying again in 4.0 s (attempt 2 of 10 failed)';

function timers(): number {
  return process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
}

test('the bar starts where the last run ended, moves with the parts, and disappears when the file is archived', async (t) => {
  const stderr = new FakeStderr({ isTTY: true });
  const { reporter, clock } = await reporterOn(t, stderr, { mode: 'bar' });
  reporter.report(STARTED);
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

test('before the first part has arrived the bar shows how many are in flight', async (t) => {
  const stderr = new FakeStderr({ isTTY: true });
  const { reporter, clock } = await reporterOn(t, stderr, { mode: 'bar' });
  reporter.report(STARTED);
  reporter.report({ type: 'sending', index: 20 });
  reporter.report({ type: 'sending', index: 21 });
  reporter.report({ type: 'sending', index: 20 });
  clock.nowMs += 60_000;
  reporter.report(NOTICE);
  assert.match(stderr.screen().at(-1) ?? '', / 20% {2}0\.31\/1\.56 GiB {2}2 parts in flight$/);
  reporter.report({ type: 'part', index: 21, sizeBytes: 16 * MIB_BYTES, reused: true });
  reporter.report(NOTICE);
  assert.match(stderr.screen().at(-1) ?? '', / 21% {2}0\.33\/1\.56 GiB {2}1 part in flight$/);
});

test('a wait and the completion show a spinner, and lines go above it', async (t) => {
  const stderr = new FakeStderr({ isTTY: true, columns: 160 });
  const { reporter } = await reporterOn(t, stderr, { mode: 'bar' });
  reporter.report(WAITING);
  assert.deepEqual(stderr.screen(), [`⠋ ${WAITING_LINE}`]);
  reporter.report(NOTICE);
  assert.deepEqual(stderr.screen().slice(0, 1), [NOTE]);
  assert.match(stderr.screen()[1] ?? '', /^\S waiting up to 1 h 0 min for pid 123 on nas/);
  reporter.report(STARTED);
  assert.match(stderr.screen()[1] ?? '', /^backup\.tar .* 20% /);
  reporter.report({ type: 'completing', uploadId: '-Xk3' });
  assert.match(stderr.screen()[1] ?? '', /^\S completing the upload: the service checks the archive$/);
  assert.equal(stderr.screen().length, 2);
  reporter.done();
  assert.deepEqual(stderr.screen(), [NOTE]);
});

test('retries are printed above the bar, and a service that is down does not fill the screen', async (t) => {
  const stderr = new FakeStderr({ isTTY: true });
  const { reporter, clock } = await reporterOn(t, stderr, { mode: 'bar' });
  reporter.report(STARTED);
  for (let i = 0; i < 5; i += 1) reporter.report(retryOf(21));
  clock.nowMs += 10_000;
  reporter.report(retryOf(21));
  assert.deepEqual(stderr.screen().slice(0, -1), [
    RETRY,
    RETRY.replace('failed)', 'failed; 4 more since the last such line)'),
  ]);
});

test('a transfer that fails leaves a line with how far it got', async (t) => {
  const stderr = new FakeStderr({ isTTY: true });
  const { reporter } = await reporterOn(t, stderr, { mode: 'bar', unicode: false });
  reporter.report(STARTED);
  assert.match(stderr.screen()[0] ?? '', /^backup\.tar {2}=+-+ {3}20%/);
  reporter.report({ type: 'failed', file: '/data/backup.tar' });
  assert.deepEqual(stderr.screen(), [
    'x backup.tar: stopped at 20%, 320 MiB of 1.56 GiB; no parts were sent in this run',
  ]);
});

test('after it is done no timer is left, no live line is left, and later events draw nothing', async (t) => {
  const before = timers();
  const stderr = new FakeStderr({ isTTY: true });
  const { reporter } = await reporterOn(t, stderr, { mode: 'bar' });
  reporter.report(WAITING);
  reporter.report(STARTED);
  reporter.done();
  reporter.done();
  assert.deepEqual(stderr.screen(), []);
  assert.equal(timers(), before);
  const { text } = stderr;
  reporter.report(sentPart(20));
  reporter.report(WAITING);
  assert.equal(stderr.text, text);
  assert.equal(timers(), before);
});

test('the cursor and line wrapping of the terminal stay on, so that even kill -9 leaves them on', async (t) => {
  const stderr = new FakeStderr({ isTTY: true });
  const { reporter } = await reporterOn(t, stderr, { mode: 'bar', color: true });
  reporter.report(WAITING);
  reporter.report(STARTED);
  assert.doesNotMatch(stderr.text, /\?25l|\?7l/);
  reporter.done();
});

test('colours are printed if they are wanted, and not under NO_COLOR', async (t) => {
  for (const color of [true, false]) {
    const stderr = new FakeStderr({ isTTY: true });
    const { reporter } = await reporterOn(t, stderr, { mode: 'bar', color });
    reporter.report(WAITING);
    reporter.report(STARTED);
    reporter.report(NOTICE);
    reporter.report(ARCHIVED);
    reporter.done();
    assert.equal(stderr.text.includes('\x1b[36m'), color);
  }
});

test('other text can be printed after the line is cleared, and the next part brings the bar back', async (t) => {
  const stderr = new FakeStderr({ isTTY: true });
  const { reporter } = await reporterOn(t, stderr, { mode: 'bar' });
  reporter.report(STARTED);
  reporter.clear();
  stderr.write('calve: the earlier file failed\n');
  reporter.report(sentPart(20));
  assert.equal(stderr.screen()[0], 'calve: the earlier file failed');
  assert.match(stderr.screen()[1] ?? '', /^backup\.tar .* 21% /);
});

test('a window that becomes narrower keeps no pieces of an old bar, and the lines above it', async (t) => {
  const stderr = new FakeStderr({ isTTY: true });
  const { reporter } = await reporterOn(t, stderr, { mode: 'bar' });
  reporter.report(STARTED);
  reporter.report(NOTICE);
  stderr.narrow(41);
  assert.equal(stderr.screen().length, 3, 'the terminal has wrapped the bar');
  reporter.report(NOTICE);
  const [first, second, bar, ...others] = stderr.screen();
  assert.deepEqual([first, second, others], [NOTE, NOTE, []]);
  assert.match(bar ?? '', /^\.\.\.p\.tar .* 20%$/);
  stderr.narrow(20);
  reporter.report(ARCHIVED);
  assert.equal(stderr.screen().filter((line) => line.includes('20%')).length, 0);
});

test('a window that becomes narrower while a spinner turns keeps no pieces of it, and the lines above it', async (t) => {
  const stderr = new FakeStderr({ isTTY: true, columns: 160 });
  const { reporter } = await reporterOn(t, stderr, { mode: 'bar' });
  reporter.report(NOTICE);
  reporter.report(WAITING);
  stderr.narrow(50);
  assert.equal(stderr.screen().length, 4, 'the terminal has wrapped the spinner');
  reporter.report(NOTICE);
  const [first, second, spinner, ...others] = stderr.screen();
  assert.deepEqual([first, second], [NOTE, NOTE]);
  assert.equal(`${spinner}${others.join('')}`.slice(1), ` ${WAITING_LINE}`);
  stderr.narrow(30);
  reporter.report(STARTED);
  const after = stderr.screen();
  assert.equal(after.length, 5, 'both notes in two rows each, and the bar');
  assert.match(after.at(-1) ?? '', /^\.\.\.p\.tar .* 20%$/);
});
