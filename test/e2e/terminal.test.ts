/** Output that only a terminal gets: questions, tables for people, bars. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { missingTerminal, runOnTerminal } from '../support/terminal.js';
import { sharedVaults } from '../support/vault-service.js';

const MIB_BYTES = 1024 * 1024;
const ASKED = /Abort \d+ uploads?\? .*\[y\/N\] /;

describe('On a terminal', { concurrency: 2, skip: missingTerminal() }, () => {
  const service = sharedVaults();

  test('abort --all lists the uploads and asks; unless the answer is y, it does nothing and says so', async (t) => {
    const home = await service.home(t);
    const ids = [await home.createUpload('first'), await home.createUpload('second')];
    const spawned = { env: home.env, cwd: home.folder };
    for (const typed of ['n\n', '\n', 'maybe\n', '\u0004']) {
      const words = ['abort', home.target, '--all'];
      const { code, shown } = await runOnTerminal(words, spawned, { typing: { asked: ASKED, typed } });
      assert.match(shown, /Abort 2 uploads\? The parts that were sent are lost\. \[y\/N\] /);
      assert.equal(code, 0, shown);
      const [listed = ''] = shown.split('Abort 2 uploads');
      for (const listing of ['first', 'second', ...ids]) assert.ok(listed.includes(listing), shown);
      assert.match(shown, /the answer was not yes: nothing was aborted\n/);
      assert.equal((await home.openIds()).length, 2);
    }
    const stopped = await runOnTerminal(['abort', home.target, '--all'], spawned, {
      typing: { asked: ASKED, typed: '\u0003' },
    });
    assert.equal(stopped.code, 130, stopped.shown);
    assert.match(stopped.shown, /calve: stopped \(glacier:\/\/[\w-]+\): SIGINT/);
    assert.equal((await home.openIds()).length, 2);
    const words = ['abort', home.target, '--older-than=1ms'];
    const { code, shown } = await runOnTerminal(words, spawned, {
      typing: { asked: ASKED, typed: 'y\n' },
    });
    assert.equal(code, 0, shown);
    assert.deepEqual(await home.openIds(), []);
  });

  test('abort --all does not ask under CI: exit 2, and nothing is sent', async (t) => {
    const home = await service.home(t);
    const spawned = { env: { ...home.env, CI: 'true' }, cwd: home.folder };
    const { code, shown } = await runOnTerminal(['abort', home.target, '--all'], spawned);
    assert.equal(code, 2, shown);
    assert.equal(home.passed().length, 0);
  });

  test('lists are tables in human units, the id whole and last', async (t) => {
    const home = await service.home(t);
    const uploadId = await home.leaveUnfinished(home.file('f', 3 * MIB_BYTES), 2);
    const spawned = { env: home.env, cwd: home.folder };
    const show = async (words: readonly string[], columns: number): Promise<string> => {
      const { code, shown } = await runOnTerminal(words, spawned, { columns });
      assert.equal(code, 0, shown);
      return shown;
    };
    const status = await show(['status'], 80);
    assert.match(status, /^FILE +TARGET +SIZE +PARTS +MAP +EXPIRES\n +UPLOAD ID\n/, 'the id on its own line');
    assert.match(status, /3 MiB +2\/3 .* in (1 d|2\d h)/);
    const uploads = await show(['list-uploads', home.target], 300);
    assert.match(uploads, /^CREATED +PART SIZE +PARTS +LOCAL FILE +DESCRIPTION +UPLOAD ID\n/);
    const parts = await show(['list-parts', home.target, `--upload-id=${uploadId}`], 0);
    assert.match(parts, /^INDEX +START +END +SIZE +TREE HASH\n/, 'no width is no bound');
    for (const shown of [status, uploads]) assert.ok(shown.includes(`${uploadId}\n`), shown);
    assert.doesNotMatch(status + uploads + parts, /\t/);
  });

  test('upload shows a bar, and leaves a line and the id', async (t) => {
    const home = await service.home(t);
    const words = ['upload', home.file('f', 3 * MIB_BYTES), home.target, '--part-size=1M'];
    const { code, shown } = await runOnTerminal(words, { env: home.env, cwd: home.folder });
    assert.equal(code, 0, shown);
    assert.match(shown, /f: archived, 3(\.00)? MiB in /);
    assert.match(shown, /^[\w-]{138}$/m);
    const sizeless = await runOnTerminal(
      ['upload', 'f', home.target, '--fresh'],
      { env: home.env, cwd: home.folder },
      { columns: 0 },
    );
    assert.equal(sizeless.code, 0);
    assert.ok(sizeless.shown.length < 2000, `${sizeless.shown.length} characters for one upload`);
    const plain = await runOnTerminal(['upload', 'f', home.target, '--fresh'], {
      env: { ...home.env, CI: '1' },
      cwd: home.folder,
    });
    assert.ok(!plain.shown.includes('\u001b['), 'no bar and no colour under CI');
  });
});
