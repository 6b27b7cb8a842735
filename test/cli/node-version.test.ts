/** Tests that the program says which Node it needs, on any Node. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { test } from 'node:test';
import { CALVE_BIN } from '../support/calve.js';

const NEEDED = /calve needs Node ([\d.]+), or ([\d.]+) or later$/;

/** Starts the program in a Node that says it has this version. */
function runOn(version: string, word: string) {
  const pretend = `Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '${version}' } });`;
  const start = `${pretend} process.argv.splice(1, 0, ${JSON.stringify(CALVE_BIN)}); require(process.argv[1]);`;
  const { status, stdout, stderr } = spawnSync(process.execPath, ['-e', start, '--', word], {
    encoding: 'utf8',
  });
  return { status, stdout, stderr };
}

test('an older Node ends with 2, and with one line that names the version that is needed', () => {
  for (const version of ['4.9.1', '18.20.4', '20.18.3', '21.7.3', '22.1.0']) {
    for (const word of ['--version', 'status']) {
      const { status, stdout, stderr } = runOn(version, word);
      assert.deepEqual([status, stdout], [2, '']);
      assert.equal(stderr, `calve: Node ${version}: calve needs Node 20.19, or 22.2 or later\n`);
      assert.match(stderr.trimEnd(), NEEDED);
    }
  }
});

test('the Node that is needed is the one that the package names, and newer ones start', () => {
  const engines = /"node": "\^([\d.]+) \|\| >=([\d.]+)"/.exec(
    readFileSync(join(CALVE_BIN, '../../package.json'), 'utf8'),
  );
  const needed = NEEDED.exec(runOn('18.0.0', '--version').stderr.trimEnd());
  assert.deepEqual(needed?.slice(1), engines?.slice(1) ?? []);
  for (const version of ['20.19.0', '22.2.0', '26.0.0']) assert.equal(runOn(version, '--version').status, 0);
});

test('the file that checks the version has no syntax that an old Node cannot read', () => {
  const source = readFileSync(CALVE_BIN, 'utf8').replaceAll(/^\s*\/\/.*$/gm, '');
  assert.doesNotMatch(
    source,
    /\?\.|\?\?|\basync\b|\bawait\b|\bimport\b|\.\.\.|\*\*|node:(?!module)|catch \{/,
  );
  execFileSync(process.execPath, ['--check', CALVE_BIN]);
});
