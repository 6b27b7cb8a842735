/** Folders and lists, by the built program: every file arrives under its path, byte for byte. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, test } from 'node:test';
import { readableDescription } from '../../src/core/description.js';
import { badDiskEnv } from '../support/bad-disk.js';
import type { BucketHome, Scheme } from '../support/bucket-home.js';
import { sharedBuckets } from '../support/bucket-service.js';
import { seededBytes } from '../support/bytes.js';
import { assertWords } from '../support/failed.js';
import { missingSwift, startSwift } from '../support/swift.js';
import type { VaultHome } from '../support/vault-home.js';
import { sharedVaults } from '../support/vault-service.js';

const ODD_NAMES = [
  ...[' lead', '..dots', '.hidden', 'a.txt', 'a/b/deep', 'a/new\nline', 'a0', 'back\\slash', 'del\x7f'],
  ...['n'.repeat(255), 'per%20cent', 'plus+ & <x>', 'q?x#y', 'quote\'"', 'return\r', 'tab\there ', '~'],
  ...['ünï', '😀'],
];

/** Writes files of a few bytes. @returns the bytes of each */
function writeTree(folder: string, names: readonly string[]): ReadonlyMap<string, Buffer> {
  const bytes = new Map(names.map((name, i) => [name, seededBytes(i + 1, i)]));
  for (const [name, content] of bytes) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), content);
  }
  return bytes;
}

describe('a folder is sent to a bucket', { skip: missingSwift(), concurrency: 2 }, () => {
  const buckets = sharedBuckets(startSwift);

  async function assertObjects(home: BucketHome, bytes: ReadonlyMap<string, Buffer>, stdout: string) {
    for (const [key, content] of bytes) assert.deepEqual(await home.readBack(key), content, key);
    assert.equal(stdout.split('\n').length - 1, bytes.size, stdout);
  }

  const namesOf: { readonly [S in Scheme]: readonly string[] } = {
    s3: ODD_NAMES,
    obs: ['a.txt', 'a/b/deep', 'a/new\nline', '😀 ü'],
  };
  for (const scheme of ['s3', 'obs'] satisfies Scheme[]) {
    test(`${scheme}: each file has its path as its key, whatever characters that has, and its bytes`, async (t) => {
      const home = await buckets.home(t, scheme);
      const names = namesOf[scheme];
      const written = writeTree(join(home.folder, 'tree'), names);
      mkdirSync(join(home.folder, 'tree/empty'));
      const ended = await home.run(['upload', '--recursive', 'tree', `${home.target}/2026/`]);
      assert.equal(ended.code, 0, ended.stderr);
      const objects = new Map([...written].map(([name, bytes]) => [`2026/${name}`, bytes]));
      await assertObjects(home, objects, ended.stdout);
    });
  }

  test('what cannot be sent fails by its name, also a second file of one name, and the others are sent', async (t) => {
    const home = await buckets.home(t, 's3');
    const path = (name: string) => join(home.folder, name);
    const long = ['x', 'y', 'z', 'w', 'v'].map((letter) => letter.repeat(210)).join('/');
    writeTree(path('one'), ['a', 'bad/x', 'ctl\x01', long, 'cache/x']);
    writeFileSync(Buffer.concat([Buffer.from(path('one/caf')), Buffer.from([0xe9])]), 'x');
    symlinkSync('a', path('one/link'));
    execFileSync('mkfifo', [path('one/pipe')]);
    writeTree(path('two'), ['a', 'b', 'cache/x', 'link']);
    const words = [
      'upload',
      '--recursive',
      '--exclude',
      'cache/',
      'one',
      'two',
      'gone',
      'two/b',
      `${home.target}/k/`,
    ];
    const disk = badDiskEnv({ listFails: { ending: '/one/bad', code: 'EACCES' } });
    const ended = await home.run(words, disk);
    assert.equal(ended.code, 13, ended.stderr);
    assertWords(ended.stderr);
    const failures = ended.stderr
      .match(/^calve: .*$/gm)
      ?.map((line) => line.replaceAll(`${home.folder}/`, ''));
    assert.deepEqual(failures, [
      'calve: one/bad: the folder cannot be read, so none of its files was sent: EACCES: an error of the test, scandir',
      'calve: one/caf\ufffd: the name has bytes that are not UTF-8, and Node.js cannot pass them on',
      'calve: one/ctl\\x01: its name has a control character that the answers of the service cannot contain, so no key can have it',
      `calve: one/${long}: the key would have 1,056 bytes, and the service accepts at most 1,024`,
      'calve: two/a: it would overwrite another file of this run, which has the same name below the target: one/a',
      'calve: gone: there is no such file',
      'calve: two/b: it would overwrite another file of this run, which has the same name below the target: two/b',
    ]);
    const notices = ended.stderr.match(/^note: skipped.*$/gm);
    assert.deepEqual(notices, ['note: skipped: 1 symbolic link (--follow-links follows them), 1 pipe']);
    const objects = [
      ['a', 0],
      ['b', 1],
      ['link', 3],
    ] as const;
    const sent = objects.map(([name, seed]) => [`k/${name}`, seededBytes(seed + 1, seed)] as const);
    await assertObjects(home, new Map(sent), ended.stdout);
  });
});

describe('a folder or a list is sent to a vault', { concurrency: 2 }, () => {
  const service = sharedVaults();

  async function held(home: VaultHome): Promise<Map<string, Buffer>> {
    const archives = await home.archives();
    const read = archives.map(async ({ archiveId, description }) => {
      return [readableDescription(description), await home.readBack(archiveId)] as const;
    });
    return new Map([...(await Promise.all(read))].sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  test('each archive is described by the path of its file, and the next run sends only what is new', async (t) => {
    const home = await service.home(t);
    const names = ['a.txt', 'a/b/deep', 'a/new\nline', 'ünï/x'];
    const written = writeTree(join(home.folder, 'tree'), names);
    const words = ['upload', '--recursive', 'tree', home.target];
    const ended = await home.run(words);
    assert.equal(ended.code, 0, ended.stderr);
    assert.deepEqual(await held(home), written);
    const added = writeTree(join(home.folder, 'tree'), ['new']);
    const again = await home.run([...words, '--json']);
    const skipped = again.stdout.match(/"skipped":true/g);
    assert.deepEqual([again.code, skipped?.length], [0, names.length], again.stderr);
    assert.deepEqual(await held(home), new Map([...written, ...added].sort(([a], [b]) => (a < b ? -1 : 1))));
  });

  test('an empty file ends each run with 13 until --exclude or a list leaves it out', async (t) => {
    const home = await service.home(t);
    writeTree(join(home.folder, 'photos'), ['a', 'b']);
    writeFileSync(join(home.folder, 'photos/__init__.py'), '');
    const upload = ['upload', '--recursive', 'photos', home.target];
    for (const sent of [2, 2]) {
      const { code, stdout, stderr } = await home.run(upload);
      assert.deepEqual([code, stdout.split('\n').length - 1], [13, sent]);
      assert.match(stderr, /__init__\.py: the file is empty, and a vault accepts no empty archive/);
    }
    assert.equal((await home.run([...upload, '--exclude', '__init__.py'])).code, 0);
    const list = execFileSync('find', ['photos', '-type', 'f', '-size', '+0', '-print0'], {
      cwd: home.folder,
    });
    const { code, stderr } = await home.run(['upload', '--files-from', '-', '--null', home.target], {}, list);
    assert.equal(code, 0, stderr);
    assert.equal((await home.archiveIds()).length, 2);
  });

  test('the names of a list come from standard input, a file that is listed twice is sent once, and a list that cannot be read ends the run with 13', async (t) => {
    const home = await service.home(t);
    const written = writeTree(home.folder, ['d/e', 'd/x\ny', 'f']);
    writeTree(home.folder, ['d/other.o']);
    const words = ['upload', '--recursive', '--files-from', '-', '-0', '--exclude', '*.o', home.target];
    const ended = await home.run(words, {}, 'd\0./f\0f\0../gone\0');
    assert.equal(ended.code, 13, ended.stderr);
    assert.match(assertWords(ended.stderr), /^calve: \.\.\/gone: the path leads out of the working folder/);
    assert.deepEqual(await held(home), written);
    const unread = await home.run(['upload', '--files-from', 'gone', home.target]);
    assert.equal(unread.code, 13);
    assert.match(assertWords(unread.stderr), /\/gone: there is no such file$/);
  });

  test('files are sent while a program still writes the list, and a stop does not wait for that program', async (t) => {
    const home = await service.home(t);
    writeTree(home.folder, ['first']);
    const list = join(home.folder, 'list');
    execFileSync('mkfifo', [list]);
    const running = home.start(['upload', '--files-from', list, home.target]);
    // Opening for reading, too, does not wait for a reader, which a failure of the program would never become.
    const writer = await open(list, 'r+');
    t.after(() => writer.close());
    await writer.write('first\n');
    const printed = new Promise((resolve) => running.child.stdout?.once('data', resolve));
    await Promise.race([printed, running.ended]);
    running.child.kill('SIGTERM');
    const ended = await running.ended;
    assert.equal(ended.code, 143, ended.stderr);
    assert.deepEqual(await held(home), new Map([['first', seededBytes(1, 0)]]));
  });
});
