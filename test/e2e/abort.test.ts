import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { assertFailed, assertFailedJson, assertWords } from '../support/failed.js';
import { jsonOf, oneJson, tableOf } from '../support/json-shapes.js';
import { liveUpload } from '../support/live-upload.js';
import { isAbort, isUploadList } from '../support/requests.js';
import type { VaultHome } from '../support/vault-home.js';
import { sharedVaults } from '../support/vault-service.js';

const MIB_BYTES = 1024 * 1024;
const HOUR_MS = 3_600_000;
const UNKNOWN = 'x'.repeat(92);

function aborts(home: VaultHome): number {
  return home.passed().filter(isAbort).length;
}

function journals(home: VaultHome): string[] {
  return readdirSync(join(home.folder, 'home/.local/state/calve/v2/uploads'));
}

describe('calve abort', { concurrency: 2 }, () => {
  const service = sharedVaults();

  test('aborts an upload, removes its journal and prints its id', async (t) => {
    const home = await service.home(t);
    const uploadId = await home.leaveUnfinished(home.file('f', 2 * MIB_BYTES), 1);
    assert.equal(journals(home).length, 1);
    const { code, stdout, stderr } = await home.run(['abort', home.target, '--upload-id', uploadId]);
    assert.deepEqual([code, stdout, stderr], [0, `aborted\t${uploadId}\n`, '']);
    assert.deepEqual(await home.openIds(), []);
    assert.deepEqual(journals(home), []);
    assert.deepEqual(tableOf((await home.run(['status'])).stdout), []);
  });

  test('with --all and no upload exits 0 and says so', async (t) => {
    const home = await service.home(t);
    const { code, stdout, stderr } = await home.run(['abort', home.target, '--all', '--yes']);
    assert.deepEqual([code, stdout, stderr], [0, '', 'note: there is no upload to abort\n']);
  });

  test('takes several ids, and with --json prints an object for each', async (t) => {
    const home = await service.home(t);
    const [one, two, left] = [
      await home.createUpload(),
      await home.createUpload(),
      await home.createUpload(),
    ];
    const ids = [`--upload-id=${two}`, '--upload-id', one];
    const ended = await home.run(['abort', home.target, ...ids, '--json']);
    assert.equal(ended.code, 0, ended.stderr);
    const aborted = jsonOf(ended.stdout, 'aborted');
    assert.deepEqual(
      aborted.map(({ uploadId, target, httpStatus }) => [uploadId, target, httpStatus]),
      [two, one].map((id) => [id, home.target, 204]),
    );
    assert.deepEqual(await home.openIds(), [left]);
  });

  test('of an id that no one explains exits 10, after the others are done', async (t) => {
    const home = await service.home(t);
    const known = await home.createUpload();
    const ids = [`--upload-id=${UNKNOWN}`, `--upload-id=${known}`];
    const ended = await home.run(['abort', home.target, ...ids]);
    assert.equal(ended.code, 10, ended.stderr);
    assert.equal(ended.stdout, `aborted\t${known}\n`);
    assert.match(assertWords(ended.stderr), new RegExp(`^calve: upload ${UNKNOWN}: `));
    assert.deepEqual(await home.openIds(), []);
  });

  test('of an id that no one explains with --json prints the failure as an object', async (t) => {
    const home = await service.home(t);
    const error = assertFailedJson(
      await home.run(['abort', home.target, `--upload-id=${UNKNOWN}`, '--json']),
      10,
    );
    assert.deepEqual([error['uploadId'], error['target'], error['httpStatus']], [UNKNOWN, home.target, 404]);
  });

  test('without a terminal needs --yes for --all and for --older-than: exit 2, and nothing is sent', async (t) => {
    const home = await service.home(t);
    await home.createUpload();
    for (const choice of [['--all'], ['--older-than', '1ms']]) {
      const ended = await home.run(['abort', home.target, ...choice]);
      assertFailed(ended, 2);
      assert.match(ended.stderr, /^hint: .*--yes.*--dry-run/m);
      assertFailedJson(await home.run(['abort', home.target, ...choice, '--json'], { CI: 'true' }), 2);
    }
    assert.equal(home.passed().length, 0);
  });

  test('refuses no choice, two choices and malformed ones with 2, and nothing is sent', async (t) => {
    const home = await service.home(t);
    const wrong = [
      [],
      ['--all', '--upload-id=x', '--yes'],
      ['--all', '--older-than=3d', '--yes'],
      ['--upload-id='],
      ['--older-than=3', '--yes'],
      ['--older-than=0d', '--yes'],
      ['--older-than=soon', '--yes'],
    ];
    for (const words of wrong) assertFailed(await home.run(['abort', home.target, ...words]), 2);
    assert.equal(home.passed().length, 0);
  });

  test('with --older-than takes what was idle so long: counted here from the journal, else from creation', async (t) => {
    const home = await service.home(t);
    const [young, old] = [await home.createUpload(), await home.createUpload()];
    home.age(old, 5 * HOUR_MS);
    const own = await home.leaveUnfinished(home.file('f', 2 * MIB_BYTES), 1);
    home.age(own, 5 * HOUR_MS);
    const ended = await home.run(['abort', home.target, '--older-than', '4h', '--yes', '--json']);
    assert.equal(ended.code, 0, ended.stderr);
    assert.equal(oneJson(ended.stdout, 'aborted')['uploadId'], old);
    assert.deepEqual(new Set(await home.openIds()), new Set([young, own]));
  });

  test('with --older-than believes the clock of the service: one that is 13 hours behind makes no upload older', async (t) => {
    const home = await service.home(t);
    const [young, old] = [await home.createUpload(), await home.createUpload()];
    home.age(young, 13 * HOUR_MS);
    home.age(old, (13 + 13) * HOUR_MS);
    home.hook({
      after: (passing, __, headers) => {
        if (isUploadList(passing))
          headers.date = new Date(Date.parse(headers.date ?? '') - 13 * HOUR_MS).toUTCString();
        return 'pass';
      },
    });
    const ended = await home.run(['abort', home.target, '--older-than', '12h', '--yes']);
    assert.deepEqual([ended.code, ended.stdout], [0, `aborted\t${old}\n`], ended.stderr);
    home.hook({});
    assert.deepEqual(await home.openIds(), [young]);
  });

  test('with --older-than leaves alone what another machine must be sending, and says so; --all takes it', async (t) => {
    const home = await service.home(t);
    const [idle, busy] = [await home.createUpload(), await home.createUpload()];
    home.age(idle, 20 * HOUR_MS);
    home.age(busy, 30 * HOUR_MS);
    const swept = await home.run(['abort', home.target, '--older-than=1h', '--yes']);
    assert.deepEqual([swept.code, swept.stdout], [0, `aborted\t${idle}\n`]);
    assert.match(
      swept.stderr,
      new RegExp(`^note: upload ${busy}, .*it is not aborted \\(--all aborts it too\\)\n$`),
    );
    assert.deepEqual(await home.openIds(), [busy]);
    const all = await home.run(['abort', home.target, '--all', '--yes']);
    assert.deepEqual([all.code, all.stdout, all.stderr], [0, `aborted\t${busy}\n`, '']);
  });

  test('with --older-than takes its own of 30 hours: the journal says that it was idle', async (t) => {
    const home = await service.home(t);
    const own = await home.leaveUnfinished(home.file('f', 2 * MIB_BYTES), 1);
    home.age(own, 30 * HOUR_MS);
    const ended = await home.run(['abort', home.target, '--older-than=1ms', '--yes']);
    assert.deepEqual([ended.code, ended.stdout], [0, `aborted\t${own}\n`]);
  });

  test('with --dry-run lists what it would take, asks nobody and aborts nothing', async (t) => {
    const home = await service.home(t);
    const ids = [await home.createUpload(), await home.createUpload()];
    for (const choice of [['--all'], ['--older-than=1ms'], ids.map((id) => `--upload-id=${id}`)]) {
      const table = await home.run(['abort', home.target, ...choice, '--dry-run']);
      assert.deepEqual([table.code, table.stderr], [0, '']);
      assert.deepEqual(new Set(tableOf(table.stdout).map((row) => row['uploadId'])), new Set(ids));
    }
    const json = await home.run(['abort', home.target, '--all', '--dry-run', '--json']);
    assert.equal(jsonOf(json.stdout, 'upload').length, 2);
    const unknown = await home.run(['abort', home.target, `--upload-id=${UNKNOWN}`, '--dry-run', '--json']);
    assertFailedJson(unknown, 10);
    assert.equal(aborts(home), 0);
    assert.equal((await home.openIds()).length, 2);
  });

  test('never touches an upload that a live calve works on: the others are done, then it exits 11', async (t) => {
    const home = await service.home(t);
    const { uploadId, end } = await liveUpload(home);
    const others = [await home.createUpload(), await home.createUpload()];
    const named = [others[0], uploadId].map((id) => `--upload-id=${id}`);
    const byName = await home.run(['abort', home.target, ...named]);
    assert.deepEqual([byName.code, byName.stdout], [11, `aborted\t${others[0]}\n`]);
    assert.match(assertWords(byName.stderr), /another calve works on it: .*pid \d+/);
    const all = await home.run(['abort', home.target, '--all', '--yes', '--json']);
    assert.equal(all.code, 11, all.stderr);
    const [aborted, error] = all.stdout.trimEnd().split('\n');
    assert.equal(oneJson(`${aborted}\n`, 'aborted')['uploadId'], others[1]);
    assert.equal(oneJson(`${error}\n`, 'error')['uploadId'], uploadId);
    assert.deepEqual(await home.openIds(), [uploadId]);
    await end();
    const dead = await home.run(['abort', home.target, '--all', '--yes']);
    assert.deepEqual([dead.code, dead.stdout], [0, `aborted\t${uploadId}\n`]);
  });

  test('waits for a live calve with --lock-wait, and then gives up with 11', async (t) => {
    const home = await service.home(t);
    const { uploadId, end } = await liveUpload(home);
    const words = ['abort', home.target, `--upload-id=${uploadId}`];
    assertFailed(await home.run([...words, '--lock-wait=300ms']), 11);
    const waiting = home.run([...words, '--lock-wait', '30s']);
    await end();
    const { code, stdout } = await waiting;
    assert.deepEqual([code, stdout], [0, `aborted\t${uploadId}\n`]);
  });
});

describe('calve abort, where the service forgets at once what was aborted', { concurrency: 2 }, () => {
  const service = sharedVaults({ repeatWindowMs: 1 });

  test('takes a 404 for done where its own journal explains the id, and removes the journal', async (t) => {
    const home = await service.home(t);
    const uploadId = await home.leaveUnfinished(home.file('f', 2 * MIB_BYTES), 1);
    const elsewhere = { CALVE_STATE_DIR: join(home.folder, 'elsewhere') };
    const words = ['abort', home.target, `--upload-id=${uploadId}`];
    assert.equal((await home.run(words, elsewhere)).code, 0);
    assertFailed(await home.run(words, elsewhere), 10);
    const own = await home.run([...words, '--json']);
    assert.equal(own.code, 0, own.stderr);
    assert.equal(oneJson(own.stdout, 'aborted')['httpStatus'], 404);
    assert.deepEqual(journals(home), []);
    assertFailed(await home.run(words), 10);
  });

  test('with --all also takes the records of uploads that the service no longer has', async (t) => {
    const home = await service.home(t);
    const uploadId = await home.leaveUnfinished(home.file('f', 2 * MIB_BYTES), 1);
    const elsewhere = { CALVE_STATE_DIR: join(home.folder, 'elsewhere') };
    assert.equal((await home.run(['abort', home.target, `--upload-id=${uploadId}`], elsewhere)).code, 0);
    const dry = await home.run(['abort', home.target, '--all', '--dry-run']);
    assert.deepEqual(
      tableOf(dry.stdout).map((row) => row['uploadId']),
      [uploadId],
    );
    const young = await home.run(['abort', home.target, '--older-than=1h', '--yes']);
    assert.deepEqual([young.code, young.stdout], [0, '']);
    const { code, stdout, stderr } = await home.run(['abort', home.target, '--all', '--yes']);
    assert.deepEqual([code, stdout, stderr], [0, `aborted\t${uploadId}\n`, '']);
    assert.deepEqual(journals(home), []);
  });

  test('takes a 404 for done where the upload was just listed and somebody was quicker', async (t) => {
    const home = await service.home(t);
    const uploadId = await home.createUpload();
    home.hook({
      before: (passing) => {
        if (isAbort(passing)) home.forget(uploadId);
        return 'pass';
      },
    });
    const ended = await home.run(['abort', home.target, '--all', '--yes']);
    assert.deepEqual([ended.code, ended.stdout], [0, `aborted\t${uploadId}\n`], ended.stderr);
    assert.equal(aborts(home), 1);
  });

  test('aborts an id that is given twice once', async (t) => {
    const home = await service.home(t);
    const id = `--upload-id=${await home.createUpload()}`;
    const { code, stdout, stderr } = await home.run(['abort', home.target, id, id]);
    assert.deepEqual([code, stderr, stdout.split('\n').length], [0, '', 2]);
  });

  test('takes a 404 to its own repeat for done: the first answer was lost', async (t) => {
    const home = await service.home(t);
    const uploadId = await home.createUpload();
    let asked = 0;
    home.hook({ after: (passing) => (isAbort(passing) && ++asked === 1 ? 'cut' : 'pass') });
    const ended = await home.run(['abort', home.target, `--upload-id=${uploadId}`]);
    assert.equal(asked, 2);
    assert.deepEqual([ended.code, ended.stdout], [0, `aborted\t${uploadId}\n`], ended.stderr);
  });
});
