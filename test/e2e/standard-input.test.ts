/** `upload -` and `--from-command`: bytes that come once, by the built program. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { describe, type TestContext, test } from 'node:test';
import { AbortMultipartUploadCommand, UploadMultipartPartCommand } from '@aws-sdk/client-glacier';
import { seededBytes } from '../support/bytes.js';
import { type Ended, jsonLines, type Running, runCalve, startCalve } from '../support/calve.js';
import { type CrashAt, crashEnv } from '../support/crash-at.js';
import { assertFailed, assertFailedJson } from '../support/failed.js';
import { startFront } from '../support/front.js';
import { jsonOf, oneJson } from '../support/json-shapes.js';
import { isAbort, isComplete, isCreate, isPart, type Passing, rangeOf } from '../support/requests.js';
import { pasteIntoShell } from '../support/shell.js';
import { missingTerminal, runOnTerminal } from '../support/terminal.js';
import type { VaultHome } from '../support/vault-home.js';
import { openVault, TARGET, VAULT } from '../support/vault-service.js';

const MIB_BYTES = 1024 * 1024;
const SEED = 20261121;
const SMALL_PARTS = ['--part-size', '1M'];

function pipeInto(vault: VaultHome, words: readonly string[], input: Buffer): Promise<Ended> {
  return runCalve(words, { env: vault.env, cwd: vault.folder, input });
}

/** The one archive of the vault is these bytes, under the id that was printed. */
async function assertArchived(vault: VaultHome, ended: Ended, bytes: Buffer): Promise<string> {
  assert.equal(ended.code, 0, ended.stderr);
  const archiveId = ended.stdout.trimEnd();
  assert.ok(bytes.equals(await vault.readBack(archiveId)), 'the archive has other bytes');
  return archiveId;
}

/** A stream that came to nothing leaves nothing: no archive, no upload, no journal, no file. */
async function assertNothingLeft(vault: VaultHome): Promise<void> {
  assert.deepEqual(await vault.openDescriptions(), []);
  assert.equal((await vault.run(['status', '--json'])).stdout, '');
  assert.equal((await vault.run(['archives', '--json'])).stdout, '');
  assert.deepEqual(spooled(vault), []);
}

function spooled(vault: VaultHome): string[] {
  return readdirSync(String(vault.env['TMPDIR'])).filter((name) => name.includes('spool'));
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 10));
}

/** Writes 3 MiB and a bit, and then nothing until it is ended. */
const FEED = [
  process.execPath,
  '-e',
  'process.stdout.write(Buffer.alloc(3145735, 7)); setInterval(() => {}, 1e6)',
];

/** A stream that is not ended. */
function startFed(vault: VaultHome, words: readonly string[], more: Record<string, string> = {}): Running {
  return vault.start(['upload', TARGET, ...words, '--from-command', '--', ...FEED], more);
}

describe('a stream', () => {
  const sizes = {
    'less than a part': 5,
    'parts and nothing over': 3 * MIB_BYTES,
    'parts and a rest': 3 * MIB_BYTES + 7,
  };
  for (const [name, sizeBytes] of Object.entries(sizes)) {
    test(`of ${name} becomes one archive of its bytes`, async (t) => {
      const vault = await openVault(t);
      const bytes = seededBytes(sizeBytes, SEED);
      const ended = await pipeInto(vault, ['upload', '-', TARGET, ...SMALL_PARTS], bytes);
      const archiveId = await assertArchived(vault, ended, bytes);
      const [entry] = jsonOf((await vault.run(['archives', '--json'])).stdout, 'catalogued');
      const { file, description, size, parts } = entry ?? {};
      assert.deepEqual([entry?.['archiveId'], file, description], [archiveId, '-', 'standard input']);
      assert.deepEqual([size, parts], [sizeBytes, Math.ceil(sizeBytes / MIB_BYTES)]);
      assert.equal((await vault.run(['status', '--json'])).stdout, '');
    });
  }

  test('is sent anew each time: the same bytes twice are two archives', async (t) => {
    const vault = await openVault(t);
    const send = () => pipeInto(vault, ['upload', '-', TARGET, '--json'], Buffer.from('hello'));
    const [one, two] = await Promise.all([send(), send()]);
    const ids = [one, two].map(({ stdout }) => oneJson(stdout, 'archive')['archiveId']);
    assert.equal(new Set(ids).size, 2);
    assert.deepEqual(new Set((await vault.archives()).map(({ archiveId }) => archiveId)), new Set(ids));
  });

  test('goes with files of the same run, and keeps its place among them', async (t) => {
    const vault = await openVault(t);
    writeFileSync(join(vault.folder, 'a'), 'of a file');
    const ended = await pipeInto(vault, ['upload', 'a', '-', TARGET, '--json'], Buffer.from('of a pipe'));
    const files = jsonOf(ended.stdout, 'archive').map(({ file, size }) => [file, size]);
    assert.deepEqual(files, [
      [join(vault.folder, 'a'), 9],
      ['-', 9],
    ]);
  });

  test('of nothing ends in 13, and nothing is begun', async (t) => {
    const vault = await openVault(t);
    const front = await startFront(t, vault.emulator.url);
    const env = { ...vault.env, AWS_ENDPOINT_URL_GLACIER: front.url };
    const ended = await runCalve(['upload', '-', TARGET], { env, input: '' });
    assert.match(assertFailed(ended, 13), /standard input: .* empty/);
    assert.equal(front.passed.filter(isCreate).length, 0);
  });

  test('of parts above 64 MiB waits in files without a name, and arrives whole', async (t) => {
    const vault = await openVault(t);
    const bytes = seededBytes(65 * MIB_BYTES, SEED);
    const ended = await pipeInto(vault, ['upload', '-', TARGET, '--part-size', '128M', '--json'], bytes);
    const { parts, treeHash } = oneJson(ended.stdout, 'archive');
    const hashed = await pipeInto(vault, ['hash', '-'], bytes);
    assert.deepEqual([parts, `${treeHash}  -\n`], [1, hashed.stdout]);
    assert.deepEqual(spooled(vault), []);
  });

  test('of parts that the service damages or refuses at first arrives whole', async (t) => {
    const faults = [
      'wrong-hash@upload-part:2',
      'throttle@upload-part:3',
      'reset@upload-part:5',
      'lost-answer@complete:1',
    ];
    const vault = await openVault(t, { faults });
    const bytes = seededBytes(4 * MIB_BYTES + 1, SEED);
    await assertArchived(vault, await pipeInto(vault, ['upload', '-', TARGET, ...SMALL_PARTS], bytes), bytes);
  });

  test('tells its progress without a whole that nobody knows', async (t) => {
    const vault = await openVault(t);
    const words = ['upload', '-', TARGET, ...SMALL_PARTS, '--progress', 'json'];
    const { stderr } = await pipeInto(vault, words, seededBytes(2 * MIB_BYTES, SEED));
    const events = jsonLines(stderr);
    const begun = events.find(({ type }) => type === 'begun') as { plan: object; file: string };
    assert.deepEqual(begun.plan, { sizeBytes: null, partSizeBytes: MIB_BYTES, partCount: null });
    assert.equal(begun.file, '-');
    const plain = await pipeInto(
      vault,
      ['upload', '-', TARGET, ...SMALL_PARTS],
      seededBytes(2 * MIB_BYTES, 2),
    );
    assert.match(plain.stderr, /^standard input: archived, 2 MiB in /m);
  });
});

describe('--expected-size', () => {
  test('chooses the parts that the foretold size needs, and 64 MiB without it', async (t) => {
    const vault = await openVault(t);
    const plan = async (more: readonly string[]) => {
      const { stdout } = await pipeInto(
        vault,
        ['upload', '-', TARGET, '--dry-run', '--json', ...more],
        Buffer.alloc(0),
      );
      const { size, partSize, parts, requests } = oneJson(stdout, 'plan');
      return [size, partSize, parts, requests];
    };
    assert.deepEqual(await plan([]), [null, 64 * MIB_BYTES, null, null]);
    assert.deepEqual(await plan(['--expected-size', '1G']), [1024 * MIB_BYTES, 16 * MIB_BYTES, 64, 66]);
    assert.deepEqual(await plan(['--expected-size', '1T']), [1024 ** 4, 128 * MIB_BYTES, 8192, 8194]);
  });

  test('of a stream that ends before it: exit 13, no archive, nothing left', async (t) => {
    const vault = await openVault(t);
    for (const size of ['4M', '100']) {
      const words = ['upload', '-', TARGET, ...SMALL_PARTS, '--expected-size', size];
      const input = size === '100' ? Buffer.alloc(99) : Buffer.alloc(3 * MIB_BYTES);
      assert.match(
        assertFailed(await pipeInto(vault, words, input), 13),
        /shorter than --expected-size.*: \d+ of \d+ bytes/,
      );
    }
    await assertNothingLeft(vault);
  });

  test('of a stream that is as long, or longer, is no bound', async (t) => {
    const vault = await openVault(t);
    for (const size of ['3M', '1M']) {
      const bytes = seededBytes(3 * MIB_BYTES, SEED);
      const words = ['upload', '-', TARGET, ...SMALL_PARTS, '--expected-size', size];
      await assertArchived(vault, await pipeInto(vault, words, bytes), bytes);
    }
  });

  test('beyond what the parts can carry is refused before anything is read', async (t) => {
    const vault = await openVault(t);
    const words = ['upload', '-', TARGET, ...SMALL_PARTS, '--expected-size', '1T'];
    assertFailed(await pipeInto(vault, words, Buffer.from('x')), 15);
    writeFileSync(join(vault.folder, 'a'), 'x');
    assertFailed(await vault.run(['upload', 'a', TARGET, '--expected-size', '1M']), 2);
  });
});

describe('--from-command', () => {
  test('sends what a command prints, without a shell between', async (t) => {
    const vault = await openVault(t);
    const bytes = seededBytes(2 * MIB_BYTES + 3, SEED);
    writeFileSync(join(vault.folder, '$a *'), bytes);
    const ended = await vault.run(['upload', TARGET, ...SMALL_PARTS, '--from-command', '--', 'cat', '$a *']);
    await assertArchived(vault, ended, bytes);
  });

  test('loses nothing of a command that prints a word and is gone', async (t) => {
    const vault = await openVault(t);
    const ended = await vault.run(['upload', TARGET, '--from-command', '--', 'echo', 'a word']);
    await assertArchived(vault, ended, Buffer.from('a word\n'));
  });

  test('gives the command standard input, and lets it speak on stderr', async (t) => {
    const vault = await openVault(t);
    const script = 'process.stdin.pipe(process.stdout); console.error("it speaks")';
    const words = ['upload', TARGET, '--from-command', '--', process.execPath, '-e', script];
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
      const vault = await openVault(t);
      const prints = `process.stdout.write(Buffer.alloc(${sizeBytes}), () => { ${script} })`;
      const command = ['--from-command', '--', process.execPath, '-e', prints];
      const error = assertFailedJson(
        await vault.run(['upload', TARGET, ...SMALL_PARTS, '--json', ...command]),
        13,
      );
      assert.match(String(error['message']), told);
      assert.equal(error['resumable'], false);
      await assertNothingLeft(vault);
    });
  }

  test('of a command that is not there: exit 13, nothing begun', async (t) => {
    const vault = await openVault(t);
    const ended = await vault.run(['upload', TARGET, '--from-command', '--', './no-such-command']);
    assert.match(assertFailed(ended, 13), /no-such-command: the command could not be started: .*ENOENT/);
    for (const [command, told] of [
      ['/etc/passwd/x', /^calve: \/etc\/passwd\/x: the command could not be started: .*ENOTDIR/],
      ['tar -c . | cat', /the command could not be started/],
    ] as const) {
      const other = await vault.run(['upload', TARGET, '--from-command', '--', command]);
      assert.match(assertFailed(other, 13), told);
    }
    await assertNothingLeft(vault);
  });

  test('of a command without -- before it is refused: its options would be taken for ours', async (t) => {
    const vault = await openVault(t);
    for (const words of [
      ['echo', 'hi', '--quiet'],
      ['tar', '-c', '.'],
      ['--', ''],
    ]) {
      const ended = await vault.run(['upload', TARGET, '--from-command', ...words]);
      assertFailed(ended, 2);
      assert.match(ended.stderr, /^hint: .*--from-command -- tar -c photos$/m);
    }
    await assertNothingLeft(vault);
  });

  test('where the state folder cannot be used ends in 13 before anything is begun', async (t) => {
    const vault = await openVault(t);
    writeFileSync(join(vault.folder, 'file'), '');
    const front = await startFront(t, vault.emulator.url);
    const words = ['upload', TARGET, '--state-dir=file', '--from-command', '--', 'echo', 'x'];
    assertFailed(await vault.run(words, { AWS_ENDPOINT_URL_GLACIER: front.url }), 13);
    assert.equal(front.passed.filter(isCreate).length, 0);
    await assertNothingLeft(vault);
  });

  test('of a folder is refused: Node would read it as if it were empty', async (t) => {
    const vault = await openVault(t);
    const ended = await pasteIntoShell(`calve upload - ${TARGET} < .`, vault.folder, vault.env);
    assert.match(assertFailed(ended, 13), /^calve: standard input: it is a folder/);
    await assertNothingLeft(vault);
  });
});

describe('a stream that is stopped', () => {
  /** As soon as so many parts have arrived. */
  async function fedFront(t: TestContext, vault: VaultHome, parts: number, act: () => void) {
    let seen = 0;
    const front = await startFront(t, vault.emulator.url, {
      after: (passing) => {
        if (isPart(passing)) seen += 1;
        if (isPart(passing) && seen === parts) setImmediate(act);
        return 'pass';
      },
    });
    return { front, env: { AWS_ENDPOINT_URL_GLACIER: front.url } };
  }

  for (const [signal, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const) {
    test(`by ${signal} drops its upload, ends its command, and exits with ${code}`, async (t) => {
      const vault = await openVault(t);
      const { front, env } = await fedFront(t, vault, 3, () => running.child.kill(signal));
      const running: Running = startFed(vault, SMALL_PARTS, env);
      const ended = await running.ended;
      assert.match(assertFailed(ended, code), new RegExp(signal));
      assert.doesNotMatch(ended.stderr, /calve resume/);
      assert.equal(front.passed.filter(isAbort).length > 0, true);
      await assertNothingLeft(vault);
    });
  }

  for (const [why, fault, code] of [
    ['refused by the service', 'denied@upload-part:#2', 12],
    ['stopped', 'denied@upload-part:#99', 143],
  ] as const) {
    test(`though something that its command started still holds the pipe, when it is ${why}`, async (t) => {
      const vault = await openVault(t, { faults: [fault] });
      const { env } = await fedFront(t, vault, 3, () => running.child.kill('SIGTERM'));
      const line = 'head -c 3145735 /dev/zero; sleep 300 2>/dev/null & echo $! > pid; exit 0';
      const words = ['upload', TARGET, ...SMALL_PARTS, '--from-command', '--', 'sh', '-c', line];
      const running: Running = vault.start(words, env);
      const ended = await running.ended;
      process.kill(Number(readFileSync(join(vault.folder, 'pid'), 'utf8')), 'SIGKILL');
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
      const { env } = await fedFront(t, vault, 3, () => {
        running.child.kill('SIGTERM');
        // While the upload is being dropped, which the service does not answer.
        if (times === 2) setTimeout(() => running.child.kill('SIGTERM'), 300);
      });
      const command = ['--from-command', '--', process.execPath, '-e', stubborn];
      const running: Running = vault.start(['upload', TARGET, ...SMALL_PARTS, '--quiet', ...command], env);
      const ended = await running.ended;
      assertFailed(ended, 143);
      const told = /its upload may still be on the service; abort it with: (calve abort .*)$/m;
      const [, line = ''] = told.exec(ended.stderr) ?? [];
      assert.notEqual(line, '', ended.stderr);
      const pid = Number(readFileSync(join(vault.folder, 'pid'), 'utf8'));
      await until(() => !isAlive(pid));
      const dropped = await pasteIntoShell(line, vault.folder, { ...vault.env, ...env });
      assert.equal(dropped.code, 0, dropped.stderr);
      await assertNothingLeft(vault);
    });
  }

  test('by SIGKILL leaves an upload on the service, which abort drops, and nothing here', async (t) => {
    const vault = await openVault(t);
    const front = await startFront(t, vault.emulator.url, {
      before: (passing) => {
        if (!isPart(passing) || rangeOf(passing)?.startsWith('bytes 2097152-') !== true) return 'pass';
        running.child.kill('SIGKILL');
        return 'hold';
      },
    });
    const env = { ...vault.env, AWS_ENDPOINT_URL_GLACIER: front.url };
    const input = seededBytes(3 * MIB_BYTES, SEED);
    const running: Running = startCalve(['upload', '-', TARGET, ...SMALL_PARTS], { env, input });
    assert.equal((await running.ended).signal, 'SIGKILL');
    assert.equal((await vault.run(['status', '--json'])).stdout, '');
    assert.deepEqual(await vault.openDescriptions(), ['standard input']);
    assert.equal((await vault.run(['abort', TARGET, '--all', '--yes'])).code, 0);
    await assertNothingLeft(vault);
  });

  test('is busy for others while it runs: abort ends in 11, resume has nothing to do', async (t) => {
    const vault = await openVault(t);
    const others: Promise<Ended[]>[] = [];
    const { env } = await fedFront(t, vault, 3, () => {
      const look = async (): Promise<Ended[]> => {
        const [upload] = jsonLines((await vault.run(['list-uploads', TARGET, '--json'])).stdout);
        const both = await Promise.all([
          vault.run(['abort', TARGET, `--upload-id=${upload?.['uploadId']}`]),
          vault.run(['resume']),
        ]);
        running.child.kill('SIGTERM');
        return both;
      };
      others.push(look());
    });
    const running: Running = startFed(vault, SMALL_PARTS, env);
    await running.ended;
    const [[abort, resume] = []] = await Promise.all(others);
    assertFailed(abort as Ended, 11);
    assert.deepEqual([resume?.code, resume?.stdout], [0, '']);
  });

  test('by somebody who aborts its upload on the service ends in 16', async (t) => {
    const vault = await openVault(t);
    const { env } = await fedFront(t, vault, 1, () => undefined);
    const gone = (passing: Passing) =>
      isPart(passing) && rangeOf(passing)?.startsWith('bytes 2097152-') === true;
    const front = await startFront(t, String(env['AWS_ENDPOINT_URL_GLACIER']), {
      before: (passing) =>
        gone(passing)
          ? { status: 404, code: 'ResourceNotFoundException', message: 'no such upload' }
          : 'pass',
    });
    const ended = await startFed(vault, SMALL_PARTS, { AWS_ENDPOINT_URL_GLACIER: front.url }).ended;
    assert.match(assertFailed(ended, 16), /another program aborted or completed it/);
    await assertNothingLeft(vault);
  });
});

describe('killed once its stream had ended, calve', () => {
  const COMPLETING = '^write .*"type":"completing"';
  const bytes = seededBytes(3 * MIB_BYTES + 7, SEED);

  type Instant = CrashAt | { readonly moment: 'before' | 'after' };
  const instants: Record<string, Instant> = {
    'before completing is recorded': { when: 'before', matching: COMPLETING },
    'after completing is recorded': { when: 'after', matching: COMPLETING },
    'before complete is sent': { moment: 'before' },
    'after complete was done': { moment: 'after' },
    'before the catalogue has it': { when: 'before', matching: '^rename .*/archives/.*json$' },
    'after the catalogue has it': { when: 'after', matching: '^rename .*/archives/.*json$' },
  };
  for (const [name, instant] of Object.entries(instants)) {
    test(`${name}: resume gives the one archive, and needs no stream`, async (t) => {
      const vault = await openVault(t);
      let killed = false;
      const spring = (moment: 'before' | 'after') => (passing: Passing) => {
        if (!('moment' in instant) || instant.moment !== moment || !isComplete(passing) || killed)
          return 'pass';
        killed = true;
        running.child.kill('SIGKILL');
        return 'hold';
      };
      const front = await startFront(t, vault.emulator.url, {
        before: spring('before'),
        after: spring('after'),
      });
      writeFileSync(join(vault.folder, 'stream'), bytes);
      const env = { AWS_ENDPOINT_URL_GLACIER: front.url, ...('when' in instant && crashEnv(instant)) };
      const line = ['upload', TARGET, ...SMALL_PARTS, '--from-command', '--', 'cat', 'stream'];
      const running = vault.start(line, env);
      const died = await running.ended;
      assert.deepEqual([died.signal, died.stdout], ['SIGKILL', ''], died.stderr);
      const again = await vault.run(['resume'], { AWS_ENDPOINT_URL_GLACIER: front.url });
      const archiveId = await assertArchived(vault, again, bytes);
      assert.deepEqual(
        (await vault.archives()).map((one) => one.archiveId),
        [archiveId],
      );
      assert.equal(front.passed.filter(isPart).length, 4, 'no part goes twice');
      assert.deepEqual(await vault.openDescriptions(), []);
      assert.equal((await vault.run(['status', '--json'])).stdout, '');
    });
  }

  /** Everything is sent and recorded, and completing is not. */
  async function diedBeforeCompleting(t: TestContext): Promise<VaultHome> {
    const vault = await openVault(t);
    writeFileSync(join(vault.folder, 'stream'), bytes);
    const line = ['upload', TARGET, ...SMALL_PARTS, '--from-command', '--', 'cat', 'stream'];
    const died = await vault.run(line, crashEnv({ when: 'before', matching: COMPLETING }));
    assert.equal(died.signal, 'SIGKILL');
    return vault;
  }

  test('and its upload then aborted by somebody: resume ends in 16 and begins none', async (t) => {
    const vault = await diedBeforeCompleting(t);
    const uploadId = await onlyUploadId(vault);
    const place = { accountId: '-', vaultName: VAULT, uploadId };
    await vault.client.send(new AbortMultipartUploadCommand(place));
    const front = await startFront(t, vault.emulator.url);
    assertFailed(await vault.run(['resume'], { AWS_ENDPOINT_URL_GLACIER: front.url }), 16);
    assert.equal(front.passed.filter(isCreate).length, 0);
  });

  test('and a part then replaced on the service: resume says that the stream cannot be read again', async (t) => {
    const vault = await diedBeforeCompleting(t);
    const uploadId = await onlyUploadId(vault);
    await vault.client.send(
      new UploadMultipartPartCommand({
        ...{ accountId: '-', vaultName: VAULT, uploadId },
        range: 'bytes 1048576-2097151/*',
        body: Buffer.alloc(MIB_BYTES, 1),
      }),
    );
    const ended = await vault.run(['resume']);
    assert.match(assertFailed(ended, 13), /standard input: .* cannot be read again/);
    assert.deepEqual(await vault.archives(), []);
  });
});

async function onlyUploadId(vault: VaultHome): Promise<string> {
  const { stdout } = await vault.run(['status', '--json']);
  const { uploadId, file } = oneJson(stdout, 'unfinished');
  assert.equal(file, '-');
  return String(uploadId);
}

describe('a stream is refused with 2', () => {
  const lines: Record<string, readonly string[]> = {
    'twice in one run': ['upload', '-', '-', TARGET],
    'to a key that ends in a slash': ['upload', '-', 's3://bucket/backups/'],
    'to a whole bucket': ['upload', 's3://bucket', '--from-command', '--', 'ls'],
    'from no command': ['upload', TARGET, '--from-command'],
    'from a command where the target is not first': ['upload', '--from-command', '--', 'ls', TARGET],
  };
  for (const [name, line] of Object.entries(lines)) {
    test(name, async (t) => {
      const vault = await openVault(t);
      assertFailed(await pipeInto(vault, line, Buffer.from('x')), 2);
      await assertNothingLeft(vault);
    });
  }

  test('from a terminal, where nobody pipes anything in', { skip: missingTerminal() }, async (t) => {
    const vault = await openVault(t);
    const { code, shown } = await runOnTerminal(['upload', '-', TARGET], {
      env: vault.env,
      cwd: vault.folder,
    });
    assert.equal(code, 2);
    assert.match(shown, /standard input is a terminal/);
  });
});
