import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { assertFailed, assertFailedJson } from '../support/failed.js';
import { jsonOf, tableOf } from '../support/json-shapes.js';
import { sharedVaults } from '../support/vault-service.js';

const MIB_BYTES = 1024 * 1024;
const UNKNOWN = 'x'.repeat(92);

describe('calve list-parts', { concurrency: 2 }, () => {
  const service = sharedVaults();

  test('prints a header and a line for each part, and as objects the same, past the 50 of one page', async (t) => {
    const home = await service.home(t);
    const file = home.file('f', 54 * MIB_BYTES);
    const uploadId = await home.leaveUnfinished(file, 53);
    const words = ['list-parts', home.target, '--upload-id', uploadId];
    const table = await home.run(words);
    assert.deepEqual([table.code, table.stderr], [0, '']);
    assert.equal(table.stdout.split('\n')[0], 'index\tstart\tend\tsize\tetag\ttreeHash');
    const rows = tableOf(table.stdout);
    const parts = jsonOf((await home.run([...words, '--json'])).stdout, 'part');
    assert.equal(parts.length, 53);
    for (const [index, part] of parts.entries()) {
      const { start, end, size, etag, treeHash } = part;
      assert.deepEqual(
        [part['index'], start, end, size],
        [index, index * MIB_BYTES, (index + 1) * MIB_BYTES - 1, MIB_BYTES],
      );
      assert.deepEqual(rows[index], {
        index: String(index),
        start: String(start),
        end: String(end),
        size: String(size),
        etag: '',
        treeHash,
      });
      assert.equal(etag, null);
    }
    const lists = home.passed().filter(({ method, path }) => method === 'GET' && path.includes(uploadId));
    assert.equal(lists.filter(({ path }) => path.includes('marker=')).length, 2, 'two pages, twice');
  });

  test('of an upload without parts prints the header alone, and with --json nothing', async (t) => {
    const home = await service.home(t);
    const words = ['list-parts', home.target, `--upload-id=${await home.createUpload()}`];
    assert.deepEqual(tableOf((await home.run(words)).stdout), []);
    const json = await home.run([...words, '--json']);
    assert.deepEqual([json.code, json.stdout], [0, '']);
  });

  test('of an unknown upload exits 10 and says why it may be gone', async (t) => {
    const home = await service.home(t);
    const line = assertFailed(await home.run(['list-parts', home.target, '--upload-id', UNKNOWN]), 10);
    assert.match(line, /the service has no such upload: it was completed, aborted, or idle for too long/);
  });

  test('of an unknown upload with --json prints the failure as an object that names it', async (t) => {
    const home = await service.home(t);
    const words = ['list-parts', home.target, '--upload-id', UNKNOWN, '--json'];
    const error = assertFailedJson(await home.run(words), 10);
    assert.deepEqual([error['uploadId'], error['target'], error['httpStatus']], [UNKNOWN, home.target, 404]);
  });
});
