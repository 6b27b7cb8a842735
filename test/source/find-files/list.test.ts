import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import process from 'node:process';
import { type TestContext, test } from 'node:test';
import { isFailure } from '../../../src/core/failures.js';
import { filterOf } from '../../../src/source/find-files/filters.js';
import { findListed, type ListOptions } from '../../../src/source/find-files/find-listed.js';
import { listedNames } from '../../../src/source/find-files/list-names.js';
import type { Found } from '../../../src/source/find-files/look.js';
import { namesakeInList, refuseSameNames } from '../../../src/source/find-files/same-names.js';
import { NEWLINE, NUL } from '../../../src/source/split-bytes.js';
import { tempFolder } from '../../support/temp.js';

async function* inPieces(bytes: Buffer, pieceBytes: number): AsyncGenerator<Uint8Array> {
  for (let i = 0; i < bytes.length; i += pieceBytes) yield bytes.subarray(i, i + pieceBytes);
}

async function namesIn(
  text: string,
  separator: typeof NEWLINE | typeof NUL,
  pieceBytes = 5,
): Promise<string[]> {
  const names: string[] = [];
  for await (const { bytes, isCut } of listedNames(inPieces(Buffer.from(text), pieceBytes), separator)) {
    names.push(`${bytes.toString()}${isCut ? ' (cut)' : ''}`);
  }
  return names;
}

test('a list has one name per line, or before each NUL; every other byte belongs to the name', async () => {
  for (const pieceBytes of [1, 2, 5, 100]) {
    assert.deepEqual(await namesIn('a\n\n b \nc\r\nünï\0x', NEWLINE, pieceBytes), [
      'a',
      ' b ',
      'c\r',
      'ünï\0x',
    ]);
    assert.deepEqual(await namesIn('a\nb\0\0c\0', NUL, pieceBytes), ['a\nb', 'c']);
  }
  assert.deepEqual(await namesIn('', NEWLINE), []);
});

test('a name that is longer than any path is marked, and not kept as a whole', async () => {
  const long = 'x'.repeat(100_000);
  assert.deepEqual(await namesIn(`${long}\nb`, NEWLINE, 4096), [`${'x'.repeat(8192)} (cut)`, 'b']);
});

/** Counts the names of a list in a process of its own. The names as objects alone would need more than this heap. */
const COUNT_NAMES = `
  const { listedNames } = await import(process.argv[1]);
  const line = Buffer.from((('n'.repeat(100)) + '\\n').repeat(1000));
  async function* pieces() {
    for (let i = 0; i < 1000; i += 1) yield line;
  }
  let names = 0;
  for await (const { bytes } of listedNames(pieces(), 10)) names += bytes.length === 100 ? 1 : 0;
  process.stdout.write(String(names));`;

test('a list of a million names is read in a heap of 20 MiB', () => {
  const module = join(import.meta.dirname, '../../../src/source/find-files/list-names.js');
  const words = ['--max-old-space-size=20', '--input-type=module', '-e', COUNT_NAMES, module];
  assert.equal(execFileSync(process.execPath, words, { encoding: 'utf8' }), '1000000');
});

function home(t: TestContext): { folder: string; options(more?: Partial<ListOptions>): ListOptions } {
  const folder = tempFolder(t);
  mkdirSync(join(folder, 'd/e'), { recursive: true });
  for (const name of ['a', 'd/x', 'd/e/y']) writeFileSync(join(folder, name), 'x');
  symlinkSync('a', join(folder, 'link'));
  const skipped = { links: 0, pipes: 0, sockets: 0, devices: 0, loops: 0, mounts: 0 };
  return {
    folder,
    options: (more = {}) => ({
      includes: filterOf([]),
      ...{ followLinks: false, oneFileSystem: false, recursive: false, skipped },
      signal: new AbortController().signal,
      absolute: (path) => resolve(folder, path),
      ...more,
    }),
  };
}

async function collect(found: AsyncIterable<Found>): Promise<string[]> {
  const lines: string[] = [];
  for await (const each of found) {
    if (!('error' in each)) lines.push(each.name);
    else if (isFailure(each.error, 'source')) lines.push(`${each.error.facts.why}: ${each.path}`);
  }
  return lines;
}

function listed(names: readonly (string | Buffer)[], options: ListOptions): AsyncIterable<Found> {
  const bytes = Buffer.concat(names.flatMap((name) => [Buffer.from(name), Buffer.from([NUL])]));
  return findListed(listedNames(inPieces(bytes, 7), NUL), options);
}

test('the name of a listed file is its path as written, without ./ and without the slash of an absolute path', async (t) => {
  const { folder, options } = home(t);
  const names = ['./a', 'd//x', './d/./e/../x', `${folder}/a`, 'd/e/y'];
  const below = folder.slice(1);
  assert.deepEqual(await collect(listed(names, options())), ['a', 'd/x', 'd/x', `${below}/a`, 'd/e/y']);
});

test('names that are no path, not UTF-8, outside, missing or folders fail, and the others are found', async (t) => {
  const { folder, options } = home(t);
  const latin = Buffer.from([0x63, 0xe9]);
  const names = ['../a', 'd/../../a', '..', latin, 'gone', 'a\r', 'd', 'x'.repeat(9000), 'a'];
  const lines = await collect(listed(names, options()));
  assert.deepEqual(lines.slice(0, 7), [
    'outside: ../a',
    'outside: d/../../a',
    'outside: ..',
    'not-utf8: c\ufffd',
    `missing: ${folder}/gone`,
    `missing: ${folder}/a\r`,
    `folder: ${folder}/d`,
  ]);
  assert.match(lines[7] ?? '', /^not-a-path: x{8192}$/);
  assert.deepEqual(lines.slice(8), ['a']);
  const withNul = listedNames(inPieces(Buffer.from('a\0b'), 7), NEWLINE);
  assert.deepEqual(await collect(findListed(withNul, options())), ['not-a-path: a\0b']);
});

test('with --recursive a folder in a list is walked, with names below its written path', async (t) => {
  const { options } = home(t);
  const how = options({ recursive: true, includes: filterOf([{ action: 'exclude', pattern: '/d/x' }]) });
  assert.deepEqual(await collect(listed(['d/', 'a'], how)), ['d/e/y', 'a']);
  assert.deepEqual(await collect(listed(['.'], how)), ['a', 'd/e/y']);
});

test('patterns also decide on listed names, by the name itself and not by its folders, as with rsync', async (t) => {
  const { options } = home(t);
  const without = (pattern: string) => options({ includes: filterOf([{ action: 'exclude', pattern }]) });
  assert.deepEqual(await collect(listed(['a', 'd/x', 'd/e/y', 'gone'], without('[xg]*'))), ['a', 'd/e/y']);
  assert.deepEqual(await collect(listed(['d/x'], without('d/'))), ['d/x']);
});

test('a listed link is skipped and counted, unless links are followed', async (t) => {
  const { options } = home(t);
  const how = options();
  assert.deepEqual(await collect(listed(['link', 'a'], how)), ['a']);
  assert.equal(how.skipped.links, 1);
  assert.deepEqual(await collect(listed(['link'], options({ followLinks: true }))), ['link']);
});

test('a relative and an absolute path that give one name: the second is refused', async (t) => {
  const { folder, options } = home(t);
  const below = folder.slice(1);
  mkdirSync(join(folder, below), { recursive: true });
  writeFileSync(join(folder, below, 'a'), 'other');
  const distinct = (names: readonly string[]) =>
    collect(refuseSameNames(listed(names, options()), namesakeInList(options().absolute, options())));
  const [relative, absolute] = [`${below}/a`, `${folder}/a`];
  assert.deepEqual(await distinct(['d/x', relative, absolute]), ['d/x', relative, `same-name: ${absolute}`]);
  assert.deepEqual(await distinct([absolute, relative, 'd/x']), [
    relative,
    `same-name: ${join(folder, relative)}`,
    'd/x',
  ]);
});
