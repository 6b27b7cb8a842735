/** Each command needs the folders that it uses, and no other: it runs where the environment names none. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { describe, test } from 'node:test';
import { type Ended, runCalve } from '../support/calve.js';
import { startEmulatorCommand } from '../support/emulator-command.js';
import { assertFailed } from '../support/failed.js';
import { jsonOf } from '../support/json-shapes.js';
import { type Cleanup, tempFolder } from '../support/temp.js';

const PATH = process.env['PATH'] ?? '';
const ENVIRONMENTS: readonly (readonly [name: string, env: Readonly<Record<string, string>>])[] = [
  ['without HOME', { PATH }],
  ['with an empty HOME, so that there is no home folder at all', { PATH, HOME: '' }],
];

function runner(t: Cleanup, env: Readonly<Record<string, string>>) {
  const folder = tempFolder(t);
  writeFileSync(join(folder, 'f'), 'hello world');
  const run = (...words: readonly string[]): Promise<Ended> => runCalve(words, { env, cwd: folder });
  const succeeds = async (...words: readonly string[]): Promise<string> => {
    const { code, stdout, stderr } = await run(...words);
    assert.deepEqual([code, stderr], [0, ''], words.join(' '));
    return stdout;
  };
  return { folder, run, succeeds };
}

for (const [name, env] of ENVIRONMENTS) {
  describe(`An environment ${name}`, { concurrency: 2 }, () => {
    test('is enough for commands that need no folder', async (t) => {
      const { folder, succeeds } = runner(t, env);
      assert.match(await succeeds('--help'), /^Usage: calve /);
      assert.match(await succeeds('upload', '--help'), /^Usage: calve upload /);
      assert.match(await succeeds('hash', 'f'), /^[0-9a-f]{64} {2}f\n$/);
      assert.match(await succeeds('completion', 'bash'), /complete -F _calve calve/);
      for (const target of ['local://v', 'glacier://v', 's3://bucket/key']) {
        assert.match(await succeeds('upload', '--dry-run', 'f', target), / in one part, 3 requests\b/);
      }
      assert.deepEqual(readdirSync(folder), ['f']);
    });

    test('is enough for the emulator', async (t) => {
      const folder = tempFolder(t);
      const emulator = await startEmulatorCommand(t, [], { env, cwd: folder });
      assert.equal((await emulator.stop('SIGTERM')).code, 0);
    });

    test('is enough for each command with the folders that it uses', async (t) => {
      const { run, succeeds } = runner(t, env);
      assert.match(await succeeds('status', '--state-dir=state'), /^file\ttarget\t/);
      assert.match(await succeeds('archives', '--catalogue=catalogue'), /^archivedAt\t/);
      assertFailed(await run('verify', 'f', '--catalogue=catalogue'), 10);
      const folders = ['--state-dir=state', '--catalogue=catalogue', '--local-dir=vaults'];
      const sent = await run('upload', 'f', 'local://v', ...folders, '--json');
      assert.equal(sent.code, 0, sent.stderr);
      assert.match(await succeeds('verify', 'f', '--catalogue=catalogue'), /\/f: OK\n$/);
      const parts = await run('list-parts', 'local://v', '--upload-id=unknown', '--local-dir=vaults');
      assert.match(assertFailed(parts, 10), /unknown/);
      await succeeds('list-uploads', 'local://v', '--state-dir=state', '--local-dir=vaults');
      assert.equal(
        jsonOf(await succeeds('archives', '--catalogue=catalogue', '--json'), 'catalogued').length,
        1,
      );
    });
  });
}

test('A command whose folder nothing names exits 2 and names the option that does', async (t) => {
  const { folder, run } = runner(t, { PATH, HOME: '' });
  const rows: [words: string[], line: string, option: string][] = [
    [['status'], 'the state folder: neither HOME nor XDG_STATE_HOME is set', '--state-dir'],
    [['archives'], 'the catalogue: neither HOME nor XDG_DATA_HOME is set', '--catalogue'],
    [['verify', 'f'], 'the catalogue: neither HOME nor XDG_DATA_HOME is set', '--catalogue'],
    [
      ['upload', 'f', 'local://v', '--state-dir=s', '--catalogue=c'],
      'the folder of local:// vaults: neither HOME nor XDG_DATA_HOME is set',
      '--local-dir',
    ],
  ];
  for (const [words, line, option] of rows) {
    const ended = await run(...words);
    assert.equal(assertFailed(ended, 2), `calve: ${line}`);
    assert.match(ended.stderr, new RegExp(`^hint: name the folder with ${option}$`, 'm'));
  }
  assert.equal(existsSync(join(folder, 's')), false);
});

test('Every command about uploads or archives accepts both folders, and looks only at those that it uses', async (t) => {
  const { folder, succeeds } = runner(t, { PATH, HOME: '' });
  const unused = join(folder, 'f', 'a file is no folder');
  await succeeds('status', '--state-dir=state', `--catalogue=${unused}`);
  await succeeds('archives', '--catalogue=catalogue', `--state-dir=${unused}`);
  const both = ['--state-dir=state', '--catalogue=catalogue', '--local-dir=vaults'];
  await succeeds('upload', 'f', 'local://v', '--quiet', ...both);
  await succeeds('verify', 'f', '--catalogue=catalogue', `--state-dir=${unused}`);
  const local = ['local://v', '--local-dir=vaults'];
  await succeeds('list-uploads', ...local, '--state-dir=state', `--catalogue=${unused}`);
});

test('An option that a command does not have is a usage error, and its variable is not read', async (t) => {
  const { run, succeeds } = runner(t, { PATH, HOME: '', CALVE_STATE_DIR: '', CALVE_CATALOGUE: '' });
  assert.match(assertFailed(await run('hash', 'f', '--state-dir=s'), 2), /unknown option '--state-dir=s'/);
  await succeeds('hash', 'f');
});
