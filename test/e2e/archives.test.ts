import assert from 'node:assert/strict';
import { chmodSync, existsSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { assertFailed, assertFailedJson } from '../support/failed.js';
import { jsonOf, oneJson, type Printed, tableOf } from '../support/json-shapes.js';
import type { VaultHome } from '../support/vault-home.js';
import { sharedVaults } from '../support/vault-service.js';

const HEADER = 'archivedAt\tsize\ttarget\tregion\taccount\tfile\tmtime\tdescription\ttreeHash\tarchiveId';

async function archive(home: VaultHome, file: string): Promise<Printed> {
  return oneJson((await home.run(['upload', file, home.target, '--json'])).stdout, 'archive');
}

describe('calve archives', { concurrency: 2 }, () => {
  const service = sharedVaults();

  test('prints a header and a line for each archive, the id last, and asks no service', async (t) => {
    const home = await service.home(t);
    const file = home.file('f', 77);
    utimesSync(file, new Date('2020-01-02T03:04:05.500Z'), new Date('2020-01-02T03:04:05.500Z'));
    const { archiveId, treeHash } = await archive(home, file);
    const sentBefore = home.passed().length;
    const { code, stdout, stderr } = await home.run(['archives']);
    assert.deepEqual([code, stderr], [0, '']);
    assert.equal(stdout.split('\n')[0], HEADER);
    const [row, ...more] = tableOf(stdout);
    assert.equal(more.length, 0);
    const { archivedAt, ...rest } = row ?? {};
    assert.match(String(archivedAt), /^\d{4}-\d\d-\d\dT[\d:]{8}\.\d{3}Z$/);
    assert.deepEqual(rest, {
      size: '77',
      target: home.target,
      region: 'eu-west-1',
      account: '111122223333',
      file,
      mtime: '2020-01-02T03:04:05.500Z',
      description: 'f',
      treeHash,
      archiveId,
    });
    assert.equal(home.passed().length, sentBefore);
  });

  test('with --json prints them as objects, the oldest first', async (t) => {
    const home = await service.home(t);
    const made = [await archive(home, home.file('z', 5)), await archive(home, home.file('a', 6))];
    const ended = await home.run(['archives', '--json']);
    const listed = jsonOf(ended.stdout, 'archive');
    assert.deepEqual(
      listed.map(({ archiveId, uploadId, location }) => ({ archiveId, uploadId, location })),
      made.map(({ archiveId, uploadId, location }) => ({ archiveId, uploadId, location })),
    );
  });

  test('prints the header alone where there is nothing, and creates no folder', async (t) => {
    const home = await service.home(t);
    assert.equal((await home.run(['archives'])).stdout, `${HEADER}\n`);
    assert.equal((await home.run(['archives', '--json'])).stdout, '');
    assert.equal(existsSync(join(home.folder, 'home/.local')), false);
  });

  test('with --forget drops an entry: the archive stays, and the next upload sends again', async (t) => {
    const home = await service.home(t);
    const file = home.file('f', 5);
    const { archiveId } = await archive(home, file);
    const kept = await archive(home, home.file('kept', 6));
    const { code, stdout, stderr } = await home.run(['archives', `--forget=${archiveId}`]);
    assert.deepEqual([code, stdout, stderr], [0, '', '']);
    const left = jsonOf((await home.run(['archives', '--json'])).stdout, 'archive');
    assert.deepEqual(
      left.map((entry) => entry['archiveId']),
      [kept['archiveId']],
    );
    const again = await archive(home, file);
    assert.equal(again['skipped'], false);
    assert.notEqual(again['archiveId'], archiveId);
  });

  test('with --forget of what is not there exits 10 and drops nothing', async (t) => {
    const home = await service.home(t);
    await archive(home, home.file('f', 5));
    const line = assertFailed(await home.run(['archives', '--forget', '-unknown']), 10);
    assert.equal(line, 'calve: catalogue entry -unknown: the catalogue has no such entry');
    const json = await home.run(['archives', '--forget', '-unknown', '--json']);
    assert.equal(assertFailedJson(json, 10)['kind'], 'not-found');
    assert.equal(tableOf((await home.run(['archives'])).stdout).length, 1);
  });

  test('of a catalogue that others may write to exits 13', async (t) => {
    const home = await service.home(t);
    await archive(home, home.file('f', 5));
    const folder = join(home.folder, 'home/.local/share/calve/archives');
    chmodSync(folder, 0o722);
    assert.match(assertFailed(await home.run(['archives']), 13), /other users may change it/);
    assert.equal(assertFailedJson(await home.run(['archives', '--json']), 13)['kind'], 'state');
  });
});
