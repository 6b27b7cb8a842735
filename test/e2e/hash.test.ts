import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { cleanEnv, type Ended, runCalve } from '../support/calve.js';
import { assertFailed, assertFailedJson, assertWords } from '../support/failed.js';
import { checkObject, jsonOf, oneJson } from '../support/json-shapes.js';
import { type Cleanup, tempFolder } from '../support/temp.js';
import { treeHashVectors } from '../support/tree-hash-vectors.js';

function hasher(t: Cleanup) {
  const folder = tempFolder(t);
  const run = (words: readonly string[], input?: Buffer): Promise<Ended> =>
    runCalve(['hash', ...words], {
      env: cleanEnv(folder),
      cwd: folder,
      ...(input === undefined ? {} : { input }),
    });
  return { folder, run };
}

test('calve hash prints the published tree hash of each file, a line as sha256sum prints it', async (t) => {
  const { folder, run } = hasher(t);
  const names = treeHashVectors.map((vector, i) => {
    writeFileSync(join(folder, `v${i}`), vector.bytes());
    return `v${i}`;
  });
  const { code, stdout, stderr } = await run(names);
  assert.deepEqual([code, stderr], [0, '']);
  assert.equal(stdout, treeHashVectors.map(({ treeHash }, i) => `${treeHash}  v${i}\n`).join(''));
});

test('calve hash --json prints objects with absolute paths and sizes', async (t) => {
  const { folder, run } = hasher(t);
  writeFileSync(join(folder, 'hello'), 'hello world');
  const { stdout } = await run(['./hello', 'hello', '--json']);
  const wanted = {
    type: 'hash',
    file: join(folder, 'hello'),
    size: 11,
    treeHash: 'b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde9',
  };
  assert.deepEqual(jsonOf(stdout, 'hash'), [wanted, wanted]);
});

test('calve hash - reads standard input, whatever its size', async (t) => {
  const { run } = hasher(t);
  // A process each: the ends of the list and some between stand for all, which test/source hashes.
  for (const vector of treeHashVectors.filter((_, i) => i % 4 === 0)) {
    const { stdout, stderr } = await run(['-'], vector.bytes());
    assert.equal(stdout, `${vector.treeHash}  -\n`, `${vector.name} ${stderr}`);
  }
  const json = oneJson((await run(['-', '--json'], Buffer.from('hello world'))).stdout, 'hash');
  assert.deepEqual([json['file'], json['size']], ['-', 11]);
});

test('calve hash of a missing file exits 13, after the other files are done', async (t) => {
  const { folder, run } = hasher(t);
  mkdirSync(join(folder, 'folder'));
  writeFileSync(join(folder, 'there'), 'x');
  const { code, stdout, stderr } = await run(['missing', 'folder', 'there']);
  assert.equal(code, 13);
  assert.match(stdout, /^[0-9a-f]{64} {2}there\n$/);
  assert.match(assertWords(stderr), /\/missing: there is no such file/);
  assert.match(assertFailed(await run(['folder']), 13), /\/folder: it is a folder, and not a regular file/);
});

test('calve hash --json of a missing file prints the failure among the results', async (t) => {
  const { folder, run } = hasher(t);
  assert.equal(assertFailedJson(await run(['missing', '--json']), 13)['file'], join(folder, 'missing'));
  writeFileSync(join(folder, 'there'), 'x');
  const lines = (await run(['missing', 'there', '--json'])).stdout.trimEnd().split('\n');
  checkObject(lines[0] ?? '', 'error');
  checkObject(lines[1] ?? '', 'hash');
});

test('calve hash escapes a name as sha256sum does, and shows what would act on a terminal as text', async (t) => {
  const { folder, run } = hasher(t);
  const names = ['a\nb\\c\rd', 'tab\t', 'e\x1b[31m'];
  for (const name of names) writeFileSync(join(folder, name), 'x');
  const { stdout } = await run(names);
  // Up to 1 MiB the tree hash is the SHA-256, so the first two lines are those of sha256sum.
  const hash = createHash('sha256').update('x').digest('hex');
  const lines = [`\\${hash}  a\\nb\\\\c\\rd`, `${hash}  tab\t`, `\\${hash}  e\\x1b[31m`, ''];
  assert.equal(stdout, lines.join('\n'));
});
