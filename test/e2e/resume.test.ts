import assert from 'node:assert/strict';
import { appendFileSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { AbortMultipartUploadCommand } from '@aws-sdk/client-glacier';
import { openStateStore } from '../../src/state/state-store.js';
import { sampleHead, sampleIdentity } from '../state/samples.js';
import { jsonLines } from '../support/calve.js';
import { assertFailed, assertFailedJson, assertWords } from '../support/failed.js';
import { jsonOf, oneJson, tableOf } from '../support/json-shapes.js';
import { isPart } from '../support/requests.js';
import type { VaultHome } from '../support/vault-home.js';
import { sharedVaults } from '../support/vault-service.js';

const MIB_BYTES = 1024 * 1024;

async function abortElsewhere(home: VaultHome, uploadId: string): Promise<void> {
  const upload = { accountId: '-', vaultName: home.vault, uploadId };
  await home.client.send(new AbortMultipartUploadCommand(upload));
}

describe('calve resume', { concurrency: 2 }, () => {
  const service = sharedVaults({ repeatWindowMs: 1 });

  test('names every upload whose service is down, with its file, and says that it can be resumed', async (t) => {
    const home = await service.home(t);
    const files = ['a', 'b'].map((name) => home.file(name, 2 * MIB_BYTES));
    const ids: string[] = [];
    for (const file of files) ids.push(await home.leaveUnfinished(file, 1));
    const busy = { status: 503, code: 'ServiceUnavailableException', message: 'Later.' };
    home.hook({ before: () => busy });
    const { code, stdout } = await home.run(['resume', '--json', '--max-attempts', '1']);
    assert.equal(code, 3);
    assert.deepEqual(
      jsonLines(stdout).map(({ file, uploadId, resumable }) => [file, uploadId, resumable]),
      files.map((file, index) => [file, ids[index], true]),
    );
  });

  test('without a word asks no service about uploads whose files are gone, and names each', async (t) => {
    const home = await service.home(t);
    const store = openStateStore(home.stateDir);
    const files = ['a', 'b'].map((name) => join(home.folder, name));
    for (const [index, file] of files.entries()) {
      const startedAt = `2026-01-02T03:04:0${index}.000Z`;
      const head = sampleHead({ uploadId: `upload-${index}`, identity: sampleIdentity(file), startedAt });
      await (await store.create(head)).close();
    }
    const { code, stdout } = await home.run(['resume', '--json']);
    assert.equal(code, 13);
    assert.deepEqual(
      jsonLines(stdout).map(({ kind, file, uploadId }) => [kind, file, uploadId]),
      files.map((file, index) => ['source', file, `upload-${index}`]),
    );
    assert.equal(home.passed().length, 0);
  });

  test('of a file goes on, prints the archive id alone, and the archive is the file', async (t) => {
    const home = await service.home(t);
    const file = home.file('f', 4 * MIB_BYTES + 1);
    await home.leaveUnfinished(file, 2);
    const sentBefore = home.passed().filter(isPart).length;
    const { code, stdout, stderr } = await home.run(['resume', file]);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^[\w-]{138}\n$/);
    assert.match(stderr, /^note: the state folder is .*\.local\/state\/calve$/m);
    assert.equal(home.passed().filter(isPart).length - sentBefore, 3);
    const bytes = await home.readBack(stdout.trim());
    assert.deepEqual(bytes, readFileSync(file));
  });

  test('without a word goes on with all, the oldest first, as objects under --json', async (t) => {
    const home = await service.home(t);
    const files = ['b', 'a'].map((name) => home.file(name, 3 * MIB_BYTES));
    for (const file of files) await home.leaveUnfinished(file, 1);
    const ended = await home.run(['resume', '--json']);
    assert.equal(ended.code, 0, ended.stderr);
    const archives = jsonOf(ended.stdout, 'archive');
    assert.deepEqual(
      archives.map(({ file, resumed, partsReused, partsSent }) => [file, resumed, partsReused, partsSent]),
      files.map((file) => [file, true, 1, 2]),
    );
    assert.deepEqual(tableOf((await home.run(['status'])).stdout), []);
  });

  test('with nothing to do exits 0, says so on stderr and names the state folder', async (t) => {
    const home = await service.home(t);
    const { code, stdout, stderr } = await home.run(['resume'], { CALVE_STATE_DIR: join(home.folder, 's') });
    assert.deepEqual([code, stdout], [0, '']);
    const folder = `note: the state folder is ${join(home.folder, 's')}\n`;
    assert.equal(stderr, `${folder}note: there is no unfinished upload to resume\n`);
  });

  test('of a file that the state does not know exits 10 and names file and folder', async (t) => {
    const home = await service.home(t);
    const line = assertFailed(await home.run(['resume', 'unknown.tar']), 10);
    assert.match(line, /unknown\.tar: the state folder has no such upload \(.*\.local\/state\/calve\)/);
  });

  test('of a file that the state does not know with --json prints the failure as an object', async (t) => {
    const home = await service.home(t);
    const error = assertFailedJson(await home.run(['resume', 'unknown.tar', '--json']), 10);
    assert.deepEqual([error['kind'], error['resumable']], ['not-found', false]);
  });

  test('of an aborted upload exits 16; upload of the same file then creates another one', async (t) => {
    const home = await service.home(t);
    const file = home.file('f', 3 * MIB_BYTES);
    const uploadId = await home.leaveUnfinished(file, 1);
    await abortElsewhere(home, uploadId);
    const ended = await home.run(['resume', '--json']);
    const error = assertFailedJson(ended, 16);
    assert.deepEqual([error['kind'], error['uploadId'], error['file']], ['gone', uploadId, file]);
    assert.equal(error['resumable'], false);
    assert.match(ended.stderr, /^hint: calve upload /m);
    assert.deepEqual(await home.openIds(), [], 'resume begins no other');
    const again = await home.run(['upload', file, home.target, '--json']);
    assert.equal(again.code, 0, again.stderr);
    assert.match(again.stderr, /creates a new one/);
    assert.notEqual(oneJson(again.stdout, 'archive')['uploadId'], uploadId);
  });

  test('of a file that changed exits 13 and completes nothing', async (t) => {
    const home = await service.home(t);
    const file = home.file('f', 3 * MIB_BYTES);
    const uploadId = await home.leaveUnfinished(file, 1);
    appendFileSync(file, 'more');
    const sentBefore = home.passed().length;
    const error = assertFailedJson(await home.run(['resume', file, '--json']), 13);
    assert.match(String(error['message']), /the file changed after its upload started/);
    assert.match(
      String(error['hint']),
      new RegExp(`abort it with: calve abort ${home.target} --upload-id=${uploadId} `),
    );
    assert.equal(error['resumable'], false);
    assert.deepEqual(await home.openIds(), [uploadId]);
    assert.equal(home.passed().slice(sentBefore).filter(isPart).length, 0);
  });

  test('tries every upload: one whose file is gone makes it exit 13, and the other is archived', async (t) => {
    const home = await service.home(t);
    const [lost, kept] = ['lost', 'kept'].map((name) => home.file(name, 2 * MIB_BYTES));
    for (const file of [lost, kept]) await home.leaveUnfinished(file ?? '', 1);
    rmSync(lost ?? '');
    const ended = await home.run(['resume']);
    assert.equal(ended.code, 13);
    assert.match(ended.stdout, /^[\w-]{138}\n$/);
    assert.match(assertWords(ended.stderr), /lost: there is no such file/);
  });

  test('needs none of the options again: place, profile and folder are recorded', async (t) => {
    const home = await service.home(t);
    const file = home.file('f', 2 * MIB_BYTES);
    await home.leaveUnfinished(file, 1, ['--region', 'eu-north-1', '--endpoint-url', service.url]);
    const bare = { AWS_REGION: '', AWS_ENDPOINT_URL_GLACIER: '' };
    const ended = await home.run(['resume', file, '--json'], bare);
    assert.equal(ended.code, 0, ended.stderr);
    assert.equal(oneJson(ended.stdout, 'archive')['partsReused'], 1);
  });

  test('adopts an upload that only the service knows, and refuses one of another file with 13', async (t) => {
    const home = await service.home(t);
    const file = home.file('f', 3 * MIB_BYTES, 5);
    const other = home.file('other', 9 * MIB_BYTES, 6);
    const uploadId = await home.leaveUnfinished(other, 5);
    const elsewhere = { CALVE_STATE_DIR: join(home.folder, 'elsewhere') };
    const words = [home.target, `--upload-id=${uploadId}`, '--json'];
    const refused = await home.run(['resume', file, ...words], elsewhere);
    assert.equal(assertFailedJson(refused, 13)['kind'], 'source');
    const adopted = await home.run(['resume', other, ...words], elsewhere);
    assert.equal(adopted.code, 0, adopted.stderr);
    assert.equal(oneJson(adopted.stdout, 'archive')['partsReused'], 5);
  });

  test('refuses words that do not say what to adopt with 2', async (t) => {
    const home = await service.home(t);
    const lines = [
      ['resume', 'file', home.target],
      ['resume', 'file', '--upload-id=x'],
      ['resume', '--upload-id=x'],
      ['resume', 'one', 'two', home.target, '--upload-id=x'],
    ];
    for (const words of lines) {
      const ended = await home.run(words);
      assertFailed(ended, 2);
      assert.match(ended.stderr, /^hint: .*calve resume FILE TARGET --upload-id=ID$/m);
    }
    assert.equal(home.passed().length, 0);
  });

  test('leaves an upload that another calve works on: all of them exits 0, that one exits 11', async (t) => {
    const home = await service.home(t);
    const file = home.file('f', 3 * MIB_BYTES);
    const held = new Promise<void>((resolve) => {
      home.hook({
        before: (passing) => {
          if (!isPart(passing)) return 'pass';
          resolve();
          return 'hold';
        },
      });
    });
    const live = home.start(['upload', file, home.target, '--part-size=1M']);
    await held;
    const all = await home.run(['resume']);
    assert.equal(all.code, 0, all.stderr);
    assert.match(all.stderr, /another calve works on it/);
    const named = await home.run(['resume', file, '--json']);
    assert.equal(assertFailedJson(named, 11)['kind'], 'busy');
    live.child.kill('SIGKILL');
    await live.ended;
    home.hook({});
    assert.equal((await home.run(['resume', file])).code, 0);
  });
});
