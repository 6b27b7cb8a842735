/** A run that waits for another calve, and a run that fails in the middle: both say on stderr what happens. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { MIB_BYTES } from '../../src/core/units.js';
import { assertFailed } from '../support/failed.js';
import { liveUpload } from '../support/live-upload.js';
import { isPart } from '../support/requests.js';
import { missingTerminal, runOnTerminal } from '../support/terminal.js';
import { sharedVaults } from '../support/vault-service.js';
import { FakeStderr } from '../ui/progress/fake-terminal.js';

/** The first line of stderr names the process, its file, and the start of its work. */
const WAITING =
  /^waiting up to (?<wait>[^ ]+ [a-z]+) for pid (?<pid>\d+) on \S+, which has worked on (?<what>.+) since \d{4}-\d\d-\d\d \d\d:\d\d UTC$/m;

/** The sequence that removes a line which the terminal has wrapped. */
const ROWS_CLEARED = new RegExp(`${'\u001b'}\\[\\dA${'\u001b'}\\[J`);

/** ora ends each frame with this: the terminal shows what came before at once. */
const FRAME_END = '\u001b[?2026l';

describe('A run that waits for the lock of another calve', { concurrency: 2 }, () => {
  const service = sharedVaults();

  test('names the process, its file and the time, in upload and in abort', async (t) => {
    const home = await service.home(t);
    const { file, pid, uploadId, end } = await liveUpload(home);
    const lines: [string[], string][] = [
      [['upload', file, home.target], file],
      [['abort', home.target, `--upload-id=${uploadId}`], uploadId],
    ];
    for (const [words, what] of lines) {
      const { code, stderr } = await home.run([...words, '--lock-wait=200ms']);
      assert.equal(code, 11, stderr);
      assert.deepEqual({ ...WAITING.exec(stderr)?.groups }, { wait: '0.2 s', pid: `${pid}`, what }, stderr);
      assert.equal(stderr.match(/waiting up to/g)?.length, 1, stderr);
    }
    await end();
  });

  test('prints no such line without --lock-wait, or with --quiet; --progress=json prints an event', async (t) => {
    const home = await service.home(t);
    const { file, end } = await liveUpload(home);
    const words = ['upload', file, home.target];
    for (const more of [[], ['--lock-wait=200ms', '--quiet']]) {
      assert.doesNotMatch(assertFailed(await home.run([...words, ...more]), 11), /waiting/);
    }
    const { stderr } = await home.run([...words, '--lock-wait=200ms', '--progress=json']);
    const events = stderr
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line) as Record<string, unknown>)
      .filter((event) => event['type'] === 'waiting');
    assert.equal(events.length, 1, stderr);
    assert.equal(events[0]?.['waitMs'], 200);
    assert.equal(events[0]?.['what'], file);
    await end();
  });
});

describe('A run that waits on a terminal', { skip: missingTerminal() }, () => {
  const service = sharedVaults();

  test('a spinner leaves nothing on the screen when the window is made narrower', async (t) => {
    const home = await service.home(t);
    const { file, end } = await liveUpload(home);
    const { code, before, after } = await runOnTerminal(
      ['upload', file, home.target, '--lock-wait=60s'],
      { env: home.env, cwd: home.folder },
      {
        columns: 300,
        narrowing: { when: /waiting up to .* UTC/, columns: 60 },
        typing: { asked: ROWS_CLEARED, typed: '\u0003' },
      },
    );
    const stderr = new FakeStderr({ isTTY: true, columns: 300 });
    stderr.write(before);
    for (const frame of after.split(FRAME_END)) {
      stderr.narrow(60);
      stderr.write(frame);
    }
    const shown = stderr.screen().join('\n');
    assert.equal(code, 130, shown);
    assert.match(shown, /calve: stopped/);
    assert.doesNotMatch(shown, /waiting|UTC/);
    await end();
  });
});

describe('A run that fails in the middle', { concurrency: 2 }, () => {
  const service = sharedVaults();

  test('says how far it got before it says why it failed', async (t) => {
    const home = await service.home(t);
    const file = home.file('f', 4 * MIB_BYTES);
    let parts = 0;
    home.hook({
      before: (passing) => {
        if (!isPart(passing)) return 'pass';
        parts += 1;
        return parts <= 1 ? 'pass' : { status: 503 };
      },
    });
    const words = ['upload', file, home.target, '--part-size=1M', '--concurrency=1', '--max-attempts=1'];
    const { code, stderr } = await home.run([...words, '--progress=plain']);
    assert.notEqual(code, 0);
    assert.match(stderr, /^f: stopped at 25%, 1 MiB of 4 MiB; 1 part was sent in this run\ncalve: /m);
    assert.equal(stderr.match(/stopped at/g)?.length, 1, stderr);
  });
});
