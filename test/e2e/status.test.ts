import assert from 'node:assert/strict';
import { chmodSync, existsSync, readdirSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { describe, test } from 'node:test';
import { assertFailed, assertFailedJson } from '../support/failed.js';
import { jsonOf, oneJson, tableOf } from '../support/json-shapes.js';
import type { VaultHome } from '../support/vault-home.js';
import { sharedVaults } from '../support/vault-service.js';

const MIB_BYTES = 1024 * 1024;
const DAY_MS = 24 * 3_600_000;
const HEADER =
  'file\ttarget\tsize\tpartSize\tpartsDone\tparts\tstartedAt\tlastActivityAt\texpiresAt\tuploadId';

function journalOf(home: VaultHome): string {
  const folder = join(home.folder, 'home/.local/state/calve/v2/uploads');
  const [name = ''] = readdirSync(folder);
  return join(folder, name);
}

describe('calve status', { concurrency: 2 }, () => {
  const service = sharedVaults();

  test('prints a header and a line for each unfinished upload, the id last, and asks no service', async (t) => {
    const home = await service.home(t);
    const file = home.file('f', 3 * MIB_BYTES + 7);
    const uploadId = await home.leaveUnfinished(file, 2);
    const sentBefore = home.passed().length;
    const { code, stdout, stderr } = await home.run(['status']);
    assert.deepEqual([code, stderr], [0, '']);
    assert.equal(stdout.split('\n')[0], HEADER);
    const [row, ...more] = tableOf(stdout);
    assert.equal(more.length, 0);
    const { startedAt, lastActivityAt, expiresAt, ...rest } = row ?? {};
    assert.deepEqual(rest, {
      file,
      target: home.target,
      size: String(3 * MIB_BYTES + 7),
      partSize: String(MIB_BYTES),
      partsDone: '2',
      parts: '4',
      uploadId,
    });
    assert.ok(String(startedAt) <= String(lastActivityAt));
    assert.equal(Date.parse(String(expiresAt)) - Date.parse(String(lastActivityAt)), DAY_MS);
    assert.equal(home.passed().length, sentBefore);
  });

  test('with --json prints objects, the oldest first', async (t) => {
    const home = await service.home(t);
    const files = ['z', 'a'].map((name) => home.file(name, 2 * MIB_BYTES));
    for (const file of files) await home.leaveUnfinished(file, 1);
    const unfinished = jsonOf((await home.run(['status', '--json'])).stdout, 'unfinished');
    assert.deepEqual(
      unfinished.map(({ file, partsDone, parts }) => [file, partsDone, parts]),
      files.map((file) => [file, 1, 2]),
    );
  });

  test('counts the expiry from the last activity: 24 hours on a vault, overdue ones included', async (t) => {
    const home = await service.home(t);
    await home.leaveUnfinished(home.file('f', 2 * MIB_BYTES), 1);
    const idleSince = new Date('2026-01-02T03:04:05.500Z');
    utimesSync(journalOf(home), idleSince, idleSince);
    const unfinished = oneJson((await home.run(['status', '--json'])).stdout, 'unfinished');
    assert.equal(unfinished['lastActivityAt'], '2026-01-02T03:04:05.500Z');
    assert.equal(unfinished['expiresAt'], '2026-01-03T03:04:05.500Z');
  });

  test('of an upload on local:// says that it never expires', async (t) => {
    const home = await service.home(t);
    const file = home.file('f', 64 * MIB_BYTES);
    const words = ['upload', file, 'local://trial', '--part-size=1M', '--concurrency=1', '--progress=json'];
    const { child, ended } = home.start(words);
    for await (const line of createInterface({ input: child.stderr as Readable })) {
      if (line.includes('"type":"part"')) child.kill('SIGKILL');
    }
    assert.equal((await ended).signal, 'SIGKILL');
    const unfinished = oneJson((await home.run(['status', '--json'])).stdout, 'unfinished');
    assert.deepEqual([unfinished['target'], unfinished['expiresAt']], ['local://trial', null]);
    assert.equal(tableOf((await home.run(['status'])).stdout)[0]?.['expiresAt'], '');
  });

  test('prints the header alone where there is nothing, and creates no folder', async (t) => {
    const home = await service.home(t);
    assert.equal((await home.run(['status'])).stdout, `${HEADER}\n`);
    assert.equal((await home.run(['status', '--json'])).stdout, '');
    assert.equal(existsSync(join(home.folder, 'home/.local')), false);
  });

  test('of a state folder that others may write to exits 13 and says how to fix it', async (t) => {
    const home = await service.home(t);
    await home.leaveUnfinished(home.file('f', 2 * MIB_BYTES), 1);
    const folder = join(home.folder, 'home/.local/state/calve');
    chmodSync(folder, 0o777);
    const ended = await home.run(['status']);
    assert.match(assertFailed(ended, 13), /other users may change it: its mode is 0777$/);
    const hint = /^hint: .*: (chmod -R \S+ \S+);/m.exec(ended.stderr)?.[1];
    assert.equal(hint, `chmod -R go-w ${folder}`);
    assert.equal(assertFailedJson(await home.run(['status', '--json']), 13)['kind'], 'state');
    chmodSync(folder, 0o700);
    assert.equal((await home.run(['status'])).code, 0);
  });
});
