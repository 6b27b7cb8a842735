import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { assertFailed, assertFailedJson } from '../support/failed.js';
import { checkObject, jsonOf, oneJson, tableOf } from '../support/json-shapes.js';
import { sharedVaults } from '../support/vault-service.js';

const MIB_BYTES = 1024 * 1024;
const HEADER = 'createdAt\tpartSize\tpartsDone\tparts\tfile\tdescription\tuploadId';

describe('calve list-uploads', { concurrency: 2 }, () => {
  const service = sharedVaults();

  test('prints a header and a line for each upload, the id last, with what is known locally', async (t) => {
    const home = await service.home(t);
    const foreign = await home.createUpload('of another machine');
    const file = home.file('f', 3 * MIB_BYTES);
    const own = await home.leaveUnfinished(file, 2);
    const { code, stdout, stderr } = await home.run(['list-uploads', home.target]);
    assert.deepEqual([code, stderr], [0, '']);
    assert.equal(stdout.split('\n')[0], HEADER);
    const rows = new Map(tableOf(stdout).map((row) => [row['uploadId'], row]));
    assert.equal(rows.size, 2);
    const { createdAt, ...other } = rows.get(foreign) ?? {};
    assert.match(String(createdAt), /^\d{4}-\d\d-\d\dT[\d:]{8}\.\d{3}Z$/);
    assert.deepEqual(other, {
      partSize: String(MIB_BYTES),
      partsDone: '',
      parts: '',
      file: '',
      description: 'of another machine',
      uploadId: foreign,
    });
    const mine = rows.get(own) ?? {};
    assert.deepEqual([mine['partsDone'], mine['parts'], mine['file']], ['2', '3', file]);
  });

  test('with --json prints uploads as objects, local where the state folder knows them', async (t) => {
    const home = await service.home(t);
    const foreign = await home.createUpload();
    const file = home.file('f', 3 * MIB_BYTES);
    const own = await home.leaveUnfinished(file, 1);
    const { stdout } = await home.run(['list-uploads', home.target, '--json']);
    const byId = new Map(jsonOf(stdout, 'upload').map((upload) => [upload['uploadId'], upload]));
    assert.deepEqual(byId.get(own)?.['local'], { file, partsDone: 1, parts: 3 });
    assert.equal(byId.get(foreign)?.['local'], null);
    assert.equal(byId.get(foreign)?.['description'], null);
    assert.equal(byId.get(own)?.['vaultArn'], `arn:aws:glacier:eu-west-1:111122223333:vaults/${home.vault}`);
  });

  test('prints the header alone, and with --json nothing, where nothing is in progress', async (t) => {
    const home = await service.home(t);
    assert.equal((await home.run(['list-uploads', home.target])).stdout, `${HEADER}\n`);
    assert.equal((await home.run(['list-uploads', home.target, '--json'])).stdout, '');
  });

  test('of a vault that is not there exits 10', async (t) => {
    const home = await service.home(t);
    assert.match(assertFailed(await home.run(['list-uploads', 'glacier://nowhere']), 10), /vault nowhere/);
  });

  test('of a vault that is not there with --json prints the failure as an object', async (t) => {
    const home = await service.home(t);
    const ended = await home.run(['list-uploads', 'glacier://nowhere', '--json']);
    assert.equal(assertFailedJson(ended, 10)['kind'], 'not-found');
  });

  test('with --limit and --marker gives pages that together are everything, each once', async (t) => {
    const home = await service.home(t);
    const wanted = new Set<string>();
    for (let i = 0; i < 7; i += 1) wanted.add(await home.createUpload());
    const seen: unknown[] = [];
    const sizes: number[] = [];
    for (let marker: string | null = null; ; ) {
      const more = marker === null ? [] : [`--marker=${marker}`];
      const { code, stdout, stderr } = await home.run([
        'list-uploads',
        home.target,
        '--json',
        '--limit',
        '3',
        ...more,
      ]);
      assert.equal(code, 0, stderr);
      const lines = stdout.trimEnd().split('\n');
      const page = checkObject(lines.pop() ?? '', 'page');
      sizes.push(lines.length);
      seen.push(...lines.map((line) => checkObject(line, 'upload')['uploadId']));
      if (page['marker'] === null) break;
      marker = String(page['marker']);
    }
    assert.deepEqual(sizes, [3, 3, 1]);
    assert.deepEqual(new Set(seen), wanted);
    assert.equal(seen.length, 7);
  });

  test('of one page without --json names the next marker on stderr, as it can be given', async (t) => {
    const home = await service.home(t);
    for (let i = 0; i < 3; i += 1) await home.createUpload();
    const first = await home.run(['list-uploads', home.target, '--limit=2']);
    assert.equal(tableOf(first.stdout).length, 2);
    const marker = /(--marker=\S+)$/m.exec(first.stderr)?.[1] ?? '';
    const second = await home.run(['list-uploads', home.target, '--limit=2', marker]);
    assert.equal(tableOf(second.stdout).length, 1, second.stderr);
    assert.equal(second.stderr, '');
  });

  test('refuses a marker that no page has printed with 2, as for a bucket', async (t) => {
    const home = await service.home(t);
    const ended = await home.run(['list-uploads', home.target, '--marker=nonsense']);
    assert.equal(assertFailed(ended, 2), 'calve: --marker nonsense: it is not the marker of an earlier page');
    assert.match(ended.stderr, /^hint: use the marker that the previous page printed$/m);
  });

  test('refuses a limit that no page can have with 2, before anything is sent', async (t) => {
    const home = await service.home(t);
    for (const limit of ['0', '-1', 'x', '51']) {
      const error = assertFailedJson(
        await home.run(['list-uploads', home.target, `--limit=${limit}`, '--json']),
        2,
      );
      assert.match(String(error['message']), /^--limit/);
    }
    assert.equal(home.passed().length, 0);
  });

  test('shows tabs and escape sequences of a foreign description as text', async (t) => {
    const home = await service.home(t);
    // The service takes 0x20 to 0x7E alone, so that other characters are tested in test/ui.
    await home.createUpload('a\\tb "quoted"');
    const [row] = tableOf((await home.run(['list-uploads', home.target])).stdout);
    assert.equal(row?.['description'], 'a\\tb "quoted"');
    const upload = oneJson((await home.run(['list-uploads', home.target, '--json'])).stdout, 'upload');
    assert.equal(upload['description'], 'a\\tb "quoted"');
  });
});
