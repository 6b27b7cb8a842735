/** Files that cannot be sent, and which of several failures counts. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { describe, test } from 'node:test';
import { assertFailed, assertFailedJson, assertWords } from '../support/failed.js';
import { pasteIntoShell } from '../support/shell.js';
import { tempFolder } from '../support/temp.js';
import { sharedVaults } from '../support/vault-service.js';

const GIB_BYTES = 1024 ** 3;
const NO_CREDENTIALS = { AWS_ACCESS_KEY_ID: '', AWS_SECRET_ACCESS_KEY: '' };

/** A file of holes: large, and nothing on disk. */
function sparse(path: string, sizeBytes: number): string {
  writeFileSync(path, '');
  truncateSync(path, sizeBytes);
  return path;
}

describe('Files that cannot be sent', { concurrency: 2 }, () => {
  const service = sharedVaults();

  test('exit 13, are named with the reason, and nothing is sent', async (t) => {
    const home = await service.home(t);
    const path = (name: string) => join(home.folder, name);
    writeFileSync(path('empty'), '');
    mkdirSync(path('a folder'));
    execFileSync('mkfifo', [path('fifo')]);
    symlinkSync('nowhere', path('dangling'));
    const told: Record<string, RegExp> = {
      empty: /\/empty: the file is empty, and a vault accepts no empty archive$/,
      'a folder': /\/a folder: it is a folder, and not a regular file$/,
      fifo: /\/fifo: it is a pipe, a socket or a device, and not a regular file$/,
      '/dev/null': /^calve: \/dev\/null: it is a pipe, a socket or a device/,
      missing: /\/missing: there is no such file$/,
      dangling: /\/dangling: there is no such file$/,
      'empty/below': /\/empty\/below: there is no such file/,
    };
    for (const [name, why] of Object.entries(told)) {
      const ended = await home.run(['upload', name, home.target]);
      assert.match(assertFailed(ended, 13), why);
      if (name === 'a folder')
        assert.ok(ended.stderr.includes(`tar -cf '${path('a folder.tar')}'`), ended.stderr);
      else assert.doesNotMatch(ended.stderr, /tar -cf/, 'a tar of it would hold none of its bytes');
    }
    const error = assertFailedJson(await home.run(['upload', 'empty', home.target, '--json']), 13);
    assert.deepEqual([error['kind'], error['file'], error['target']], ['source', path('empty'), home.target]);
    assert.equal(home.passed().length, 0);
  });

  test('exit 13 where a name is not UTF-8, and the hint sends the file as a stream', async (t) => {
    const home = await service.home(t);
    const name = Buffer.from([...Buffer.from(`${home.folder}/caf`), 0xe9]);
    try {
      writeFileSync(name, 'hello world');
    } catch {
      return t.skip('this file system takes names in UTF-8 only');
    }
    const latin = "$(printf 'caf\\351')";
    const refused = await pasteIntoShell(`calve upload "${latin}" ${home.target}`, home.folder, home.env);
    assert.match(assertFailed(refused, 13), /there is no such file: the name has bytes that are not UTF-8/);
    const line = /^hint: .*: (calve upload - TARGET < )FILE$/m.exec(refused.stderr)?.[1] ?? '';
    const pasted = `${line.replace('TARGET', home.target)} "${latin}"`;
    const sent = await pasteIntoShell(pasted, home.folder, home.env);
    assert.equal(sent.code, 0, sent.stderr);
    assert.equal(String(await home.readBack(sent.stdout.trim())), 'hello world');
  });

  test('exit 2 where the name of a folder is not UTF-8, no other folder is made, and resume explains a file', async (t) => {
    const home = await service.home(t);
    const latin = "$(printf 'caf\\351')";
    const why = /caf\ufffd: the name has bytes that are not UTF-8/;
    home.file('f', 9);
    const upload = `calve upload f ${home.target} --catalogue "${latin}"`;
    assert.match(assertFailed(await pasteIntoShell(upload, home.folder, home.env), 2), why);
    assert.ok(readdirSync(home.folder).every((name) => !name.startsWith('caf')));
    const resumed = await pasteIntoShell(`calve resume "${latin}"`, home.folder, home.env);
    assert.match(
      assertFailed(resumed, 13),
      /caf\ufffd: there is no such file: the name has bytes that are not UTF-8/,
    );
    assert.equal(home.passed().length, 0);
  });

  test('exit 13 where the system gives 0 as the size of a file that has bytes, and a stream is named', async (t) => {
    const path = '/proc/version';
    if (!existsSync(path)) return t.skip('only Linux has such files in /proc');
    const home = await service.home(t);
    const why = /^calve: \/proc\/version: it has bytes although the system gives 0 as its size/;
    for (const words of [
      ['upload', path, home.target],
      ['hash', path],
    ]) {
      const ended = await home.run(words);
      assert.match(assertFailed(ended, 13), why);
      assert.ok(ended.stderr.includes(`calve upload - TARGET < ${path}`), ended.stderr);
    }
    assert.equal(home.passed().length, 0);
  });

  test('exit 13 where they cannot be read', async (t) => {
    if (process.getuid?.() === 0) return t.skip('root may read everything');
    const home = await service.home(t);
    const file = home.file('secret', 9);
    chmodSync(file, 0o000);
    assert.match(
      assertFailed(await home.run(['upload', file, home.target]), 13),
      /the file cannot be read: EACCES/,
    );
  });

  test('exit 15 where the part size makes too many parts, and the size that fits is named', async (t) => {
    const home = await service.home(t);
    const file = sparse(join(home.folder, 'large'), 10_000 * 1024 ** 2 + 1);
    const ended = await home.run(['upload', file, home.target, '--part-size', '1M']);
    assert.match(assertFailed(ended, 15), /with --part-size 1M: 10,001 parts are more than the 10,000 parts/);
    assert.match(ended.stderr, /^hint: use --part-size 16M, or --part-size auto, which chooses it$/m);
    const larger = sparse(join(home.folder, 'larger'), 313 * GIB_BYTES);
    const json = await home.run(['upload', larger, home.target, '--part-size=16M', '--json']);
    assert.match(String(assertFailedJson(json, 15)['hint']), /^use --part-size 64M,/);
    const dry = await home.run(['upload', larger, home.target, '--part-size=16M', '--dry-run']);
    assertFailed(dry, 15);
    assert.equal(home.passed().length, 0);
  });

  test('exit 15 where no archive may be so large', async (t) => {
    const home = await service.home(t);
    // Memory's file system takes what ext4 (16 TiB) does not.
    if (!existsSync('/dev/shm')) return t.skip('no file system here holds a file of 40 TiB');
    const file = sparse(join(tempFolder(t, '/dev/shm'), 'huge'), 40 * 1024 * GIB_BYTES);
    const line = assertFailed(await home.run(['upload', file, home.target]), 15);
    assert.match(line, /its 40 TiB are more than the 39\.1 TiB that an archive can have$/);
    assert.equal(home.passed().length, 0);
  });

  test('do not keep the others from being sent: the exit is the first failure’s, the ids are in order', async (t) => {
    const home = await service.home(t);
    writeFileSync(join(home.folder, 'empty'), '');
    sparse(join(home.folder, 'large'), 11_000 * 1024 ** 2);
    home.file('b', 20, 2);
    home.file('a', 10, 1);
    const large = await home.run(['upload', 'large', 'b', 'empty', 'a', home.target, '--part-size=1M']);
    assert.equal(large.code, 15, large.stderr);
    const [b = '', a = '', ...more] = large.stdout.trimEnd().split('\n');
    assert.deepEqual(more, []);
    assert.deepEqual([(await home.readBack(b)).length, (await home.readBack(a)).length], [20, 10]);
    assert.equal(large.stderr.match(/^calve: /gm)?.length, 2);
    const empty = await home.run(['upload', 'b', 'empty', 'large', home.target, '--part-size=1M']);
    assert.deepEqual([empty.code, empty.stdout], [13, `${b}\n`]);
  });

  test('come after usage: a missing file without a region exits 2', async (t) => {
    const home = await service.home(t);
    const large = sparse(join(home.folder, 'large'), 11_000 * 1024 ** 2);
    assertFailed(await home.run(['upload', 'missing', home.target], { AWS_REGION: '' }), 2);
    assertFailed(await home.run(['upload', 'missing', home.target, '--part-size=3M']), 2);
    assertFailed(await home.run(['upload', 'missing', 'glacier://a/b']), 2);
    assertFailed(await home.run(['upload', large, home.target, '--part-size=1M', '--concurrency=0']), 2);
    assertFailed(
      await home.run(['upload', 'missing', home.target], { AWS_ENDPOINT_URL_GLACIER: 'nonsense' }),
      2,
    );
    assert.equal(home.passed().length, 0);
  });

  test('come before what the service says: without credentials a missing one exits 13, a large one 15', async (t) => {
    const home = await service.home(t);
    const large = sparse(join(home.folder, 'large'), 11_000 * 1024 ** 2);
    assertFailed(await home.run(['upload', 'missing', home.target], NO_CREDENTIALS), 13);
    assertFailed(await home.run(['upload', large, home.target, '--part-size=1M'], NO_CREDENTIALS), 15);
    assertFailed(await home.run(['upload', 'missing', 'glacier://nowhere']), 13);
    const both = await home.run(['upload', 'missing', home.file('f', 9), home.target], NO_CREDENTIALS);
    assert.equal(both.code, 13);
    assert.match(both.stderr, /no credentials were found/);
    assert.match(assertWords(both.stderr), /missing: there is no such file/);
  });
});
