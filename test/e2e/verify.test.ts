import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { seededBytes } from '../support/bytes.js';
import { assertFailed, assertFailedJson, assertWords } from '../support/failed.js';
import { checkObject, oneJson } from '../support/json-shapes.js';
import type { VaultHome } from '../support/vault-home.js';
import { sharedVaults } from '../support/vault-service.js';

const MIB_BYTES = 1024 * 1024;

async function archive(home: VaultHome, file: string): Promise<string> {
  const { stdout } = await home.run(['upload', file, home.target, '--json']);
  return String(oneJson(stdout, 'archive')['archiveId']);
}

describe('calve verify', { concurrency: 2 }, () => {
  const service = sharedVaults();

  test('of a file that is as it was archived prints OK and asks no service', async (t) => {
    const home = await service.home(t);
    const file = home.file('f', 3 * MIB_BYTES + 1);
    await archive(home, file);
    const sentBefore = home.passed().length;
    const { code, stdout, stderr } = await home.run(['verify', 'f']);
    assert.deepEqual([code, stdout, stderr], [0, `${file}: OK\n`, '']);
    assert.equal(home.passed().length, sentBefore);
  });

  test('with --json prints both hashes', async (t) => {
    const home = await service.home(t);
    const file = home.file('f', MIB_BYTES);
    const archiveId = await archive(home, file);
    const verified = oneJson((await home.run(['verify', file, '--json'])).stdout, 'verified');
    assert.deepEqual([verified['file'], verified['archiveId'], verified['match']], [file, archiveId, true]);
    assert.equal(verified['treeHash'], verified['expected']);
  });

  test('of a file that differs prints FAILED and exits 14', async (t) => {
    const home = await service.home(t);
    const file = home.file('f', MIB_BYTES, 1);
    await archive(home, file);
    writeFileSync(file, seededBytes(MIB_BYTES, 2));
    const { code, stdout, stderr } = await home.run(['verify', file]);
    assert.deepEqual([code, stdout], [14, `${file}: FAILED\n`]);
    assert.match(assertWords(stderr), /: its tree hash is [0-9a-f]{64}, but the archive has [0-9a-f]{64}$/);
  });

  test('of a file that differs with --json prints the comparison and the failure', async (t) => {
    const home = await service.home(t);
    const file = home.file('f', MIB_BYTES, 1);
    await archive(home, file);
    writeFileSync(file, 'short');
    const { code, stdout } = await home.run(['verify', file, '--json']);
    assert.equal(code, 14);
    const [verified = '', error = ''] = stdout.trimEnd().split('\n');
    assert.equal(checkObject(verified, 'verified')['match'], false);
    assert.deepEqual(
      [checkObject(error, 'error')['kind'], checkObject(error, 'error')['file']],
      ['checksum', file],
    );
  });

  test('of a file that was never archived exits 10, and of one that is not there 13', async (t) => {
    const home = await service.home(t);
    const file = home.file('f', 5);
    assert.match(assertFailed(await home.run(['verify', file]), 10), /the catalogue has no such entry/);
    const unknown = assertFailedJson(await home.run(['verify', file, '--json']), 10);
    assert.deepEqual([unknown['kind'], unknown['file']], ['not-found', file]);
    assertFailed(await home.run(['verify', 'missing']), 13);
    const missing = join(home.folder, 'missing');
    assert.equal(assertFailedJson(await home.run(['verify', 'missing', '--json']), 13)['file'], missing);
  });

  test('compares with the newest archive of the file, or with the one that is named', async (t) => {
    const home = await service.home(t);
    const file = home.file('f', MIB_BYTES, 1);
    const older = await archive(home, file);
    writeFileSync(file, seededBytes(MIB_BYTES, 2));
    const newer = await archive(home, file);
    const plain = await home.run(['verify', file, '--json']);
    assert.deepEqual([plain.code, oneJson(plain.stdout, 'verified')['archiveId']], [0, newer]);
    const named = await home.run(['verify', file, '--archive-id', older]);
    assert.equal(named.code, 14);
    const copy = home.file('copy', MIB_BYTES, 1);
    const elsewhere = await home.run(['verify', copy, `--archive-id=${older}`]);
    assert.deepEqual([elsewhere.code, elsewhere.stdout], [0, `${copy}: OK\n`]);
    const renamed = assertFailed(await home.run(['verify', copy]), 10);
    assert.ok(renamed.includes(`${file} was archived with the same bytes`), renamed);
    assert.ok(renamed.includes(`--archive-id=${older}`), renamed);
    assertFailed(await home.run(['verify', file, '--archive-id=-unknown']), 10);
  });
});
