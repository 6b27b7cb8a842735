/** Closing a file fails, as it does on a network file system whose server is gone: nothing that was done is lost by it. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { badDiskEnv } from '../support/bad-disk.js';
import { assertFailed } from '../support/failed.js';
import { oneJson } from '../support/json-shapes.js';
import { isComplete, isPart } from '../support/requests.js';
import { sharedVaults } from '../support/vault-service.js';

const MIB_BYTES = 1024 * 1024;
const CLOSE_FAILS = badDiskEnv({ closeFails: true });

describe('When closing a file fails', { concurrency: 2 }, () => {
  const service = sharedVaults();

  test('the archive id is printed and recorded all the same, and the file is verified and hashed', async (t) => {
    const home = await service.home(t);
    const file = home.file('f', 3 * MIB_BYTES + 1);
    const { code, stdout, stderr } = await home.run(['upload', file, home.target, '--json'], CLOSE_FAILS);
    assert.equal(code, 0, stderr);
    const archiveId = String(oneJson(stdout, 'archive')['archiveId']);
    assert.deepEqual(await home.readBack(archiveId), readFileSync(file));
    assert.deepEqual(await home.cataloguedIds(), [archiveId]);
    assert.deepEqual(await home.unfinishedIds(), []);
    for (const command of ['verify', 'hash']) {
      const ended = await home.run([command, file], CLOSE_FAILS);
      assert.equal(ended.code, 0, ended.stderr);
      assert.notEqual(ended.stdout, '');
    }
  });

  test('the archive id of a stream is printed all the same', async (t) => {
    const home = await service.home(t);
    const { code, stdout, stderr } = await home.run(['upload', '-', home.target], CLOSE_FAILS, 'a stream');
    assert.equal(code, 0, stderr);
    assert.deepEqual(await home.cataloguedIds(), [stdout.trim()]);
  });

  test('a failure that came before keeps its reason and its exit number, and a resume goes on', async (t) => {
    const home = await service.home(t);
    const file = home.file('f', 3 * MIB_BYTES);
    const refusal = { status: 403, code: 'AccessDeniedException', message: 'not today' };
    let parts = 0;
    home.hook({ before: (passing) => (isPart(passing) && ++parts === 3 ? refusal : 'pass') });
    const line = ['upload', file, home.target, '--part-size=1M', '--concurrency=1'];
    assert.match(assertFailed(await home.run(line, CLOSE_FAILS), 12), /not today/);
    assert.equal(home.passed().filter(isComplete).length, 0);
    home.hook({});
    const { code, stdout, stderr } = await home.run(['resume', file, '--json'], CLOSE_FAILS);
    assert.equal(code, 0, stderr);
    assert.equal(oneJson(stdout, 'archive')['partsReused'], 2);
  });
});
