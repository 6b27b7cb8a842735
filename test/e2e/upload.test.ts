import assert from 'node:assert/strict';
import { readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { seededBytes } from '../support/bytes.js';
import { assertFailed, assertFailedJson, assertWords } from '../support/failed.js';
import { checkObject, jsonOf, jsonOfFiles, oneJson } from '../support/json-shapes.js';
import { isPart } from '../support/requests.js';
import { sharedVaults } from '../support/vault-service.js';

const MIB_BYTES = 1024 * 1024;

describe('calve upload', { concurrency: 2 }, () => {
  const service = sharedVaults();

  test('prints the archive id alone, and the archive is the file', async (t) => {
    const home = await service.home(t);
    const file = home.file('some.tar', 2 * MIB_BYTES + 5);
    const { code, stdout, stderr } = await home.run(['upload', file, home.target, '--part-size=1M']);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^[\w-]{138}\n$/);
    assert.match(stderr, /^some\.tar: archived, 2\.00 MiB in [^\n]+\n$/);
    const bytes = await home.readBack(stdout.trim());
    assert.deepEqual(bytes, readFileSync(file));
    assert.equal(home.passed().filter(isPart).length, 3);
  });

  test('with --json prints the archive as an object, the path resolved from a relative one', async (t) => {
    const home = await service.home(t);
    home.file('rel.bin', MIB_BYTES + 1);
    const ended = await home.run(['upload', './rel.bin', home.target, '--part-size', '1m', '--json']);
    assert.equal(ended.code, 0, ended.stderr);
    const archive = oneJson(ended.stdout, 'archive');
    const { file, target, size, partSize, parts, partsSent, partsReused, resumed, skipped } = archive;
    assert.deepEqual(
      { file, target, size, partSize, parts, partsSent, partsReused, resumed, skipped },
      {
        file: join(home.folder, 'rel.bin'),
        target: home.target,
        size: MIB_BYTES + 1,
        partSize: MIB_BYTES,
        parts: 2,
        partsSent: 2,
        partsReused: 0,
        resumed: false,
        skipped: false,
      },
    );
    assert.equal(archive['location'], `/111122223333/vaults/${home.vault}/archives/${archive['archiveId']}`);
    const again = await home.run(['upload', 'rel.bin', home.target, '--json']);
    const repeated = oneJson(again.stdout, 'archive');
    assert.equal(repeated['skipped'], true);
    assert.equal(repeated['archiveId'], archive['archiveId']);
  });

  test('to a vault that is not there exits 10, says so in one line, and sends nothing', async (t) => {
    const home = await service.home(t);
    const ended = await home.run(['upload', home.file('f', 9), 'glacier://nowhere', '--quiet']);
    assert.match(ended.stderr, /^hint: /m, '--quiet keeps errors and hints');
    const line = assertFailed(ended, 10);
    assert.match(line, /^calve: vault nowhere: the service has no such vault/);
  });

  test('to a vault that is not there with --json prints the failure as an object', async (t) => {
    const home = await service.home(t);
    const file = home.file('f', 9);
    const error = assertFailedJson(await home.run(['upload', file, 'glacier://nowhere', '--json']), 10);
    assert.equal(error['kind'], 'not-found');
    assert.equal(error['httpStatus'], 404);
    assert.equal(error['code'], 'ResourceNotFoundException');
    assert.match(String(error['requestId']), /^[\w-]{47}$/);
    assert.equal(error['resumable'], false);
  });

  test('of several files prints one id a line in the order given; a missing one has none, and the exit is 13', async (t) => {
    const home = await service.home(t);
    const files = ['c', 'a', 'missing', 'b'].map((name) => join(home.folder, name));
    for (const name of ['a', 'b', 'c']) writeFileSync(join(home.folder, name), `the file ${name}`);
    const { code, stdout, stderr } = await home.run(['upload', ...files, home.target]);
    assert.equal(code, 13, stderr);
    const ids = stdout.trimEnd().split('\n');
    assert.equal(ids.length, 3);
    const texts = await Promise.all(ids.map((id) => home.readBack(id)));
    assert.deepEqual(
      texts.map((bytes) => bytes.toString()),
      ['the file c', 'the file a', 'the file b'],
    );
    assert.match(assertWords(stderr), /^calve: .*\/missing: there is no such file/);
    assert.match(stderr, /\n3 files sent, 1 failed, 30 bytes in \d+\.\d s\nfailed: .*\/missing\n$/);
  });

  test('of several files with --json keeps the order, and ends with a summary', async (t) => {
    const home = await service.home(t);
    for (const name of ['a', 'b']) writeFileSync(join(home.folder, name), name);
    const ended = await home.run(['upload', 'b', 'a', home.target, '--json']);
    const { objects, summary } = jsonOfFiles(ended.stdout, 'archive');
    assert.deepEqual(
      objects.map((archive) => archive['file']),
      [join(home.folder, 'b'), join(home.folder, 'a')],
    );
    const { durationMs: _, ...counts } = summary;
    const none = { skipped: 0, failed: 0, failedFiles: [] };
    assert.deepEqual(counts, { type: 'summary', target: home.target, files: 2, sent: 2, bytes: 2, ...none });
    const again = await home.run(['upload', 'b', 'a', 'c', home.target, '--json']);
    const lines = again.stdout.trimEnd().split('\n');
    const { failedFiles, ...rest } = checkObject(lines.at(-1) ?? '', 'summary');
    assert.deepEqual([rest['sent'], rest['skipped'], rest['failed']], [0, 2, 1]);
    assert.deepEqual(failedFiles, [join(home.folder, 'c')]);
  });

  test('of several files that cannot begin tells why, and then that nothing was sent', async (t) => {
    const home = await service.home(t);
    const files = ['a', 'b'].map((name) => home.file(name, 9));
    const ended = await home.run(['upload', ...files, 'glacier://nowhere', '--json']);
    assert.equal(ended.code, 10);
    const [error, summary, ...others] = ended.stdout.trimEnd().split('\n');
    assert.equal(checkObject(error ?? '', 'error')['kind'], 'not-found');
    assert.equal(checkObject(summary ?? '', 'summary')['sent'], 0);
    assert.deepEqual(others, []);
  });

  test('takes a file behind a link by its real path', async (t) => {
    const home = await service.home(t);
    const file = home.file('real', 10);
    symlinkSync(file, join(home.folder, 'link'));
    const first = oneJson((await home.run(['upload', 'link', home.target, '--json'])).stdout, 'archive');
    assert.equal(first['file'], file);
    const second = oneJson((await home.run(['upload', 'real', home.target, '--json'])).stdout, 'archive');
    assert.equal(second['skipped'], true);
  });

  test('takes a file of which the name begins with a hyphen after --', async (t) => {
    const home = await service.home(t);
    home.file('-rf', 10);
    const { code, stderr } = await home.run(['upload', '--json', '--', '-rf', home.target]);
    assert.equal(code, 0, stderr);
  });

  test('describes an archive by its file name, by what is given, and by mt2 where the name is not ASCII', async (t) => {
    const home = await service.home(t);
    const files = ['plain.bin', 'naïve.bin'].map((name) => home.file(name, 9));
    const text = 'the 3rd, "of" May';
    assert.equal((await home.run(['upload', ...files, home.target])).code, 0);
    const given = ['upload', home.file('given.bin', 8), home.target, '--description', text];
    assert.equal((await home.run(given)).code, 0);
    const archives = jsonOf((await home.run(['archives', '--json'])).stdout, 'archive');
    const descriptionOf = (name: string): string => {
      const found = archives.find(({ file }) => String(file).endsWith(`/${name}`));
      return String(found?.['description']);
    };
    const [plain, encoded, own] = ['plain.bin', 'naïve.bin', 'given.bin'].map(descriptionOf);
    assert.deepEqual([plain, own], ['plain.bin', text]);
    const fields: unknown = JSON.parse(
      Buffer.from(String(encoded).replace(/^mt2 /, ''), 'base64url').toString(),
    );
    assert.equal((fields as { filename: string }).filename, 'naïve.bin');
  });

  test('with --dry-run prints the plan, asks no service and writes nothing', async (t) => {
    const home = await service.home(t);
    const file = home.file('f', 3 * MIB_BYTES);
    const plain = await home.run(['upload', file, home.target, '--dry-run', '--part-size', '1M']);
    assert.equal(plain.stdout, `${file} to ${home.target}: new, 3 MiB in 3 parts of 1 MiB, 5 requests\n`);
    const json = await home.run(['upload', file, home.target, '--dry-run', '--json']);
    assert.deepEqual([plain.code, json.code, plain.stderr, json.stderr], [0, 0, '', '']);
    const plan = oneJson(json.stdout, 'plan');
    assert.deepEqual([plan['parts'], plan['requests'], plan['partSize']], [1, 3, 16 * MIB_BYTES]);
    assert.equal(home.passed().length, 0);
    assert.match((await home.run(['status'])).stdout, /^[^\n]+\n$/);
  });

  test('with another part size than the unfinished upload has exits 2 and names --fresh', async (t) => {
    const home = await service.home(t);
    const file = home.file('f', 4 * MIB_BYTES);
    await home.leaveUnfinished(file, 1);
    const sentBefore = home.passed().filter(isPart).length;
    const differing = [
      ['--part-size', '2M'],
      ['--description', 'other'],
    ];
    for (const option of differing) {
      const ended = await home.run(['upload', file, home.target, ...option]);
      assertFailed(ended, 2);
      assert.match(ended.stderr, /--fresh/);
    }
    assert.equal(home.passed().filter(isPart).length, sentBefore);
    const same = await home.run(['upload', file, home.target, '--part-size=1M', '--json']);
    assert.equal(oneJson(same.stdout, 'archive')['partsReused'], 1);
  });

  test('of a changed file says that the older version is unfinished, with the line that aborts it', async (t) => {
    const home = await service.home(t);
    const file = home.file('f', 3 * MIB_BYTES);
    const older = await home.leaveUnfinished(file, 1);
    writeFileSync(file, seededBytes(3 * MIB_BYTES + 1, 99));
    const ended = await home.run(['upload', file, home.target]);
    assert.equal(ended.code, 0, ended.stderr);
    const line = /abort it with: calve (.*)$/m.exec(ended.stderr)?.[1] ?? '';
    assert.ok(line.includes(older), ended.stderr);
    const aborted = await home.run(line.split(' '));
    assert.equal(aborted.code, 0, aborted.stderr);
    assert.deepEqual(await home.openIds(), []);
  });

  test('with --quiet says nothing on stderr', async (t) => {
    const home = await service.home(t);
    const { code, stderr } = await home.run(['upload', home.file('f', 5), home.target, '--quiet']);
    assert.deepEqual([code, stderr], [0, '']);
  });
});
