/** `resume -`: the bytes of a stream that come once more, for an upload that a killed program left on the service. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { seededBytes } from '../support/bytes.js';
import { assertFailed, assertFailedJson } from '../support/failed.js';
import { oneJson } from '../support/json-shapes.js';
import { isAbort, isCreate, isPart } from '../support/requests.js';
import { pasteIntoShell } from '../support/shell.js';
import { assertArchived, MIB_BYTES, pipeInto, SEED, SMALL_PARTS, spooled } from '../support/streams.js';
import { missingTerminal, runOnTerminal } from '../support/terminal.js';
import { sharedVaults } from '../support/vault-service.js';

describe('a stream that is sent again', { concurrency: 2 }, () => {
  const service = sharedVaults();
  const bytes = seededBytes(5 * MIB_BYTES + 7, SEED);

  test('after kill -9, twice, becomes one archive, and no part that was held goes twice', async (t) => {
    const vault = await service.home(t);
    await vault.killAtPart(['upload', '-', vault.target, ...SMALL_PARTS, '--name', 'db.sql'], 2, bytes);
    const [uploadId = ''] = await vault.openIds();
    assert.deepEqual(await vault.openDescriptions(), ['db.sql']);
    const line = ['resume', '-', vault.target, '--upload-id', uploadId, '--name', 'db.sql'];
    await vault.killAtPart(line, 1, bytes);
    const ended = await pipeInto(vault, [...line, '--json'], bytes);
    const { archiveId, file, partsSent, partsReused, resumed } = oneJson(ended.stdout, 'archive');
    assert.deepEqual([file, partsSent, partsReused, resumed], ['db.sql', 3, 3, true]);
    await assertArchived(vault, { ...ended, stdout: `${archiveId}\n` }, bytes);
    assert.deepEqual(await vault.archiveIds(), [archiveId]);
    assert.deepEqual([await vault.openIds(), await vault.unfinishedIds(), spooled(vault)], [[], [], []]);
    assert.equal(vault.passed().filter(isPart).length, 6);
    assert.equal(vault.passed().filter(isCreate).length, 1);
    writeFileSync(join(vault.folder, 'restored'), bytes);
    const verified = await vault.run(['verify', 'restored', `--archive-id=${archiveId}`]);
    assert.equal(verified.code, 0, verified.stderr);
  });

  test('and stopped, keeps its upload, and prints the line that continues it', async (t) => {
    const vault = await service.home(t);
    writeFileSync(join(vault.folder, 'stream'), bytes);
    await vault.killAtPart(['upload', '-', vault.target, ...SMALL_PARTS], 2, bytes);
    const [uploadId = ''] = await vault.openIds();
    vault.hook({
      before: (passing) => {
        if (!isPart(passing)) return 'pass';
        running.child.kill('SIGTERM');
        return 'hold';
      },
    });
    const running = vault.start(['resume', '-', vault.target, `--upload-id=${uploadId}`], {}, bytes);
    const stopped = await running.ended;
    vault.hook({});
    assert.match(assertFailed(stopped, 143), /SIGTERM; the service keeps 2 parts, 2 MiB$/);
    const [, line = ''] = /^hint: (calve resume - .*)$/m.exec(stopped.stderr) ?? [];
    assert.equal(vault.passed().filter(isAbort).length, 0);
    const done = await pasteIntoShell(`cat stream | ${line}`, vault.folder, vault.env);
    await assertArchived(vault, done, bytes);
    assert.deepEqual(await vault.openIds(), []);
  });

  test('from a command that fails keeps its upload, and one that ends with 0 completes it', async (t) => {
    const vault = await service.home(t);
    writeFileSync(join(vault.folder, 'stream'), bytes);
    await vault.killAtPart(['upload', '-', vault.target, ...SMALL_PARTS], 2, bytes);
    const [uploadId = ''] = await vault.openIds();
    const from = (script: string) =>
      vault.run([
        ...['resume', vault.target, `--upload-id=${uploadId}`, '--json'],
        ...['--from-command', '--', 'sh', '-c', script],
      ]);
    const error = assertFailedJson(await from('cat stream; exit 3'), 13);
    assert.match(String(error['message']), /the command failed, .*: it ended with 3$/);
    assert.match(String(error['hint']), /^check its error messages, then: calve resume - glacier:/);
    assert.equal(error['resumable'], true);
    const done = oneJson((await from('cat stream')).stdout, 'archive');
    assert.deepEqual([done['partsSent'], done['partsReused']], [0, 6]);
    assert.equal(vault.passed().filter(isAbort).length, 0);
  });

  test('with other bytes exits 13, and its upload stays as it is', async (t) => {
    const vault = await service.home(t);
    await vault.killAtPart(['upload', '-', vault.target, ...SMALL_PARTS], 2, bytes);
    const [uploadId = ''] = await vault.openIds();
    const parts = vault.passed().filter(isPart).length;
    const line = ['resume', '-', vault.target, `--upload-id=${uploadId}`];
    const ended = await pipeInto(vault, line, seededBytes(5 * MIB_BYTES, 4));
    assert.match(
      assertFailed(ended, 13),
      /standard input: the upload was not made of this stream, .*: part 0, .* has other bytes$/,
    );
    assert.equal(vault.passed().filter(isPart).length, parts);
    await assertArchived(vault, await pipeInto(vault, line, bytes), bytes);
  });

  test('is refused with 2 where the words do not name its upload, or a file needs no such option', async (t) => {
    const vault = await service.home(t);
    const id = '--upload-id=x';
    const lines: readonly (readonly [words: readonly string[], told: RegExp])[] = [
      [['resume', '-'], /standard input is sent into one upload/],
      [['resume', '-', 'glacier://photos'], /name it with --upload-id/],
      [['resume', '-', 's3://bucket', id], /the exact key/],
      [['resume', '-', 'glacier://photos', id, '--part-size=3M'], /--part-size 3M: a part is a power of two/],
      [['resume', '-', 'glacier://photos', id, '--name='], /--name: it is empty/],
      [['resume', 'f', 'glacier://photos', id, '--name=a'], /--name a: only a stream needs it here/],
      [['resume', 'glacier://photos', id, '--from-command'], /needs a command, after --/],
    ];
    for (const [words, told] of lines)
      assert.match(assertFailed(await pipeInto(vault, words, bytes), 2), told);
    assert.deepEqual(vault.passed(), []);
  });

  test('from a terminal is refused with 2', { skip: missingTerminal() }, async (t) => {
    const { env, folder: cwd } = await service.home(t);
    const { code, shown } = await runOnTerminal(['resume', '-', 'glacier://photos', '--upload-id=x'], {
      env,
      cwd,
    });
    assert.equal(code, 2);
    assert.match(shown, /standard input is a terminal/);
  });
});
