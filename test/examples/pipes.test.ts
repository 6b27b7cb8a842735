/** The examples for pipes run, with the programs that they are about. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { openCatalogue } from '../../src/state/catalogue.js';
import { allEntries } from '../support/all-entries.js';
import type { Ended } from '../support/calve.js';
import { examplePath } from '../support/examples.js';
import { type Home, openHome } from '../support/home.js';
import { missingPrograms } from '../support/programs.js';
import { pasteIntoShell } from '../support/shell.js';

interface Archive {
  readonly path: string;
  readonly bytes: Buffer;
}

/** Returns the archives of a local vault with the paths or names in the catalogue. */
async function archivesOf({ catalogueDir, env }: Home, vault: string): Promise<Archive[]> {
  const folder = join(env['HOME'] ?? '', `.local/share/calve/vaults/v1/vaults/${vault}/archives`);
  const entries = await allEntries(openCatalogue(catalogueDir));
  return entries.map(({ archiveId, identity: { source } }) => ({
    path: source.kind === 'file' ? source.path : (source.name ?? ''),
    bytes: readFileSync(join(folder, archiveId)),
  }));
}

function openFolder(t: TestContext): Home {
  const home = openHome(t);
  mkdirSync(join(home.folder, 'photos'));
  home.file('photos/a.jpg', 200_000);
  home.file('photos/b.jpg', 100_000, 2);
  return home;
}

function runScript({ folder, env }: Home, name: string, words: string, more = {}): Promise<Ended> {
  return pasteIntoShell(`${examplePath(`pipes/${name}`)} ${words}`, folder, { ...env, ...more });
}

/** Puts a program before the real one into PATH. */
function fake({ folder }: Home, name: string, lines: readonly string[]): void {
  mkdirSync(join(folder, 'bin'), { recursive: true });
  writeFileSync(join(folder, 'bin', name), ['#!/bin/sh', ...lines, ''].join('\n'), { mode: 0o755 });
}

/** Writes the archives of a vault back, as somebody does who has lost the repository. */
async function restore(home: Home, vault: string, from: string, to: string): Promise<string[]> {
  const archives = await archivesOf(home, vault);
  for (const { path, bytes } of archives) {
    const copy = join(to, relative(from, path));
    mkdirSync(dirname(copy), { recursive: true });
    writeFileSync(copy, bytes);
  }
  return archives.map(({ path }) => relative(from, path));
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)));
}

describe('tar-zstd.sh', { skip: missingPrograms(['zstd', 'tar'], 'zstd') }, () => {
  test('makes an archive that zstd and tar read back, and none if tar fails', async (t) => {
    const home = openFolder(t);
    const sent = await runScript(home, 'tar-zstd.sh', 'photos local://v');
    assert.deepEqual([sent.code, sent.stderr], [0, '']);
    const [archive] = await archivesOf(home, 'v');
    assert.match(archive?.path ?? '', /^photos-\d{4}-\d\d-\d\d\.tar\.zst$/);
    const names = execFileSync('sh', ['-c', 'zstd -dc | tar -t'], { input: archive?.bytes }).toString();
    assert.deepEqual(names.trim().split('\n').sort(), ['./', './a.jpg', './b.jpg']);

    // GNU tar ends with 1 if a file changed while it was read, and with 2 after errors.
    fake(home, 'tar', ['echo bytes; exit 1']);
    assert.equal((await runScript(home, 'tar-zstd.sh', 'photos local://v')).code, 0);
    fake(home, 'tar', ['echo bytes; exit 2']);
    assert.equal((await runScript(home, 'tar-zstd.sh', 'photos local://v')).code, 13);
    assert.equal((await archivesOf(home, 'v')).length, 2);
  });
});

describe('pg-dump.sh', () => {
  test('archives the dump of the database, and nothing if pg_dump fails after its last byte', async (t) => {
    const home = openHome(t);
    fake(home, 'pg_dump', ['echo "PGDMP of $*"', 'exit "$STATUS"']);
    const ended = await runScript(home, 'pg-dump.sh', 'shop local://v', { STATUS: '0' });
    assert.deepEqual([ended.code, ended.stderr], [0, '']);
    const [dump] = await archivesOf(home, 'v');
    assert.match(dump?.path ?? '', /^shop-\d{4}-\d\d-\d\d\.dump$/);
    assert.equal(dump?.bytes.toString(), 'PGDMP of --format=custom shop\n');
    const failed = await runScript(home, 'pg-dump.sh', 'shop local://v', { STATUS: '1' });
    assert.equal(failed.code, 13);
    assert.match(failed.stderr, /^calve: .*pg_dump.*: .*it ended with 1/m);
    assert.equal((await archivesOf(home, 'v')).length, 1);
  });
});

describe('restic.sh', { skip: missingPrograms(['restic'], 'restic') }, () => {
  test('sends each file of the repository once, and restic accepts what comes back', async (t) => {
    const home = openFolder(t);
    const repository = join(home.folder, 'repo');
    writeFileSync(join(home.folder, 'password'), 'secret');
    const own = {
      RESTIC_PASSWORD_FILE: join(home.folder, 'password'),
      RESTIC_CACHE_DIR: join(home.folder, 'cache'),
    };
    const restic = (...words: readonly string[]) =>
      execFileSync('restic', ['--quiet', '--repo', ...words], { env: { ...home.env, ...own } }).toString();
    restic(repository, 'init');
    for (const night of [1, 2]) {
      home.file(`photos/${night}.jpg`, 50_000, night + 10);
      const sent = await runScript(home, 'restic.sh', 'photos repo local://v', own);
      assert.deepEqual([sent.code, sent.stdout, sent.stderr], [0, '', '']);
      // A lock that a backup left behind is no part of the repository.
      writeFileSync(join(repository, 'locks/left'), '');
    }
    const copy = join(home.folder, 'copy');
    const restored = await restore(home, 'v', repository, copy);
    const files = filesBelow(repository).filter((name) => !name.startsWith('locks/'));
    assert.deepEqual(restored.sort(), files.sort(), 'no file is sent twice, and none is missing');
    mkdirSync(join(copy, 'locks'));
    assert.equal(restic(copy, 'check', '--read-data'), '');
    assert.match(restic(copy, 'ls', 'latest'), /\/2\.jpg$/m);
  });
});

describe('borg.sh', { skip: missingPrograms(['borg'], 'borgbackup') }, () => {
  test('sends each segment once, and Borg accepts what comes back without its indexes', async (t) => {
    const home = openFolder(t);
    const repository = join(home.folder, 'repo');
    const own = {
      BORG_BASE_DIR: home.env['HOME'] ?? '',
      BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK: 'yes',
      BORG_RELOCATED_REPO_ACCESS_IS_OK: 'yes',
    };
    const borg = (...words: readonly string[]) =>
      execFileSync('borg', words, {
        env: { ...home.env, ...own },
        cwd: home.folder,
        stdio: 'pipe',
      }).toString();
    borg('init', '--encryption=none', repository);
    for (const night of [1, 2]) {
      home.file(`photos/${night}.jpg`, 50_000, night + 10);
      const sent = await runScript(home, 'borg.sh', 'photos repo local://v', own);
      assert.deepEqual([sent.code, sent.stdout, sent.stderr], [0, '', '']);
    }
    const copy = join(home.folder, 'copy');
    const restored = await restore(home, 'v', repository, copy);
    const sentAgain = restored.filter((name, index) => restored.indexOf(name) !== index);
    assert.deepEqual(sentAgain, []);
    assert.ok(!restored.some((name) => /^(lock|hints|index|integrity)/.test(name)), restored.join(' '));
    rmSync(repository, { recursive: true });
    const [archive = ''] = borg('list', '--short', '--last=1', copy).trim().split('\n');
    const out = join(home.folder, 'out');
    mkdirSync(out);
    copyFileSync(join(home.folder, 'photos/2.jpg'), join(out, 'expected'));
    execFileSync('borg', ['extract', `${copy}::${archive}`], {
      env: { ...home.env, ...own },
      cwd: out,
      stdio: 'pipe',
    });
    assert.deepEqual(readFileSync(join(out, 'photos/2.jpg')), readFileSync(join(out, 'expected')));
  });
});
