/** `upload --from-command`: the bytes that a command prints, by the built program. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { describe, test } from 'node:test';
import { seededBytes } from '../support/bytes.js';
import { assertFailed, assertFailedJson } from '../support/failed.js';
import { isCreate } from '../support/requests.js';
import { pasteIntoShell } from '../support/shell.js';
import {
  assertArchived,
  assertNothingLeft,
  MIB_BYTES,
  pipeInto,
  SEED,
  SMALL_PARTS,
} from '../support/streams.js';
import { sharedVaults } from '../support/vault-service.js';

describe('--from-command', { concurrency: 2 }, () => {
  const service = sharedVaults();

  test('sends what a command prints, without a shell between', async (t) => {
    const vault = await service.home(t);
    const bytes = seededBytes(2 * MIB_BYTES + 3, SEED);
    writeFileSync(join(vault.folder, '$a *'), bytes);
    const ended = await vault.run([
      'upload',
      vault.target,
      ...SMALL_PARTS,
      '--from-command',
      '--',
      'cat',
      '$a *',
    ]);
    await assertArchived(vault, ended, bytes);
  });

  test('loses nothing of a command that prints a word and is gone', async (t) => {
    const vault = await service.home(t);
    const ended = await vault.run(['upload', vault.target, '--from-command', '--', 'echo', 'a word']);
    await assertArchived(vault, ended, Buffer.from('a word\n'));
  });

  test('gives the command standard input, and lets it speak on stderr', async (t) => {
    const vault = await service.home(t);
    const script = 'process.stdin.pipe(process.stdout); console.error("it speaks")';
    const words = ['upload', vault.target, '--from-command', '--', process.execPath, '-e', script];
    const ended = await pipeInto(vault, words, Buffer.from('through a filter'));
    await assertArchived(vault, ended, Buffer.from('through a filter'));
    assert.match(ended.stderr, /^it speaks$/m);
  });

  const killsItself = 'process.on("exit", () => process.kill(process.pid, "SIGKILL"))';
  const ends: readonly [sizeBytes: number, script: string, told: RegExp][] = [
    [10, 'process.exitCode = 3', /it ended with 3/],
    [3 * MIB_BYTES, 'process.exitCode = 3', /it ended with 3/],
    [3 * MIB_BYTES + 7, killsItself, /it was ended by SIGKILL/],
  ];
  for (const [sizeBytes, script, told] of ends) {
    test(`of ${sizeBytes} bytes by a command of which ${told.source}: exit 13, no archive, nothing left`, async (t) => {
      const vault = await service.home(t);
      const prints = `process.stdout.write(Buffer.alloc(${sizeBytes}), () => { ${script} })`;
      const command = ['--from-command', '--', process.execPath, '-e', prints];
      const error = assertFailedJson(
        await vault.run(['upload', vault.target, ...SMALL_PARTS, '--json', ...command]),
        13,
      );
      assert.match(String(error['message']), told);
      assert.equal(error['resumable'], false);
      await assertNothingLeft(vault);
    });
  }

  test('of a command that does not exist exits 13, and creates no upload', async (t) => {
    const vault = await service.home(t);
    const ended = await vault.run(['upload', vault.target, '--from-command', '--', './no-such-command']);
    assert.match(assertFailed(ended, 13), /no-such-command: the command could not be started: .*ENOENT/);
    for (const [command, told] of [
      ['/etc/passwd/x', /^calve: \/etc\/passwd\/x: the command could not be started: .*ENOTDIR/],
      ['tar -c . | cat', /the command could not be started/],
    ] as const) {
      const other = await vault.run(['upload', vault.target, '--from-command', '--', command]);
      assert.match(assertFailed(other, 13), told);
    }
    await assertNothingLeft(vault);
  });

  test('of a command without -- before it is refused: its options would be taken for ours', async (t) => {
    const vault = await service.home(t);
    for (const words of [
      ['echo', 'hi', '--quiet'],
      ['tar', '-c', '.'],
      ['--', ''],
    ]) {
      const ended = await vault.run(['upload', vault.target, '--from-command', ...words]);
      assertFailed(ended, 2);
      assert.match(ended.stderr, /^hint: .*--from-command -- tar -c photos$/m);
    }
    await assertNothingLeft(vault);
  });

  test('with an unusable state folder exits 13 before it creates an upload', async (t) => {
    const vault = await service.home(t);
    writeFileSync(join(vault.folder, 'file'), '');
    const words = ['upload', vault.target, '--state-dir=file', '--from-command', '--', 'echo', 'x'];
    assertFailed(await vault.run(words), 13);
    assert.equal(vault.passed().filter(isCreate).length, 0);
    await assertNothingLeft(vault);
  });

  test('of a folder is refused: Node would read it as if it were empty', async (t) => {
    const vault = await service.home(t);
    const ended = await pasteIntoShell(`calve upload - ${vault.target} < .`, vault.folder, vault.env);
    assert.match(assertFailed(ended, 13), /^calve: standard input: it is a folder/);
    await assertNothingLeft(vault);
  });
});
