/** A file that is read for longer than a second (hash, verify, a touched file) has progress in every form. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { TransferEvent } from '../../../src/transfer/events.js';
import { FakeStderr } from './fake-terminal.js';
import { MIB_BYTES, reporterOn, STARTED } from './reporter-support.js';

const SIZE_BYTES = 1000 * MIB_BYTES;

function reading(readMib: number, totalBytes: number | null = SIZE_BYTES): TransferEvent {
  return { type: 'reading', file: '/data/backup.tar', readBytes: readMib * MIB_BYTES, totalBytes };
}

/** Reads 100 MiB a second for so many seconds. */
async function readFor(t: TestContext, mode: 'bar' | 'plain' | 'json', seconds: number) {
  const stderr = new FakeStderr({ isTTY: mode === 'bar' });
  const { reporter, clock } = await reporterOn(t, stderr, { mode });
  for (let second = 0; second <= seconds; second += 1) {
    reporter.report(reading(second * 100));
    clock.nowMs += 1000;
  }
  return { stderr, reporter };
}

test('the bar appears after a second, and disappears when the file is read', async (t) => {
  const { stderr, reporter } = await readFor(t, 'bar', 5);
  assert.match(stderr.screen().join(), /^(\.{3})?[a-z ]*backup\.tar {2}━+─+ +\d+% +\d+\/1000 MiB/);
  reporter.report(reading(1000));
  assert.deepEqual(stderr.screen(), []);
});

test('the bar of the upload follows that of the reading', async (t) => {
  const { stderr, reporter } = await readFor(t, 'bar', 5);
  reporter.report(STARTED);
  reporter.report({ type: 'sending', index: 20 });
  reporter.clear();
  reporter.report({ type: 'sending', index: 21 });
  assert.match(stderr.screen().join(), /^backup\.tar {2}━+─+ +20% /);
});

test('a log gets a line every 30 s', async (t) => {
  const stderr = new FakeStderr({ isTTY: false });
  const { reporter, clock } = await reporterOn(t, stderr, { mode: 'plain' });
  for (let second = 0; second <= 45; second += 1) {
    reporter.report(reading(second * 10));
    clock.nowMs += 1000;
  }
  assert.equal(stderr.text, 'reading backup.tar: 30%, 300 MiB of 1000 MiB, 10 MiB/s, 1 min 10 s left\n');
});

test('programs get an object a second, with totals', async (t) => {
  const { stderr } = await readFor(t, 'json', 2);
  const lines = stderr.text.split('\n').filter((line) => line !== '');
  assert.deepEqual(
    lines.map((line) => JSON.parse(line)).map(({ time: _, ...facts }) => facts),
    [1, 2].map((second) => ({
      type: 'reading',
      file: '/data/backup.tar',
      bytesDone: second * 100 * MIB_BYTES,
      size: SIZE_BYTES,
      bytesPerSecond: 100 * MIB_BYTES,
      secondsLeft: 10 - second,
    })),
  );
});

test('a file that is read within a second shows nothing', async (t) => {
  for (const mode of ['bar', 'plain', 'json'] as const) {
    const stderr = new FakeStderr({ isTTY: mode === 'bar' });
    const { reporter } = await reporterOn(t, stderr, { mode });
    reporter.report(reading(500));
    reporter.report(reading(1000));
    assert.equal(stderr.text, '');
  }
});
