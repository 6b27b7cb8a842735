/** The main job on each version of Node that is supported, with the warnings that a user would see. */
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, type TestContext, test } from 'node:test';
import { writeSeededFile } from '../support/bytes.js';
import { cleanEnv, onlyObject, type Running, startCalve } from '../support/calve.js';
import { missingNode, NODE_VERSIONS, nodeBinary } from '../support/node-versions.js';
import { tempFolder } from '../support/temp.js';

/** Enough for hashing threads and sending threads to start. */
const FILE_SIZE_BYTES = 24 * 1024 * 1024 + 1;

/** Kills the upload after some parts. @returns what it printed on stderr */
async function killAfterParts({ child, ended }: Running, partsMax: number): Promise<string[]> {
  assert.ok(child.stderr);
  const lines: string[] = [];
  for await (const line of createInterface({ input: child.stderr })) {
    lines.push(line);
    if (lines.filter((each) => each.startsWith('{"type":"part"')).length >= partsMax) child.kill('SIGKILL');
  }
  assert.equal((await ended).signal, 'SIGKILL', lines.join('\n'));
  return lines;
}

async function uploadKillAndResume(t: TestContext, version: string): Promise<void> {
  const folder = tempFolder(t);
  for (const name of ['home', 'tmp']) mkdirSync(join(folder, name));
  const file = join(folder, 'file');
  writeSeededFile(file, FILE_SIZE_BYTES, 5);
  // With this option, Node also warns of what a later version will remove.
  const env = cleanEnv(join(folder, 'home'), {
    NODE_OPTIONS: '--pending-deprecation',
    TMPDIR: join(folder, 'tmp'),
  });
  const spawned = { env, cwd: folder, node: nodeBinary(version) };
  const line = ['upload', file, 'local://trial', '--part-size', '1M'];
  const lines = await killAfterParts(
    startCalve([...line, '--progress', 'json', '--limit-rate', '40M'], spawned),
    6,
  );
  for (const each of lines) assert.match(each, /^\{"type":/, 'only calve prints');

  const resumed = await startCalve([...line, '--json'], spawned).ended;
  assert.equal(resumed.code, 0, resumed.stderr);
  assert.match(resumed.stderr, /^.*: archived, [^\n]* were there already\n$/, 'only calve prints');
  const { parts, partsReused, type } = onlyObject(resumed);
  assert.deepEqual([type, parts], ['archive', 25]);
  assert.ok(Number(partsReused) >= 6, `${partsReused} parts were reused`);
  assert.deepEqual(readdirSync(join(folder, 'tmp')), [], 'Node leaves no cache');
}

describe('Each supported version of Node', { concurrency: 2 }, () => {
  for (const version of NODE_VERSIONS) {
    test(
      `uploads a file, resumes it after a kill, and prints no warning: ${version}`,
      {
        skip: missingNode(version),
      },
      (t) => uploadKillAndResume(t, version),
    );
  }
});
