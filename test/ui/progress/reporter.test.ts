import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { chooseProgressMode } from '../../../src/ui/progress/progress-mode.js';
import { brokenStderr, FakeStderr } from './fake-terminal.js';
import {
  ARCHIVED,
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

test('JSON progress prints each event on a line of its own, with the type first', async (t) => {
  const stderr = new FakeStderr({ isTTY: false });
  const { reporter } = await reporterOn(t, stderr, { mode: 'json' });
  for (const event of EVENTS) reporter.report(event);
  reporter.done();
  const lines = stderr.text.trimEnd().split('\n');
  assert.deepEqual(
    lines.map((line) => JSON.parse(line)),
    EVENTS,
  );
  for (const line of lines) assert.match(line, /^\{"type":"/);
  assert.equal(lines[4], '{"type":"part","index":20,"sizeBytes":16777216,"reused":false}');
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
