/** Each command needs the folders that it uses, and no other: it runs where the environment names none. */
import assert from 'node:assert/strict';
import { chownSync, existsSync, mkdirSync, readdirSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { describe, test } from 'node:test';
import { openStateStore } from '../../src/state/state-store.js';
import { sampleHead, sampleIdentity } from '../state/samples.js';
import { type Ended, runCalve } from '../support/calve.js';
import { startEmulatorCommand } from '../support/emulator-command.js';
import { assertFailed, assertWords } from '../support/failed.js';
import { jsonOf } from '../support/json-shapes.js';
import { pasteIntoShell } from '../support/shell.js';
import { type Cleanup, tempFolder } from '../support/temp.js';
import { sharedVaults } from '../support/vault-service.js';

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
        const requests = target.startsWith('s3:') ? '1 request' : '3 requests';
        const plan = await succeeds('upload', '--dry-run', 'f', target);
        assert.match(plan, new RegExp(` in one part, ${requests}\\b`));
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
      const used = ['local://v', '--state-dir=state', '--local-dir=vaults'];
      await succeeds('list-uploads', ...used);
      // The catalogue would only say when the upload was completed.
      assert.match(assertFailed(await run('abort', ...used, '--upload-id=unknown'), 10), /no such upload/);
      const resumed = await run('resume', '--state-dir=state');
      assert.equal(resumed.code, 0, resumed.stderr);
      assert.match(resumed.stderr, /there is no unfinished upload to resume/);
      assert.equal(
        jsonOf(await succeeds('archives', '--catalogue=catalogue', '--json'), 'archive').length,
        1,
      );
    });
  });
}

test('A command whose folder nothing names exits 13 and names the options that do', async (t) => {
  const { folder, run } = runner(t, { PATH, HOME: '' });
  const why = 'this user has no home folder for it: neither HOME nor';
  const rows: [words: string[], line: string][] = [
    [['status'], `~/.local/state/calve: ${why} XDG_STATE_HOME names a folder`],
    [['archives'], `~/.local/share/calve/archives: ${why} XDG_DATA_HOME names a folder`],
    [['verify', 'f'], `~/.local/share/calve/archives: ${why} XDG_DATA_HOME names a folder`],
    [
      ['upload', 'f', 'local://v', '--state-dir=s', '--catalogue=c'],
      `~/.local/share/calve/vaults: ${why} XDG_DATA_HOME names a folder`,
    ],
  ];
  for (const [words, line] of rows) {
    const ended = await run(...words);
    assert.equal(assertFailed(ended, 13), `calve: ${line}`);
    assert.match(ended.stderr, /^hint: .*--state-dir and --catalogue .*--local-dir/m);
  }
  assert.equal(existsSync(join(folder, 's')), false);
});

describe('Without a home folder', { concurrency: 2 }, () => {
  const service = sharedVaults();

  test('an upload to a service needs only both folders, and no settings of the working folder are read', async (t) => {
    const home = await service.home(t);
    mkdirSync(join(home.folder, '.aws'));
    writeFileSync(join(home.folder, '.aws/config'), '[default]\nregion = eu-west-3\n');
    const words = ['upload', home.file('f', 9), home.target, '--state-dir=s', '--catalogue=c'];
    const sent = await home.run([...words, '--quiet'], { HOME: '' });
    assert.deepEqual([sent.code, sent.stderr], [0, '']);
    const nowhere = await home.run(words, { HOME: '', AWS_REGION: '' });
    assert.match(assertFailed(nowhere, 2), /: no region is named$/);
  });

  test('a user whom the system does not know can use every command that has its folders', async (t) => {
    const uid = 54_321;
    const home = await service.home(t);
    const folder = await strangersFolder(t, uid);
    if (folder === null) return t.skip('only the superuser can become a user who can read this program');
    const { HOME: _, TMPDIR: __, ...env } = home.env;
    const run = (...words: readonly string[]) => runCalve(words, { env, cwd: folder, uid });
    assert.equal((await run('hash', 'f')).code, 0);
    assert.match(assertFailed(await run('status'), 13), /^calve: ~\/.local\/state\/calve: /);
    const folders = ['--state-dir=s', '--catalogue=c'];
    const sent = await run('upload', 'f', home.target, '--quiet', ...folders);
    assert.deepEqual([sent.code, sent.stderr], [0, '']);
  });
});

/** Returns a folder with a file that belong to a user; null if this process cannot act for that user. */
async function strangersFolder(t: Cleanup, uid: number): Promise<string | null> {
  if (process.geteuid?.() !== 0) return null;
  // The tests' own folder is closed to other users.
  const folder = tempFolder(t, '/tmp');
  writeFileSync(join(folder, 'f'), 'hello world');
  for (const path of [folder, join(folder, 'f')]) chownSync(path, uid, uid);
  const { code } = await runCalve(['--version'], { env: { PATH }, cwd: folder, uid });
  return code === 0 ? folder : null;
}

test('In a working folder that was deleted, whole paths still lead to files, and others are refused with 13', async (t) => {
  const { folder, run } = runner(t, { PATH, HOME: '/' });
  const file = join(folder, 'f');
  // Large enough for hashing threads, which need a working folder of their own.
  truncateSync(file, 24 * 1024 * 1024);
  const inGone = async (line: string): Promise<Ended> => {
    const whole = `mkdir gone && cd gone && rmdir ../gone && calve ${line}`;
    const ended = await pasteIntoShell(whole, folder, { PATH, HOME: folder });
    // The shell itself complains, too.
    return { ...ended, stderr: ended.stderr.replaceAll(/^sh: .*\n/gm, '') };
  };
  const hashed = await inGone(`hash ${file}`);
  assert.deepEqual([hashed.code, hashed.stdout], [0, (await run('hash', file)).stdout], hashed.stderr);
  const both = await inGone(`hash f ${file}`);
  assert.deepEqual([both.code, both.stdout], [13, hashed.stdout]);
  assert.match(
    assertWords(both.stderr),
    /^calve: f: it starts from the working folder, and somebody deleted/,
  );
  assert.match(
    assertFailed(await inGone('status --state-dir=s'), 13),
    /^calve: s: it starts from the working/,
  );
  const command = await inGone('upload local://v --from-command -- tar -c f');
  assert.match(assertFailed(command, 13), /: it starts from the working folder/);
});

test('Every command about uploads or archives accepts both folders, and looks only at those that it uses', async (t) => {
  const { folder, run, succeeds } = runner(t, { PATH, HOME: '' });
  const unused = join(folder, 'f', 'a file is no folder');
  await succeeds('status', '--state-dir=state', `--catalogue=${unused}`);
  await succeeds('archives', '--catalogue=catalogue', `--state-dir=${unused}`);
  const both = ['--state-dir=state', '--catalogue=catalogue', '--local-dir=vaults'];
  await succeeds('upload', 'f', 'local://v', '--quiet', ...both);
  await succeeds('verify', 'f', '--catalogue=catalogue', `--state-dir=${unused}`);
  const local = ['local://v', '--local-dir=vaults'];
  await succeeds('list-uploads', ...local, '--state-dir=state', `--catalogue=${unused}`);
  // The journal of an upload to a local vault has its data folder.
  const { source } = sampleIdentity('/no/such/file');
  const place = { url: 'local://v', region: 'us-east-1', account: '111122223333' };
  const identity = { source, target: { ...place, endpoint: join(folder, 'vaults') } };
  const state = openStateStore(join(folder, 'state'));
  await (await state.create(sampleHead({ uploadId: 'up', identity }))).close();
  const resumed = await run('resume', 'up', '--state-dir=state', '--catalogue=catalogue');
  assert.match(assertFailed(resumed, 13), /\/no\/such\/file: there is no such file/);
});

test('An option that a command does not have is a usage error, and its variable is not read', async (t) => {
  const { run, succeeds } = runner(t, { PATH, HOME: '', CALVE_STATE_DIR: '', CALVE_CATALOGUE: '' });
  assert.match(assertFailed(await run('hash', 'f', '--state-dir=s'), 2), /unknown option '--state-dir=s'/);
  await succeeds('hash', 'f');
});
