import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { isFailure } from '../../../src/core/failures.js';
import { filterOf } from '../../../src/source/find-files/filters.js';
import type { FindOptions, Found } from '../../../src/source/find-files/look.js';
import { walkFolder, wouldFind } from '../../../src/source/find-files/walk.js';
import { tempFolder } from '../../support/temp.js';

function options(more: Partial<FindOptions> = {}): FindOptions {
  return {
    includes: filterOf([]),
    followLinks: false,
    oneFileSystem: false,
    skipped: { links: 0, pipes: 0, sockets: 0, devices: 0, loops: 0, mounts: 0 },
    signal: new AbortController().signal,
    ...more,
  };
}

function treeOf(t: TestContext, names: readonly (string | Buffer)[]): string {
  const folder = tempFolder(t);
  for (const name of names) {
    const path = Buffer.concat([Buffer.from(`${folder}/`), Buffer.from(name)]);
    mkdirSync(dirname(String(path)), { recursive: true });
    writeFileSync(path, 'x');
  }
  return folder;
}

/** Returns the names of what was found, and of what failed after the reason. */
async function walked(folder: string, how: FindOptions = options(), prefix = ''): Promise<string[]> {
  const lines: string[] = [];
  for await (const found of walkFolder({ folder, prefix }, how)) lines.push(lineOf(folder, found));
  return lines;
}

function lineOf(folder: string, found: Found): string {
  if (!('error' in found)) {
    assert.ok(found.path.startsWith(folder), found.path);
    return found.name;
  }
  assert.ok(isFailure(found.error, 'source'));
  return `${found.error.facts.why}: ${found.path.slice(folder.length + 1)}`;
}

test('names come in the order of their bytes, of the whole walk: a.txt before a/b', async (t) => {
  const names = ['B', 'a.txt', 'a/b', 'a/b.c/d', 'a/b0', 'a0', '\u{ff5e}', '😀', 'n\nl', 'm'.repeat(255)];
  const folder = treeOf(t, names);
  mkdirSync(join(folder, 'empty/below'), { recursive: true });
  const byBytes = [...names].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  assert.deepEqual(await walked(folder), byBytes);
  const below = byBytes.map((name) => `as/written/${name}`);
  assert.deepEqual(await walked(folder, options(), 'as/written/'), below);
});

test('an excluded folder is not entered, and what is excluded neither fails nor counts', async (t) => {
  const folder = treeOf(t, ['keep/x', 'cache/x', 'a/cache/x', Buffer.from([0x63, 0xe9])]);
  symlinkSync('keep', join(folder, 'link'));
  const rules = ['cache/', 'link', 'c?'].map((pattern) => ({ action: 'exclude', pattern }) as const);
  const how = options({ includes: filterOf(rules) });
  assert.deepEqual(await walked(folder, how), ['keep/x']);
  assert.equal(how.skipped.links, 0);
});

test('a name that is not UTF-8 fails by its name, a folder of such a name once, and the others are found', async (t) => {
  const latin = Buffer.from([0x63, 0x61, 0x66, 0xe9]);
  const folder = treeOf(t, ['a', latin, 'z']);
  mkdirSync(Buffer.concat([Buffer.from(`${folder}/d`), latin]));
  writeFileSync(Buffer.concat([Buffer.from(`${folder}/d`), latin, Buffer.from('/x')]), '');
  assert.deepEqual(await walked(folder), ['a', 'not-utf8: caf\ufffd', 'not-utf8: dcaf\ufffd', 'z']);
});

test('links, pipes and sockets are counted and not sent', async (t) => {
  const folder = treeOf(t, ['file', 'd/x']);
  symlinkSync('file', join(folder, 'link'));
  symlinkSync('d', join(folder, 'to-folder'));
  symlinkSync('nowhere', join(folder, 'broken'));
  execFileSync('mkfifo', [join(folder, 'pipe')]);
  const server = createServer().listen(join(folder, 'socket'));
  t.after(() => server.close());
  await new Promise((resolve) => server.once('listening', resolve));
  const how = options();
  assert.deepEqual(await walked(folder, how), ['d/x', 'file']);
  const none = { devices: 0, loops: 0, mounts: 0 };
  assert.deepEqual(how.skipped, { links: 3, pipes: 1, sockets: 1, ...none });
});

test('links that are followed give the files behind them; loops end; a broken link fails', async (t) => {
  const folder = treeOf(t, ['d/x', 'file']);
  symlinkSync('..', join(folder, 'd/up'));
  symlinkSync('.', join(folder, 'self'));
  symlinkSync('d', join(folder, 'to-folder'));
  symlinkSync('file', join(folder, 'link'));
  symlinkSync('nowhere', join(folder, 'broken'));
  symlinkSync('loop', join(folder, 'loop'));
  const how = options({ followLinks: true });
  assert.deepEqual(await walked(folder, how), [
    'missing: broken',
    'd/x',
    'file',
    'link',
    'unreadable: loop',
    'to-folder/x',
  ]);
  assert.deepEqual([how.skipped.links, how.skipped.loops], [0, 3]);
});

test('a folder on another file system is not entered on request', async (t) => {
  if (!existsSync('/proc/self/fdinfo')) return t.skip('there is no other file system to try with');
  const folder = treeOf(t, ['d/x']);
  const how = options({ followLinks: true, oneFileSystem: true });
  symlinkSync('/proc/self/fdinfo', join(folder, 'proc'));
  assert.deepEqual(await walked(folder, how), ['d/x']);
  assert.equal(how.skipped.mounts, 1);
});

test('what vanishes during the walk fails by its name, and the walk goes on', async (t) => {
  const folder = treeOf(t, ['a', 'gone/x', 'z']);
  const lines: string[] = [];
  for await (const found of walkFolder({ folder, prefix: '' }, options())) {
    rmSync(join(folder, 'gone'), { recursive: true, force: true });
    lines.push(lineOf(folder, found));
  }
  assert.deepEqual(lines, ['a', 'missing: gone', 'z']);
  assert.deepEqual(await walked(join(folder, 'nowhere')), ['missing: ']);
});

test('a stop ends the walk with its reason', async (t) => {
  const folder = treeOf(t, ['a', 'b']);
  const stop = new AbortController();
  await assert.rejects(async () => {
    for await (const _ of walkFolder({ folder, prefix: '' }, options({ signal: stop.signal }))) {
      stop.abort(new Error('stopped'));
    }
  }, /^Error: stopped$/);
});

test('a look-up of one name says what a walk would have found', async (t) => {
  const folder = treeOf(t, ['d/x', 'd/skip/x', 'file']);
  symlinkSync('d', join(folder, 'link'));
  symlinkSync('.', join(folder, 'self'));
  for (const followLinks of [false, true]) {
    const how = options({ followLinks, includes: filterOf([{ action: 'exclude', pattern: 'skip/' }]) });
    const all = new Set(await walked(folder, how));
    for (const name of ['d/x', 'd/skip/x', 'file', 'link/x', 'self/file', 'd', 'file/x', 'none', 'd/none']) {
      assert.equal(await wouldFind({ folder, prefix: '' }, name, how), all.has(name), name);
    }
  }
});
