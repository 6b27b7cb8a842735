import assert from 'node:assert/strict';
import { readdirSync, readFileSync, rmSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { AbortMultipartUploadCommand, UploadMultipartPartCommand } from '@aws-sdk/client-glacier';
import { seededBytes } from '../support/bytes.js';
import type { Ended } from '../support/calve.js';
import { assertFailedJson } from '../support/failed.js';
import { oneJson } from '../support/json-shapes.js';
import { isComplete, isCreate, isPart, rangeOf } from '../support/requests.js';
import type { VaultHome } from '../support/vault-home.js';
import { sharedVaults } from '../support/vault-service.js';

const MIB_BYTES = 1024 * 1024;
const STATE = 'home/.local/state/calve/v2';

/** The upload's journal says that nothing was done for so long. */
function idle(home: VaultHome, ageMs: number): void {
  const folder = join(home.folder, STATE, 'uploads');
  const thenS = (Date.now() - ageMs) / 1000;
  for (const name of readdirSync(folder)) utimesSync(join(folder, name), thenS, thenS);
}

async function assertArchive(home: VaultHome, stdout: string, file: string) {
  const archive = oneJson(stdout, 'archive');
  assert.deepEqual(await home.readBack(String(archive['archiveId'])), readFileSync(file));
  return archive;
}

describe('The service’s side of an upload', { concurrency: 2 }, () => {
  const service = sharedVaults({ repeatWindowMs: 0 });

  test('expired: it is created once more, and a notice reports that', async (t) => {
    const home = await service.home(t);
    const file = home.file('f', 4 * MIB_BYTES);
    const uploadId = await home.leaveUnfinished(file, 2);
    idle(home, 30 * 3_600_000);
    home.forget(uploadId);
    const before = home.passed().filter(isCreate).length;
    const { code, stdout, stderr } = await home.run(['resume', '--json']);
    assert.equal(code, 0, stderr);
    assert.match(
      stderr,
      /^note: f: the upload has expired, because it was idle since .*; calve creates a new one$/m,
    );
    const { partsSent, resumed } = await assertArchive(home, stdout, file);
    assert.deepEqual([partsSent, resumed], [4, false]);
    assert.equal(home.passed().filter(isCreate).length, before + 1);
  });

  test('aborted by somebody while it is sent: 16, and the running calve begins no other', async (t) => {
    const home = await service.home(t);
    const file = home.file('f', 4 * MIB_BYTES);
    let parts = 0;
    home.hook({
      before: async (passing) => {
        if (!isPart(passing) || ++parts !== 3) return 'pass' as const;
        const uploadId = passing.path.split('/').at(-1);
        const address = { accountId: '-', vaultName: home.vault, uploadId };
        await home.client.send(new AbortMultipartUploadCommand(address));
        return 'pass' as const;
      },
    });
    const words = ['upload', file, home.target, '--part-size=1M', '--json'];
    const error = assertFailedJson(await home.run([...words, '--concurrency=1']), 16);
    assert.deepEqual([error['kind'], error['resumable']], ['gone', false]);
    assert.equal(home.passed().filter(isCreate).length, 1);
    home.hook({});
    assertFailedJson(await home.run(['resume', '--json']), 16);
    assert.equal(home.passed().filter(isCreate).length, 1, 'resume begins none either');
    const again = await home.run(words);
    assert.equal(again.code, 0, again.stderr);
    await assertArchive(home, again.stdout, file);
  });

  test('other bytes in a part that was recorded: it is sent again, and the archive is the file', async (t) => {
    const home = await service.home(t);
    const file = home.file('f', 4 * MIB_BYTES + 5);
    const uploadId = await home.leaveUnfinished(file, 3);
    const body = seededBytes(MIB_BYTES, 99);
    await home.client.send(
      new UploadMultipartPartCommand({
        ...{ accountId: '-', vaultName: home.vault, uploadId, body },
        range: `bytes ${MIB_BYTES}-${2 * MIB_BYTES - 1}/*`,
      }),
    );
    const { code, stdout, stderr } = await home.run(['resume', file, '--json']);
    assert.equal(code, 0, stderr);
    const { partsSent, partsReused } = await assertArchive(home, stdout, file);
    assert.deepEqual([partsSent, partsReused], [3, 2]);
  });

  test('no parts at all, and gaps between them: what is missing is sent', async (t) => {
    const home = await service.home(t);
    for (const held of [[], [1], [0, 3]]) {
      const file = home.file(`f${held.length}`, 4 * MIB_BYTES, held.length);
      const bytes = readFileSync(file);
      const uploadId = await home.createUpload();
      for (const index of held) {
        const range = `bytes ${index * MIB_BYTES}-${(index + 1) * MIB_BYTES - 1}/*`;
        const body = bytes.subarray(index * MIB_BYTES, (index + 1) * MIB_BYTES);
        const part = { accountId: '-', vaultName: home.vault, uploadId, body, range };
        await home.client.send(new UploadMultipartPartCommand(part));
      }
      const words = ['resume', file, home.target, `--upload-id=${uploadId}`, '--json'];
      const { code, stdout, stderr } = await home.run(words);
      assert.equal(code, 0, stderr);
      const { partsSent, partsReused } = await assertArchive(home, stdout, file);
      assert.deepEqual([partsSent, partsReused], [4 - held.length, held.length]);
    }
  });
});

describe('Nothing is completed', { concurrency: 2 }, () => {
  const service = sharedVaults();

  test('over a part that never arrived, whatever became of the others', async (t) => {
    // Peers: aws-sdk-js-v3#2311, #3816; nextcloud PR#54125: a truncated object was reported as a success.
    const home = await service.home(t);
    const file = home.file('f', 6 * MIB_BYTES);
    home.hook({
      before: (passing) =>
        rangeOf(passing) === `bytes ${2 * MIB_BYTES}-${3 * MIB_BYTES - 1}/*`
          ? { status: 503, code: 'ServiceUnavailableException', message: 'not this one' }
          : 'pass',
    });
    const words = ['upload', file, home.target, '--part-size=1M', '--max-attempts=3', '--json'];
    const error = assertFailedJson(await home.run([...words, '--quiet']), 3);
    assert.equal(error['resumable'], true);
    assert.equal(home.passed().filter(isComplete).length, 0);
    home.hook({});
    const again = await home.run(words);
    assert.equal(again.code, 0, again.stderr);
    const { partsReused } = await assertArchive(home, again.stdout, file);
    assert.ok(Number(partsReused) >= 1);
  });

  test('by a run that lost its lock on the way: 11, and the next run goes on', async (t) => {
    const home = await service.home(t);
    const file = home.file('f', 2 * MIB_BYTES);
    const locks = join(home.folder, STATE, 'locks');
    home.hook({
      before: (passing) => {
        // As if another machine had taken this one for dead.
        if (isPart(passing))
          for (const name of readdirSync(locks)) rmSync(join(locks, name), { recursive: true });
        return 'pass';
      },
    });
    const words = ['upload', file, home.target, '--part-size=1M', '--json'];
    const error = assertFailedJson(await home.run([...words, '--quiet']), 11);
    assert.equal(error['kind'], 'busy');
    assert.equal(home.passed().filter(isComplete).length, 0);
    const uploads = join(home.folder, STATE, 'uploads');
    for (const name of readdirSync(uploads))
      assert.doesNotMatch(readFileSync(join(uploads, name), 'utf8'), /"completing"/);
    home.hook({});
    const again = await home.run(words);
    assert.equal(again.code, 0, again.stderr);
    const { partsReused } = await assertArchive(home, again.stdout, file);
    assert.equal(partsReused, 2);
  });

  test('twice: a run that lost its lock while its upload was created aborts it, and leaves no journal', async (t) => {
    const home = await service.home(t);
    const file = home.file('f', 2 * MIB_BYTES);
    const locks = join(home.folder, STATE, 'locks');
    const words = ['upload', file, home.target, '--part-size=1M', '--quiet'];
    let other: Promise<Ended> | null = null;
    home.hook({
      before: async (passing) => {
        if (!isCreate(passing) || other !== null) return 'pass' as const;
        // This run sleeps, and another machine takes it for dead and archives the file.
        for (const name of readdirSync(locks)) rmSync(join(locks, name), { recursive: true });
        other = home.run(words);
        await other;
        return 'pass' as const;
      },
    });
    const slept = await home.run(words);
    const { stdout: id = '' } = (await other) ?? {};
    assert.deepEqual([slept.code, slept.stdout], [11, ''], slept.stderr);
    assert.deepEqual([await home.openIds(), await home.unfinishedIds()], [[], []]);
    home.hook({});
    const again = await home.run(words);
    assert.deepEqual([again.code, again.stdout], [0, id], again.stderr);
    assert.deepEqual(await home.archiveIds(), [id.trim()]);
  });
});
