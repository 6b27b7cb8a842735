/** Streams that are stopped by a signal, by a refusal, or by another program. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { describe, test } from 'node:test';
import { seededBytes } from '../support/bytes.js';
import { type Ended, jsonLines, type Running } from '../support/calve.js';
import { assertFailed } from '../support/failed.js';
import { isAbort, isPart, type Passing, rangeOf } from '../support/requests.js';
import { pasteIntoShell } from '../support/shell.js';
import { assertNothingLeft, FEED, MIB_BYTES, SEED, SMALL_PARTS } from '../support/streams.js';
import type { VaultHome } from '../support/vault-home.js';
import { openVault, sharedVaults } from '../support/vault-service.js';

/** Starts an upload from a command that does not end. */
function startFed(vault: VaultHome): Running {
  return vault.start(['upload', vault.target, ...SMALL_PARTS, '--from-command', '--', ...FEED]);
}

/** Acts as soon as three parts have arrived. */
function whenFed(vault: VaultHome, act: () => void): void {
  let seen = 0;
  vault.hook({
    after: (passing) => {
      if (isPart(passing) && ++seen === 3) setImmediate(act);
      return 'pass';
    },
  });
}

function isThirdPart(passing: Passing): boolean {
  return isPart(passing) && rangeOf(passing)?.startsWith('bytes 2097152-') === true;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

async function untilGone(pid: number): Promise<void> {
  while (isAlive(pid)) await new Promise((resolve) => setTimeout(resolve, 10));
}

function readPid(vault: VaultHome): number {
  return Number(readFileSync(join(vault.folder, 'pid'), 'utf8'));
}

describe('a stream that is stopped', { concurrency: 3 }, () => {
  const service = sharedVaults();

  for (const [signal, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const) {
    test(`by ${signal} drops its upload, ends its command, and exits with ${code}`, async (t) => {
      const vault = await service.home(t);
      whenFed(vault, () => running.child.kill(signal));
      const running = startFed(vault);
      const ended = await running.ended;
      assert.match(assertFailed(ended, code), new RegExp(signal));
      assert.doesNotMatch(ended.stderr, /calve resume (?!- )/);
      assert.equal(vault.passed().filter(isAbort).length > 0, true);
      await assertNothingLeft(vault);
    });
  }

  for (const [why, fault, code] of [
    ['refused by the service', 'denied@upload-part:#2', 12],
    ['stopped', 'denied@upload-part:#99', 143],
  ] as const) {
    test(`though something that its command started still holds the pipe, when it is ${why}`, async (t) => {
      const vault = await openVault(t, { faults: [fault] });
      if (why === 'stopped') whenFed(vault, () => running.child.kill('SIGTERM'));
      const line = 'head -c 3145735 /dev/zero; sleep 300 2>/dev/null & echo $! > pid; exit 0';
      const words = ['upload', vault.target, ...SMALL_PARTS, '--from-command', '--', 'sh', '-c', line];
      const running: Running = vault.start(words);
      const ended = await running.ended;
      process.kill(readPid(vault), 'SIGKILL');
      assertFailed(ended, code);
      await assertNothingLeft(vault);
    });
  }

  for (const times of [1, 2]) {
    test(`${times === 1 ? 'and cannot be dropped' : 'twice'} says how to drop it, with --quiet too`, async (t) => {
      const vault = await openVault(t, { faults: ['hang@abort:1'] });
      const stubborn = [
        "process.on('SIGTERM', () => {})",
        "process.stdout.on('error', () => {})",
        "fs.writeFileSync('pid', String(process.pid))",
        'process.stdout.write(Buffer.alloc(3145735))',
        'setInterval(() => {}, 1e6)',
      ].join('; ');
      whenFed(vault, () => {
        running.child.kill('SIGTERM');
        // While the upload is being aborted, which the service does not answer.
        if (times === 2) setTimeout(() => running.child.kill('SIGTERM'), 300);
      });
      const command = ['--from-command', '--', process.execPath, '-e', stubborn];
      const running: Running = vault.start(['upload', vault.target, ...SMALL_PARTS, '--quiet', ...command]);
      const ended = await running.ended;
      assertFailed(ended, 143);
      const told =
        /on the service; send the same bytes again with: (calve resume - .*), or abort it with: (calve abort .*)$/m;
      const [, , line = ''] = told.exec(ended.stderr) ?? [];
      assert.notEqual(line, '', ended.stderr);
      await untilGone(readPid(vault));
      // If the run ended before it could abort, this line meets the fault.
      const dropped = await pasteIntoShell(line, vault.folder, { ...vault.env, CALVE_READ_TIMEOUT: '2s' });
      assert.equal(dropped.code, 0, dropped.stderr);
      await assertNothingLeft(vault);
    });
  }

  test('by SIGKILL leaves an upload on the service, which abort drops, and nothing here', async (t) => {
    const vault = await service.home(t);
    vault.hook({
      before: (passing) => {
        if (!isThirdPart(passing)) return 'pass';
        running.child.kill('SIGKILL');
        return 'hold';
      },
    });
    const input = seededBytes(3 * MIB_BYTES, SEED);
    const running: Running = vault.start(['upload', '-', vault.target, ...SMALL_PARTS], {}, input);
    assert.equal((await running.ended).signal, 'SIGKILL');
    assert.deepEqual(await vault.unfinishedIds(), []);
    assert.deepEqual(await vault.openDescriptions(), ['standard input']);
    assert.equal((await vault.run(['abort', vault.target, '--all', '--yes'])).code, 0);
    await assertNothingLeft(vault);
  });

  test('is busy for others while it runs: abort ends in 11, resume has nothing to do', async (t) => {
    const vault = await service.home(t);
    const others: Promise<Ended[]>[] = [];
    const look = async (): Promise<Ended[]> => {
      const [upload] = jsonLines((await vault.run(['list-uploads', vault.target, '--json'])).stdout);
      const both = await Promise.all([
        vault.run(['abort', vault.target, `--upload-id=${upload?.['uploadId']}`]),
        vault.run(['resume']),
      ]);
      running.child.kill('SIGTERM');
      return both;
    };
    whenFed(vault, () => others.push(look()));
    const running = startFed(vault);
    await running.ended;
    const [[abort, resume] = []] = await Promise.all(others);
    assertFailed(abort as Ended, 11);
    assert.deepEqual([resume?.code, resume?.stdout], [0, '']);
  });

  test('by somebody who aborts its upload on the service ends in 16', async (t) => {
    const vault = await service.home(t);
    const gone = { status: 404, code: 'ResourceNotFoundException', message: 'no such upload' };
    vault.hook({ before: (passing) => (isThirdPart(passing) ? gone : 'pass') });
    const ended = await startFed(vault).ended;
    assert.match(assertFailed(ended, 16), /another program aborted or completed it/);
    await assertNothingLeft(vault);
  });
});
