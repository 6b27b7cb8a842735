import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { shellQuote } from '../../src/core/shell-quote.js';
import type { EmulatorOptions } from '../../src/emulator/server.js';
import { writeSeededFile } from '../support/bytes.js';
import { type Ended, jsonLines, type Running } from '../support/calve.js';
import { crashEnv } from '../support/crash-at.js';
import { errorsAsText } from '../support/failed.js';
import { isPart } from '../support/requests.js';
import { pasteIntoShell } from '../support/shell.js';
import { openTerminal } from '../support/terminal.js';
import type { VaultHome } from '../support/vault-home.js';
import { openVault, TARGET } from '../support/vault-service.js';

const PART_BYTES = 1024 * 1024;
const PARTS = 8;
const LANES = 4;
/** A name that a shell would take apart. */
const NAME = `Joe's "best" $HOME photos.tar`;
const ENDS_WITHIN_MS = 2000;

const CODES = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const;
type StopSignal = keyof typeof CODES;

interface Situation {
  readonly title: string;
  readonly emulator: Omit<EmulatorOptions, 'dataDir'>;
  readonly env: Readonly<Record<string, string>>;
  /** The signal is sent when stderr (`--progress json`) or the front has seen this. */
  readonly ripe: { readonly parts: number } | { readonly stderr: RegExp };
}

const SITUATIONS: readonly Situation[] = [
  {
    title: 'while parts are sent',
    emulator: { bandwidthBytesPerSecond: 6 * PART_BYTES },
    env: {},
    ripe: { parts: LANES + 1 },
  },
  {
    title: 'while the service hangs',
    emulator: { faults: [`hang@upload-part:${LANES}`] },
    env: {},
    ripe: { parts: LANES },
  },
  {
    title: 'while a retry is waited for',
    emulator: { faults: [`unavailable@upload-part:${2 * LANES}`] },
    env: { CALVE_RETRY_DELAY: '60s' },
    ripe: { stderr: /"type":"retry"/ },
  },
];

for (const situation of SITUATIONS) {
  for (const signal of ['SIGHUP', 'SIGINT', 'SIGTERM'] as const) {
    test(`${signal} ${situation.title} ends the run within 2 s, and the line it prints goes on`, async (t) => {
      const bench = await openBench(t, situation.emulator);
      const { ended, tookMs } = await stopWhenRipe(bench, situation, [signal]);
      assert.ok(tookMs <= ENDS_WITHIN_MS, `it took ${Math.round(tookMs)} ms`);
      assert.deepEqual([ended.code, ended.signal, ended.stdout], [CODES[signal], null, ''], ended.stderr);
      assert.equal((await bench.vault.unfinishedIds()).length, 1, 'the state is kept');
      await assertLineGoesOn(bench, ended.stderr);
    });
  }
}

test('A signal that arrives while the program is loaded stops it, also as the first process of a container', async (t) => {
  // The kernel gives the first process only the signals for which it has a handler: the others would end this one by the signal.
  const home = await openVault(t);
  const hook = join(home.folder, 'signal-while-loading.cjs');
  writeFileSync(
    hook,
    `const Module = require('node:module');
const load = Module._load;
Module._load = function (request, ...others) {
  if (request.endsWith('/dist/calve/main.js')) process.kill(process.pid, process.env.TEST_SIGNAL);
  return load.call(this, request, ...others);
};
`,
  );
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    const env = { NODE_OPTIONS: `--require ${hook}`, TEST_SIGNAL: signal };
    const ended = await home.run(['upload', home.file('f', PART_BYTES), TARGET], env);
    assert.deepEqual([ended.code, ended.signal, ended.stdout], [CODES[signal], null, ''], ended.stderr);
    assert.match(ended.stderr, /stopped/);
  }
  assert.deepEqual(await home.archiveIds(), []);
});

test('The JSON error of a stopped upload says that it can go on', async (t) => {
  const situation = SITUATIONS[1] as Situation;
  const bench = await openBench(t, situation.emulator);
  const { ended } = await stopWhenRipe(bench, situation, ['SIGTERM'], ['--json']);
  const [error, ...others] = jsonLines(ended.stdout);
  assert.deepEqual(others, []);
  const { type, kind, exitCode, resumable, file, uploadId, hint } = error ?? {};
  assert.deepEqual(
    { type, kind, exitCode, resumable, file },
    {
      type: 'error',
      kind: 'stopped',
      exitCode: 143,
      resumable: true,
      file: bench.file,
    },
  );
  const [kept] = jsonLines((await bench.vault.run(['status', '--json'])).stdout);
  assert.equal(uploadId, kept?.['uploadId']);
  assert.match(String(hint), /calve resume /);
  await assertLineGoesOn(bench, ended.stderr);
});

test('A signal ends a run within 2 s though a disk hangs, and a second signal ends it at once', async (t) => {
  const bench = await openBench(t, {});
  const stalled = {
    ripe: { stderr: /^stalled /m },
    env: crashEnv({ when: 'stall', matching: '"type":"part"' }),
  };
  const once = await stopWhenRipe(bench, stalled, ['SIGINT']);
  assert.equal(once.ended.code, 130, once.ended.stderr);
  assert.ok(
    once.tookMs > 1000 && once.tookMs <= ENDS_WITHIN_MS + 500,
    `it took ${Math.round(once.tookMs)} ms`,
  );
  // Two signals at one instant reach a process in either order; the first alone would have ended it later.
  const twice = await stopWhenRipe(bench, stalled, ['SIGINT', 'SIGTERM']);
  assert.ok(
    [CODES.SIGINT, CODES.SIGTERM].some((code) => code === twice.ended.code),
    twice.ended.stderr,
  );
  assert.ok(twice.tookMs < 1000, `it took ${Math.round(twice.tookMs)} ms`);
  for (const { stderr } of [once.ended, twice.ended]) assert.match(stderr, /^hint: calve resume /m);
  assert.match(
    once.ended.stderr,
    /SIGINT; the service keeps \d of 8 parts, (0 bytes|\d MiB) of 8(\.\d+)? MiB$/m,
  );
  const last = await bench.vault.run(bench.line, bench.env);
  assert.equal(last.code, 0, last.stderr);
  await assertOnlyArchive(bench, last.stdout);
});

test('With --json a stop that is forced is one error on stdout, too, and it can go on', async (t) => {
  const bench = await openBench(t, {});
  const stalled = {
    ripe: { stderr: /^stalled /m },
    env: crashEnv({ when: 'stall', matching: '"type":"part"' }),
  };
  for (const signals of [['SIGTERM'], ['SIGHUP', 'SIGHUP']] as const) {
    const { ended } = await stopWhenRipe(bench, stalled, signals, ['--json']);
    const [error, ...others] = jsonLines(ended.stdout);
    assert.deepEqual(others, []);
    const { type, kind, exitCode, resumable, file } = error ?? {};
    assert.deepEqual([type, kind, resumable, file], ['error', 'stopped', true, bench.file]);
    assert.deepEqual([ended.code, exitCode], [CODES[signals[0]], CODES[signals[0]]]);
    assert.match(ended.stderr, /^hint: calve resume /m);
  }
});

test('A forced stop before an upload exists is reported in JSON, too', async (t) => {
  const bench = await openBench(t, {});
  const stalled = { ripe: { stderr: /^stalled /m }, env: crashEnv({ when: 'stall', matching: '^mkdir' }) };
  const { ended } = await stopWhenRipe(bench, stalled, ['SIGTERM'], ['--json']);
  const [error, ...others] = jsonLines(ended.stdout);
  assert.deepEqual(others, []);
  assert.deepEqual([error?.['kind'], error?.['uploadId'], error?.['resumable']], ['stopped', null, false]);
  assert.equal(ended.code, CODES.SIGTERM);
});

test('SIGUSR1, which batch systems send, opens no port for a debugger, and the run goes on', async (t) => {
  const bench = await openBench(t, SITUATIONS[0]?.emulator ?? {});
  const running = bench.vault.start(bench.line, bench.env);
  await untilParts(bench.traffic, LANES);
  running.child.kill('SIGUSR1');
  const ended = await running.ended;
  assert.equal(ended.code, 0, ended.stderr);
  assert.doesNotMatch(ended.stderr, /Debugger/);
  await assertOnlyArchive(bench, ended.stdout);
});

test('SIGHUP does not end a run without a terminal, as nohup leaves it', async (t) => {
  const bench = await openBench(t, SITUATIONS[0]?.emulator ?? {});
  const running = bench.vault.start(bench.line, bench.env);
  await untilParts(bench.traffic, LANES);
  running.child.kill('SIGHUP');
  const ended = await running.ended;
  assert.equal(ended.code, 0, ended.stderr);
  await assertOnlyArchive(bench, ended.stdout);
});

test('A closed stdout does not stop the work, and the exit is 0', async (t) => {
  const bench = await openBench(t, {});
  const running = bench.vault.start(bench.line, bench.env);
  running.child.stdout?.destroy();
  const ended = await running.ended;
  assert.equal(ended.code, 0, ended.stderr);
  const piped = `{ calve ${bench.line.map(shellQuote).join(' ')} --fresh; echo $? > code; } | head -c0`;
  await pasteIntoShell(piped, bench.vault.folder, bench.env);
  assert.equal(readFileSync(join(bench.vault.folder, 'code'), 'utf8').trim(), '0');
  assert.equal((await bench.vault.archives()).length, 2);
});

test('A stdout that takes nothing ends in 13 with the archive id on stderr, and the id is recorded', async (t) => {
  if (!existsSync('/dev/full')) return t.skip('there is no /dev/full here');
  const bench = await openBench(t, {});
  const line = `calve ${bench.line.map(shellQuote).join(' ')} > /dev/full`;
  const ended = await pasteIntoShell(line, bench.vault.folder, bench.env);
  assert.equal(ended.code, 13, ended.stderr);
  const again = await bench.vault.run(bench.line, bench.env);
  await assertOnlyArchive(bench, again.stdout);
  assert.ok(ended.stderr.includes(again.stdout.trimEnd()), ended.stderr);
});

interface Bench {
  readonly vault: VaultHome;
  readonly env: Readonly<Record<string, string>>;
  /** Emits `part` with the number of parts that were sent so far. */
  readonly traffic: EventEmitter;
  readonly file: string;
  readonly line: readonly string[];
  /** The descriptor of a terminal. */
  readonly terminal: number;
}

async function openBench(t: TestContext, emulator: Situation['emulator']): Promise<Bench> {
  const vault = await openVault(t, emulator);
  const file = join(vault.folder, NAME);
  writeSeededFile(file, PARTS * PART_BYTES - 7, 5);
  const line = ['upload', file, TARGET, '--part-size', '1M', '--concurrency', String(LANES)];
  const traffic = new EventEmitter();
  let parts = 0;
  vault.hook({
    before: (passing) => {
      if (isPart(passing)) traffic.emit('part', ++parts);
      return 'pass';
    },
  });
  // The next run may meet a fault that no request has met yet, and must not wait a minute for it.
  const env = { ...vault.env, CALVE_READ_TIMEOUT: '3s' };
  return { vault, env, traffic, file, line, terminal: openTerminal(t) };
}

/** Runs the line until it is time, and sends the signals, one after the other. */
async function stopWhenRipe(
  { vault, env: common, traffic, line, terminal }: Bench,
  { ripe, env }: Pick<Situation, 'ripe' | 'env'>,
  signals: readonly StopSignal[],
  options: readonly string[] = [],
): Promise<{ ended: Ended; tookMs: number }> {
  const words = [...line, '--progress', 'json', ...options];
  // Without a terminal SIGHUP means nothing.
  const input = signals.includes('SIGHUP') ? terminal : undefined;
  const running = vault.start(words, { ...common, ...env }, input);
  await ('stderr' in ripe ? untilStderr(running, ripe.stderr) : untilParts(traffic, ripe.parts));
  const sentMs = performance.now();
  for (const signal of signals) running.child.kill(signal);
  const ended = await running.ended;
  return { ended: { ...ended, stderr: errorsAsText(ended.stderr) }, tookMs: performance.now() - sentMs };
}

function untilParts(traffic: EventEmitter, count: number): Promise<void> {
  return new Promise((resolve) => {
    traffic.on('part', (seen: number) => seen >= count && resolve());
  });
}

async function untilStderr({ child, ended }: Running, pattern: RegExp): Promise<void> {
  let text = '';
  const seen = new Promise<void>((resolve) => {
    child.stderr?.on('data', (more: string) => {
      text += more;
      if (pattern.test(text)) resolve();
    });
  });
  await Promise.race([seen, ended]);
  assert.match(text, pattern, 'it came to that before the end');
}

/** Takes the line out of the hint as a person would, and pastes it. */
async function assertLineGoesOn(bench: Bench, stderr: string): Promise<void> {
  const line = /^hint: .*?(calve resume .*)$/m.exec(stderr)?.[1];
  assert.ok(line !== undefined, stderr);
  const pasted = await pasteIntoShell(line, bench.vault.folder, bench.env);
  assert.equal(pasted.code, 0, pasted.stderr);
  await assertOnlyArchive(bench, pasted.stdout);
}

async function assertOnlyArchive({ vault, file }: Bench, stdout: string): Promise<void> {
  const archiveId = stdout.trimEnd();
  assert.deepEqual(
    (await vault.archives()).map((archive) => archive.archiveId),
    [archiveId],
  );
  assert.ok(readFileSync(file).equals(await vault.readBack(archiveId)), 'its bytes are the file');
  assert.deepEqual(await vault.openDescriptions(), []);
}
