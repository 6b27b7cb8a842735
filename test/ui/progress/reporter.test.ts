import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { chooseProgressMode } from '../../../src/ui/progress/progress-mode.js';
import { brokenStderr, FakeStderr } from './fake-terminal.js';
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

const MODES = ['bar', 'plain', 'json', 'none'] as const;
const EVENTS = [
  WAITING,
  NOTICE,
  STARTED,
  { type: 'sending', index: 20 } as const,
  sentPart(20),
  retryOf(21),
  { type: 'completing', uploadId: '-Xk3' } as const,
  ARCHIVED,
  { type: 'failed', file: '/data/other.tar' } as const,
];

test('JSON progress prints each event on a line of its own, with the names that --json has', async (t) => {
  const stderr = new FakeStderr({ isTTY: false });
  const { reporter } = await reporterOn(t, stderr, { mode: 'json' });
  for (const event of EVENTS) reporter.report(event);
  reporter.done();
  const TIME = '"time":"1970-01-01T00:16:40.000Z"';
  const totals = (bytesDone: number, partsDone: number, partsInFlight: number) =>
    `{"type":"progress",${TIME},"file":"/data/backup.tar","bytesDone":${bytesDone},"size":1677721600,"partsDone":${partsDone},"parts":100,"partsInFlight":${partsInFlight},"bytesPerSecond":null,"secondsLeft":null}`;
  assert.deepEqual(stderr.text.trimEnd().split('\n'), [
    `{"type":"waiting",${TIME},"what":"/data/backup.tar","holder":"pid 123 on nas\\u001b[2J","since":"2026-11-20T10:04:00.000Z","waitMs":3600000}`,
    `{"type":"notice",${TIME},"notice":"state-folder","file":null,"message":"the state folder is /state\\\\x1b[2J","path":"/state\\u001b[2J"}`,
    `{"type":"started",${TIME},"file":"/data/backup.tar","target":"glacier://photos","uploadId":"-Xk3","size":1677721600,"partSize":16777216,"parts":100,"partsReused":20,"bytesReused":335544320,"resumed":true,"resumable":true}`,
    `{"type":"sending",${TIME},"index":20}`,
    totals(320 * MIB_BYTES, 20, 1),
    `{"type":"part",${TIME},"index":20,"size":16777216,"reused":false}`,
    `{"type":"retry",${TIME},"operation":"send part 21","attempt":2,"attemptsMax":10,"delayMs":4000,"why":"connection reset\\u0007"}`,
    totals(336 * MIB_BYTES, 21, 0),
    `{"type":"completing",${TIME},"uploadId":"-Xk3"}`,
    `{"type":"archived",${TIME},"file":"/data/backup.tar","archiveId":"arch-1","size":1677721600,"durationMs":80000}`,
    `{"type":"failed",${TIME},"file":"/data/other.tar"}`,
  ]);
});

test('a notice with the address of an upload has its target alone, and the command line is in the message', async (t) => {
  const stderr = new FakeStderr({ isTTY: false });
  const { reporter } = await reporterOn(t, stderr, { mode: 'json' });
  const target = { url: 's3://b/k', region: 'eu-west-1', endpoint: null, account: null };
  const connection = { accountId: '-', profile: 'mine', pathStyle: false };
  const address = { uploadId: 'u1', target, connection };
  const startedAt = '2026-11-20T10:04:05.678Z';
  reporter.report({
    ...{ type: 'notice', notice: 'left-unfinished', file: '/d/f' },
    ...{ uploadId: 'u1', startedAt, address },
  });
  const { message, time: _, ...others } = JSON.parse(stderr.text);
  assert.match(message, /^f: an earlier upload .* abort it with: calve abort s3:\/\/b\/k --upload-id=u1 /);
  assert.deepEqual(others, {
    type: 'notice',
    notice: 'left-unfinished',
    file: '/d/f',
    uploadId: 'u1',
    startedAt,
    target: 's3://b/k',
  });
});

test('--progress none prints notices and waits, and --quiet prints nothing', async (t) => {
  const none = new FakeStderr({ isTTY: true });
  const { reporter } = await reporterOn(t, none, { mode: 'none' });
  for (const event of EVENTS) reporter.report(event);
  reporter.done();
  assert.equal(none.text, `note: ${WAITING_LINE}\nnote: the state folder is /state\\x1b[2J\n`);
  for (const mode of MODES) {
    const stderr = new FakeStderr({ isTTY: true });
    const quiet = await reporterOn(t, stderr, { mode, quiet: true });
    for (const event of EVENTS) quiet.reporter.report(event);
    quiet.reporter.done();
    assert.equal(stderr.text, '', mode);
  }
});

for (const mode of MODES) {
  test(`a stderr without a reader stops no transfer (${mode})`, async (t) => {
    const stderr = brokenStderr(mode === 'bar');
    const { reporter } = await reporterOn(t, stderr, { mode });
    for (const event of EVENTS) {
      reporter.report(event);
      await setImmediate();
      await setImmediate();
    }
    for (const event of EVENTS) reporter.report(event);
    assert.equal(stderr.destroyed, true, 'the stream has failed');
    reporter.done();
  });
}

test('auto chooses a bar if a person can see one, and plain lines otherwise', () => {
  const at = { flag: 'auto', isTerminal: true, ci: false, term: 'xterm' } as const;
  assert.equal(chooseProgressMode(at), 'bar');
  assert.equal(chooseProgressMode({ ...at, term: undefined }), 'bar');
  assert.equal(chooseProgressMode({ ...at, isTerminal: false }), 'plain');
  assert.equal(chooseProgressMode({ ...at, ci: true }), 'plain');
  assert.equal(chooseProgressMode({ ...at, term: 'dumb' }), 'plain');
  assert.equal(chooseProgressMode({ ...at, columns: 0 }), 'plain');
  assert.equal(chooseProgressMode({ ...at, columns: 80 }), 'bar');
});

test('the flag decides, but a terminal that cannot show a bar gets plain lines', () => {
  const at = { isTerminal: true, ci: true, term: 'xterm' } as const;
  assert.equal(chooseProgressMode({ ...at, flag: 'bar' }), 'bar');
  assert.equal(chooseProgressMode({ ...at, flag: 'bar', isTerminal: false }), 'plain');
  assert.equal(chooseProgressMode({ ...at, flag: 'bar', term: 'dumb' }), 'plain');
  for (const flag of ['plain', 'json', 'none'] as const) {
    assert.equal(chooseProgressMode({ ...at, flag }), flag);
  }
});
