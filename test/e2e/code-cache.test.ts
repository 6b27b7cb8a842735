import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { type TestContext, test } from 'node:test';
import { tempFolder } from '../support/temp.js';

const ROOT = join(import.meta.dirname, '../../..');
/** Prints what V8 had to compile itself. */
const COMPILED_ANEW = `
  const { load, modules } = require(process.argv[1]);
  load('main.js');
  const anew = [...modules].filter(([, { script }]) => script.cachedDataRejected !== false);
  console.log(JSON.stringify(anew.map(([name]) => name)));
`;

/** A copy of the built program, to be damaged. */
function copyOf(t: TestContext): { folder: string; file(name: string): string; cache: string } {
  const folder = tempFolder(t);
  for (const part of ['bin', 'dist/calve', 'package.json'])
    cpSync(join(ROOT, part), join(folder, part), { recursive: true });
  const file = (name: string): string => join(folder, 'dist/calve', name);
  const [cache = 'none'] = readdirSync(file('')).filter((name) => name.endsWith('.cache'));
  return { folder, file, cache: file(cache) };
}

function compiledAnew(folder: string): string[] {
  const args = ['-e', COMPILED_ANEW, join(folder, 'bin/load.js')];
  const { stdout } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  return JSON.parse(stdout) as string[];
}

function calve(folder: string, env: NodeJS.ProcessEnv, ...words: string[]) {
  return spawnSync(process.execPath, [join(folder, 'bin/calve.js'), ...words], { encoding: 'utf8', env });
}

test('the built program starts with code that was compiled at the build', () => {
  assert.deepEqual(compiledAnew(ROOT), []);
});

test('a file that was changed since is compiled anew, though it is as long as before', (t) => {
  const { folder, file } = copyOf(t);
  const main = readFileSync(file('main.js'), 'utf8');
  writeFileSync(file('main.js'), main.replaceAll('no command is named', 'NO COMMAND IS NAMED'));
  assert.deepEqual(compiledAnew(folder), ['main.js']);
  const { stdout } = calve(folder, { CALVE_JSON: '1' });
  assert.match(stdout, /NO COMMAND IS NAMED/);
});

for (const [name, damage] of Object.entries({
  'that ends too early': (cache: string) => truncateSync(cache, 200_000),
  'that is empty': (cache: string) => truncateSync(cache, 0),
  'of another kind': (cache: string) => writeFileSync(cache, '{"main.js":{}}\n'),
  'of another V8': (cache: string) => {
    const bytes = readFileSync(cache);
    const code = bytes.indexOf(10) + 1;
    // The words at the beginning of each piece say by which V8 it was made, and with which flags.
    const index = JSON.parse(bytes.toString('utf8', 0, code)) as Record<string, { start: number }>;
    for (const { start } of Object.values(index)) bytes.fill(7, code + start + 4, code + start + 8);
    writeFileSync(cache, bytes);
  },
})) {
  test(`a code cache ${name} is passed over`, (t) => {
    const { folder, cache } = copyOf(t);
    damage(cache);
    assert.ok(compiledAnew(folder).length > 0);
    const { status, stdout } = calve(folder, {}, 'hash', join(ROOT, 'package.json'));
    assert.equal(status, 0);
    assert.match(stdout, /^[0-9a-f]{64} {2}/);
  });
}
