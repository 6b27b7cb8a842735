/** The display of a run over several files. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TransferEvent } from '../../../src/transfer/events.js';
import { FakeStderr } from './fake-terminal.js';
import { MIB_BYTES, reporterOn } from './reporter-support.js';

function filesMoved(sent: number): TransferEvent {
  const bytes = sent * MIB_BYTES;
  return { type: 'files', sent, skipped: 2, failed: 1, sentBytes: bytes, movedBytes: bytes };
}

const SUMMARY: TransferEvent = {
  ...{ type: 'summary', target: 's3://b/p/', sent: 1, skipped: 0, failed: 1002, sentBytes: MIB_BYTES },
  ...{ durationMs: 2000, failedFiles: ['/data/a', '/data/b\x1b[2J'] },
};
const SUMMARY_LINES = [
  '1 file sent, 1,002 failed, 1 MiB in 2.0 s',
  'failed: /data/a',
  'failed: /data/b\\x1b[2J',
  'failed: 1,000 more, whose errors are above',
];

test('a log gets a line with files, bytes and speed at most every 30 s, and the summary at the end', async (t) => {
  const stderr = new FakeStderr({ isTTY: false });
  const { reporter, clock } = await reporterOn(t, stderr, { mode: 'plain' });
  for (let sent = 1; sent <= 80; sent += 1) {
    clock.nowMs += 1000;
    reporter.report(filesMoved(sent));
  }
  reporter.report(SUMMARY);
  assert.deepEqual(stderr.text.trimEnd().split('\n'), [
    '30 files sent, 2 skipped, 1 failed, 30 MiB, 1 MiB/s',
    '60 files sent, 2 skipped, 1 failed, 60 MiB, 1 MiB/s',
    ...SUMMARY_LINES,
  ]);
});

test('a terminal shows the counts in its live line, and the summary after it', async (t) => {
  const stderr = new FakeStderr({ isTTY: true, columns: 40 });
  const { reporter, clock } = await reporterOn(t, stderr, { mode: 'bar' });
  clock.nowMs += 2000;
  reporter.report(filesMoved(1203));
  assert.deepEqual(stderr.screen(), ['1,203 files sent, 2 skipped, 1 failed']);
  reporter.report(SUMMARY);
  assert.deepEqual(stderr.screen(), SUMMARY_LINES);
});

test('--progress none prints the summary, and --quiet does not', async (t) => {
  for (const quiet of [false, true]) {
    const stderr = new FakeStderr({ isTTY: false });
    const { reporter } = await reporterOn(t, stderr, { mode: 'none', quiet });
    reporter.report(filesMoved(1));
    reporter.report(SUMMARY);
    const lines = SUMMARY_LINES.map((line) => `note: ${line}\n`).join('');
    assert.equal(stderr.text, quiet ? '' : lines);
  }
});

test('--progress json prints the counts at most once a second, the last ones, and the summary', async (t) => {
  const stderr = new FakeStderr({ isTTY: false });
  const { reporter, clock } = await reporterOn(t, stderr, { mode: 'json' });
  for (let sent = 1; sent <= 3; sent += 1) {
    clock.nowMs += 400;
    reporter.report(filesMoved(sent));
  }
  reporter.report(SUMMARY);
  const objects = stderr.text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  assert.deepEqual(
    objects.map(({ type, sent }) => [type, sent]),
    [
      ['files', 1],
      ['files', 3],
      ['summary', 1],
    ],
  );
  assert.deepEqual(Object.keys(objects[1] ?? {}), [
    ...['type', 'time', 'sent', 'skipped', 'failed', 'bytesSent', 'bytesPerSecond'],
  ]);
});
