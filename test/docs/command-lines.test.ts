/** Every command line in the documents runs. */
import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import process from 'node:process';
import { describe, type TestContext, test } from 'node:test';
import { parseFaultSpec } from '../../src/emulator/faults/fault-plan.js';
import { CALVE_BIN, cleanEnv, runCalve } from '../support/calve.js';
import { startEmulatorCommand } from '../support/emulator-command.js';
import { tempFolder } from '../support/temp.js';
import type { VaultHome } from '../support/vault-home.js';
import { sharedVaults } from '../support/vault-service.js';

const ROOT = join(import.meta.dirname, '../../..');
const DOCUMENTS = [
  'README.md',
  'examples/README.md',
  ...readdirSync(join(ROOT, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
];

function textOf(document: string): string {
  return readFileSync(join(ROOT, document), 'utf8');
}

/** Returns the indented blocks of a document, each as its lines without the indentation. */
function blocksOf(document: string): string[][] {
  const blocks = textOf(document).matchAll(/(?<=^\n)(?: {4,}.*\n)+/gm);
  return [...blocks].map(([block]) =>
    block
      .trimEnd()
      .split('\n')
      .map((line) => line.trim()),
  );
}

/** Returns the lines that run calve, a crontab's included, or pipe into it, without comments and without cron's times. */
function calveLines(block: readonly string[]): string[] {
  return block
    .map(
      (line) => /^(?:[\d*/,-]+(?: +[\d*/,-]+){4} +)?((?:\w[^|]* \| )?calve .*?)(?: +#.*)?$/.exec(line)?.[1],
    )
    .filter((line) => line !== undefined);
}

const NEEDS_SERVICE = /^#.*\bNeeds a (vault|bucket) of yours\./;

/** The blocks of the README that a reader can copy into a shell as they are, without a service. */
function copiedBlocks(): string[][] {
  return blocksOf('README.md').filter(
    ([first = '']) => !first.startsWith('npm ') && !NEEDS_SERVICE.test(first),
  );
}

/** The blocks whose lines run on an emulator, with the names that the reader would replace. */
function serviceBlocks(document: string): string[][] {
  const blocks = blocksOf(document);
  return document === 'README.md' ? blocks.filter(([first = '']) => NEEDS_SERVICE.test(first)) : blocks;
}

/** Replaces the names that the documents leave to the reader. A line of cron may drop its output. */
function fillIn(line: string, home: VaultHome, uploadId: string): string[] {
  const words = line
    .replace(/ >\/dev\/null$/, '')
    .split(/ +/)
    .slice(1);
  const filled: Record<string, string> = {
    'glacier://photos': home.target,
    '/backup/weekly.tar': join(home.folder, 'backup.tar'),
    '/tmp/vaults': join(home.folder, 'emulated'),
    ID: uploadId,
  };
  return words.map((word) => filled[word] ?? word);
}

/** Runs the command before the pipe first, without a shell. */
async function runPiped(line: string, home: VaultHome, uploadId: string): Promise<void> {
  const [before = '', calve = ''] = line.split(' | ');
  const [command = '', ...args] = before.split(/ +/);
  const input = execFileSync(command, args, { cwd: home.folder, maxBuffer: 64 * 1024 * 1024 });
  const { code, stderr } = await runCalve(fillIn(calve, home, uploadId), {
    env: home.env,
    cwd: home.folder,
    input,
  });
  assert.equal(code, 0, `${line}: ${stderr}`);
}

async function runLine(t: TestContext, line: string, home: VaultHome, openId: string): Promise<void> {
  // A line that completes its upload needs one of its own.
  const uploadId = line.includes('calve resume ') ? await home.createUpload() : openId;
  if (!line.startsWith('calve ')) return runPiped(line, home, uploadId);
  assert.doesNotMatch(
    line.replace(/ >\/dev\/null$/, ''),
    /['"\\$|;&<>]/,
    `a line that only a shell understands: ${line}`,
  );
  const words = fillIn(line, home, uploadId);
  // There is no bucket here, so only the options of these lines are checked.
  if (/ (s3|obs):\/\//.test(line)) words.push('--dry-run');
  if (words[0] === 'emulator') {
    const spawned = { env: home.env, cwd: home.folder };
    const { code, stderr } = await (await startEmulatorCommand(t, words.slice(1), spawned)).stop('SIGTERM');
    assert.equal(code, 0, `${line}: ${stderr}`);
    return;
  }
  const { code, stderr } = await home.run(words);
  assert.equal(code, 0, `${line}: ${stderr}`);
}

/** Runs a line as a reader does who copies it into bash, and fails if its exit status is not 0. */
async function runInShell(line: string, cwd: string, env: Readonly<Record<string, string>>): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const script = ['-e', '-o', 'pipefail', '-c', line];
    execFile('bash', script, { cwd, env, timeout: 60_000 }, (error, _, stderr) => {
      if (error === null) resolve();
      else reject(new Error(`${line}: ${error.code}: ${stderr}`));
    });
  });
}

describe('The documents', { concurrency: 2 }, () => {
  const service = sharedVaults();

  for (const document of DOCUMENTS) {
    const lines = serviceBlocks(document).flatMap(calveLines);
    if (lines.length === 0) continue;
    test(`${document}: every command line runs in its order, and ends with 0`, async (t) => {
      const home = await service.home(t);
      home.file('backup.tar', 3 * 1024 * 1024);
      mkdirSync(join(home.folder, 'photos'));
      const uploadId = await home.createUpload();
      for (const line of lines) await runLine(t, line, home, uploadId);
    });
  }

  test('README.md: a reader who copies each line into an empty folder succeeds', async (t) => {
    const folder = tempFolder(t);
    for (const name of ['home', 'bin', 'empty']) mkdirSync(join(folder, name));
    symlinkSync(CALVE_BIN, join(folder, 'bin/calve'));
    const clean = cleanEnv(join(folder, 'home'));
    const env = {
      ...clean,
      PATH: [join(folder, 'bin'), dirname(process.execPath), clean['PATH']].join(delimiter),
    };
    const lines = copiedBlocks().flat();
    assert.ok(lines.filter((line) => line.includes('calve ')).length >= 12);
    for (const line of lines) {
      assert.doesNotMatch(line, /(glacier|s3|obs):\/\//, `a block without "Needs a vault of yours": ${line}`);
      await runInShell(line, join(folder, 'empty'), env);
    }
  });

  test('have no command line that is not run', () => {
    const run = [...DOCUMENTS.flatMap(serviceBlocks).flatMap(calveLines), ...copiedBlocks().flat()];
    const total = run.filter((line) => /(?<![\w-]|\/)calve [a-z]/.test(line)).length;
    const mentioned = DOCUMENTS.flatMap(
      (document) => textOf(document).match(/^ {4,}.*(?<![\w-]|\/)calve [a-z].*$/gm) ?? [],
    );
    assert.equal(total, mentioned.length, mentioned.join('\n'));
  });

  test('name faults that the emulator understands', () => {
    const specs = [...textOf('docs/emulator.md').matchAll(/--fault ([a-z-]+[@:][^\s`]+|[a-z]+-[a-z-]+)/g)];
    assert.ok(specs.length >= 5);
    for (const [, spec = ''] of specs) parseFaultSpec(spec);
  });

  test('link to files that are there', () => {
    for (const document of DOCUMENTS) {
      for (const [, target = ''] of textOf(document).matchAll(/\]\(([^)#]+)[^)]*\)/g)) {
        if (/^https?:/.test(target)) continue;
        assert.ok(existsSync(join(ROOT, dirname(document), target)), `${document} links to ${target}`);
      }
    }
  });

  test('start with two commands that package.json has', () => {
    const { scripts } = JSON.parse(textOf('package.json')) as { scripts: Record<string, string> };
    const lines = textOf('README.md').match(/^ {4}npm .*$/gm) ?? [];
    assert.match(lines[0] ?? '', /^ {4}npm ci && npm run demo +#/);
    assert.match(lines[1] ?? '', /^ {4}npm test +#/);
    for (const document of DOCUMENTS) {
      for (const [, name = ''] of textOf(document).matchAll(/npm run ([a-z-]+)/g))
        assert.ok(scripts[name], name);
    }
  });

  test('have a changelog with a part for unreleased changes', () => {
    const [, unreleased = ''] = textOf('CHANGELOG.md').split(/^## /m);
    assert.match(unreleased, /^Unreleased\n+- \S/);
  });
});
