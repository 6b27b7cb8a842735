/** Fleets by the built program: what a scheduler starts on many machines. */
import assert from 'node:assert/strict';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { onlyObject } from '../support/calve.js';
import { assertFailed, assertFailedJson, assertWords } from '../support/failed.js';
import type { Home } from '../support/home.js';
import { checkObject, oneJson, tableOf } from '../support/json-shapes.js';
import { isComplete, isCreate, isPart } from '../support/requests.js';
import { pasteIntoShell } from '../support/shell.js';
import { sharedVaults } from '../support/vault-service.js';

const MIB_BYTES = 1024 * 1024;
/** Five parts of 1 MiB, the last one short: shares of 1, 2 and 2 parts. */
const SIZE_BYTES = 4 * MIB_BYTES + 5;
const MANIFEST = 'my fleet.json';

function created(target: string, file: string, ...more: readonly string[]): string[] {
  const fleet = ['--shards', '3', '--manifest', MANIFEST, '--part-size', '1M'];
  return ['fleet', 'create', file, target, ...fleet, ...more];
}

const send = (shard: number, ...more: readonly string[]): string[] => [
  ...['fleet', 'send', MANIFEST, '--shard', String(shard)],
  ...more,
];

function editManifest(home: Home, change: (manifest: Record<string, object>) => unknown): void {
  const path = join(home.folder, MANIFEST);
  const manifest = JSON.parse(readFileSync(path, 'utf8')) as Record<string, object>;
  writeFileSync(path, JSON.stringify(change(manifest)));
}

describe('calve fleet, to a vault', { concurrency: 2 }, () => {
  const service = sharedVaults();

  test('three tasks of a Slurm array send their shares, and finish makes the archive; each prints an object', async (t) => {
    const home = await service.home(t);
    const file = home.file('disk image.img', SIZE_BYTES);
    const made = oneJson((await home.run([...created(home.target, file), '--json'])).stdout, 'fleet');
    assert.deepEqual([made['shards'], made['parts'], made['partsDone']], [3, 5, null]);
    const again = await home.run(created(home.target, file));
    assert.deepEqual([again.code, again.stdout], [0, `${made['uploadId']}\n`]);
    const tasks = [0, 1, 2].map((task) =>
      home.run(['fleet', 'send', MANIFEST, '--json'], { SLURM_ARRAY_TASK_ID: String(task) }),
    );
    const sent = (await Promise.all(tasks)).map(({ stdout }) => oneJson(stdout, 'sent'));
    assert.deepEqual(
      sent.map(({ shard, partsSent }) => [shard, partsSent]),
      [
        [0, 1],
        [1, 2],
        [2, 2],
      ],
    );
    const status = await home.run(['fleet', 'status', MANIFEST, '--json']);
    const [summary = '', ...shares] = status.stdout.trimEnd().split('\n');
    assert.equal(checkObject(summary, 'fleet')['partsDone'], 5);
    assert.deepEqual(
      shares.map((line) => checkObject(line, 'share')['receipts']),
      [1, 2, 2],
    );
    const done = oneJson((await home.run(['fleet', 'finish', MANIFEST, '--json'])).stdout, 'archive');
    assert.deepEqual([done['partsReused'], done['skipped']], [5, false]);
    const archiveId = String(done['archiveId']);
    assert.deepEqual(await home.readBack(archiveId), readFileSync(file));
    assert.deepEqual([await home.cataloguedIds(), await home.unfinishedIds()], [[archiveId], []]);
    assert.equal(home.passed().filter(isPart).length, 5);
    assert.equal(home.passed().filter(isCreate).length, 1);
  });

  test('finish prints the line that sends what is missing, and the line works when it is pasted', async (t) => {
    const home = await service.home(t);
    const file = home.file('f', SIZE_BYTES);
    await home.run(created(home.target, file));
    await home.run(send(1));
    const table = tableOf((await home.run(['fleet', 'status', MANIFEST])).stdout);
    assert.deepEqual(
      table.map(({ shard, parts, partsDone }) => [shard, parts, partsDone]),
      [
        ['0', '1', '0'],
        ['1', '2', '2'],
        ['2', '2', '0'],
      ],
    );
    const finish = ['fleet', 'finish', MANIFEST];
    const failed = await home.run([...finish, '--json']);
    const error = assertFailedJson(failed, 3);
    assert.match(String(error['message']), /lacks 3 of 5 parts, of shares 0, 2: nothing was completed$/);
    assert.equal(home.passed().filter(isComplete).length, 0);
    const line = String(error['hint']).replace(/^.*? with: /, '');
    const pasted = await pasteIntoShell(line, home.folder, home.env);
    assert.equal(pasted.code, 0, pasted.stderr);
    assert.equal(pasted.stdout, 'sent\t0\nsent\t2\n');
    const done = await home.run(finish);
    assert.deepEqual([done.code, await home.archiveIds()], [0, [done.stdout.trim()]]);
  });

  test('a share that does not exist, or that two schedulers name, is refused before anything is sent', async (t) => {
    const home = await service.home(t);
    await home.run(created(home.target, home.file('f', SIZE_BYTES)));
    assert.match(assertFailed(await home.run(send(3)), 2), /the shares 0 to 2/);
    const two = { SLURM_ARRAY_TASK_ID: '0', PARALLEL_SEQ: '1' };
    const refused = await home.run(['fleet', 'send', MANIFEST], two);
    assert.match(assertFailed(refused, 2), /SLURM_ARRAY_TASK_ID and PARALLEL_SEQ/);
    assert.equal(assertFailedJson(await home.run(['fleet', 'send', MANIFEST, '--json']), 2)['kind'], 'usage');
    assert.equal((await home.run(send(0), two)).code, 0, 'the option wins');
  });

  test('a share that has no part succeeds at once, and asks no service', async (t) => {
    const home = await service.home(t);
    const file = home.file('f', SIZE_BYTES);
    await home.run(created(home.target, file, '--shards', '8', '--interleave'));
    const asked = home.passed().length;
    rmSync(file);
    const { code, stdout } = await home.run(send(7));
    assert.deepEqual([code, stdout, home.passed().length], [0, 'sent\t7\n', asked]);
  });

  test('a manifest that somebody edited to send credentials elsewhere is refused, and nothing is asked there', async (t) => {
    const home = await service.home(t);
    await home.run(created(home.target, home.file('f', SIZE_BYTES)));
    editManifest(home, ({ target, ...others }) => ({
      ...others,
      target: { ...target, endpoint: 'https://evil.example' },
    }));
    for (const words of [send(0), ['fleet', 'finish', MANIFEST], ['fleet', 'abort', MANIFEST]]) {
      assert.match(assertFailed(await home.run(words), 12), /could not use the manifest/);
    }
    editManifest(home, (manifest) => ({ ...manifest, version: 2 }));
    assert.match(assertFailed(await home.run(send(0)), 13), /a newer version of calve/);
    editManifest(home, ({ plan, ...others }) => others);
    const failed = await home.run([...send(0), '--json']);
    assert.equal(assertFailedJson(failed, 13)['kind'], 'manifest');
    rmSync(join(home.folder, MANIFEST));
    assert.match(assertFailed(await home.run(['fleet', 'status', MANIFEST]), 13), /no such manifest/);
  });

  test('a task that is stopped says which line continues it', async (t) => {
    const home = await service.home(t);
    await home.run(created(home.target, home.file('f', SIZE_BYTES)));
    const held = new Promise<void>((resolve) => {
      home.hook({
        before: (passing) => {
          if (!isPart(passing)) return 'pass';
          resolve();
          return 'hold';
        },
      });
    });
    const { child, ended } = home.start(send(2));
    await held;
    child.kill('SIGTERM');
    const stopped = await ended;
    home.hook({});
    assert.equal(stopped.code, 143, stopped.stderr);
    const line = /^hint: (.*)$/m.exec(stopped.stderr)?.[1] ?? '';
    assert.match(line, /^calve fleet send '.*my fleet\.json' --shard=2$/);
    assert.equal((await pasteIntoShell(line, home.folder, home.env)).code, 0);
  });

  test('upload and resume leave the upload of a fleet alone', async (t) => {
    const home = await service.home(t);
    const file = home.file('f', SIZE_BYTES);
    const { stdout } = await home.run(created(home.target, file));
    await home.run(send(0));
    const resumed = await home.run(['resume']);
    assert.deepEqual([resumed.code, resumed.stdout], [0, '']);
    const uploaded = onlyObject(await home.run(['upload', file, home.target, '--part-size=1M', '--json']));
    assert.notEqual(uploaded['uploadId'], stdout.trim());
    assert.deepEqual(await home.openIds(), [stdout.trim()]);
  });

  test('abort leaves the upload of a fleet alone, and the command of the fleet ends it', async (t) => {
    const home = await service.home(t);
    await home.run(created(home.target, home.file('f', SIZE_BYTES)));
    await home.run(send(0));
    const [uploadId = ''] = await home.openIds();
    const other = await home.createUpload();
    const all = await home.run(['abort', home.target, '--all', '--yes']);
    assert.deepEqual([all.code, all.stdout], [0, `aborted\t${other}\n`]);
    assert.match(all.stderr, /belongs to a fleet/);
    const named = await home.run(['abort', home.target, `--upload-id=${uploadId}`]);
    assert.match(assertFailed(named, 11), /the fleet of .*my fleet\.json/);
    home.age(uploadId, 13 * 3_600_000);
    const old = await home.run(['abort', home.target, '--older-than', '12h', '--yes']);
    assert.deepEqual([old.code, old.stdout], [0, ''], 'a receipt is younger');
    const aborted = oneJson((await home.run(['fleet', 'abort', MANIFEST, '--json'])).stdout, 'aborted');
    assert.deepEqual([aborted['uploadId'], await home.openIds()], [uploadId, []]);
    assertWords((await home.run(send(0))).stderr);
  });

  test('a wrong file on one machine ends with 13, and names the line that replaces its parts', async (t) => {
    const home = await service.home(t);
    const file = home.file('f', SIZE_BYTES);
    await home.run(created(home.target, file, '--hash'));
    const wrong = home.file('wrong', SIZE_BYTES, 2);
    const refused = await home.run(send(1, '--file', wrong));
    assert.match(assertFailed(refused, 13), /not the file that the fleet was created for: it was changed at/);
    assert.equal((await home.run(send(1, '--file', wrong, '--ignore-mtime'))).code, 0);
    await home.run(send(0));
    await home.run(send(2));
    assert.match(assertFailed(await home.run(['fleet', 'finish', MANIFEST]), 13), /do not make the file/);
    assert.match(assertFailed(await home.run(send(1)), 13), /the service holds other bytes/);
    assert.equal((await home.run(send(1, '--replace'))).code, 0);
    const { code, stdout } = await home.run(['fleet', 'finish', MANIFEST]);
    assert.equal(code, 0);
    assert.deepEqual(await home.readBack(stdout.trim()), readFileSync(file));
  });
});
