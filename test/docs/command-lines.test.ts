/** Whatever the documents tell people to type is typed here. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { parseFaultSpec } from '../../src/emulator/faults.js';
import { runCalve } from '../support/calve.js';
import { startEmulatorCommand } from '../support/emulator-command.js';
import type { VaultHome } from '../support/vault-home.js';
import { sharedVaults } from '../support/vault-service.js';

const ROOT = join(import.meta.dirname, '../../..');
const DOCUMENTS = [
  'README.md',
  ...readdirSync(join(ROOT, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
];

function textOf(document: string): string {
  return readFileSync(join(ROOT, document), 'utf8');
}

/**
 * Lines of indented blocks that run calve, a crontab's included, or pipe into it; comments and cron's times taken off.
 */
function calveLines(document: string): string[] {
  return textOf(document)
    .split('\n')
    .map(
      (line) =>
        /^ {4,}(?:[\d*/,-]+(?: +[\d*/,-]+){4} +)?((?:\w[^|]* \| )?calve .*?)(?: +#.*)?$/.exec(line)?.[1],
    )
    .filter((line) => line !== undefined);
}

/** What the documents leave to the reader, filled in. */
function fillIn(line: string, home: VaultHome, uploadId: string): string[] {
  const words = line.split(/ +/).slice(1);
  const filled: Record<string, string> = {
    'glacier://photos': home.target,
    '/backup/weekly.tar': join(home.folder, 'backup.tar'),
    '/tmp/vaults': join(home.folder, 'emulated'),
    ID: uploadId,
  };
  return words.map((word) => filled[word] ?? word);
}

/** What stands before the pipe is run first, without a shell. */
async function runPiped(line: string, home: VaultHome): Promise<void> {
  const [before = '', calve = ''] = line.split(' | ');
  const [command = '', ...args] = before.split(/ +/);
  const input = execFileSync(command, args, { cwd: home.folder });
  const { code, stderr } = await runCalve(fillIn(calve, home, ''), {
    env: home.env,
    cwd: home.folder,
    input,
  });
  assert.equal(code, 0, `${line}: ${stderr}`);
}

async function runLine(t: TestContext, line: string, home: VaultHome, uploadId: string): Promise<void> {
  if (!line.startsWith('calve ')) return runPiped(line, home);
  assert.doesNotMatch(line, /['"\\$|;&<>]/, `a line that only a shell understands: ${line}`);
  const words = fillIn(line, home, uploadId);
  // There is no bucket here: what can be said without one is, that the line is understood.
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

describe('The documents', { concurrency: 2 }, () => {
  const service = sharedVaults();

  for (const document of DOCUMENTS) {
    const lines = calveLines(document);
    if (lines.length === 0) continue;
    test(`${document}: every command line runs in its order, and ends with 0`, async (t) => {
      const home = await service.home(t);
      home.file('backup.tar', 3 * 1024 * 1024);
      mkdirSync(join(home.folder, 'photos'));
      const uploadId = await home.createUpload();
      for (const line of lines) await runLine(t, line, home, uploadId);
    });
  }

  test('hold as many command lines as they did, so that none is passed over unseen', () => {
    const total = DOCUMENTS.flatMap(calveLines).length;
    const mentioned = DOCUMENTS.flatMap(
      (document) => textOf(document).match(/^ {4,}.*\bcalve [a-z].*$/gm) ?? [],
    );
    assert.equal(total, mentioned.length, mentioned.join('\n'));
    assert.ok(calveLines('README.md').length >= 12);
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

  test('begin with two commands that package.json knows', () => {
    const { scripts } = JSON.parse(textOf('package.json')) as { scripts: Record<string, string> };
    const lines = textOf('README.md').match(/^ {4}npm .*$/gm) ?? [];
    assert.match(lines[0] ?? '', /^ {4}npm ci && npm run demo +#/);
    assert.match(lines[1] ?? '', /^ {4}npm test +#/);
    for (const document of DOCUMENTS) {
      for (const [, name = ''] of textOf(document).matchAll(/npm run ([a-z-]+)/g))
        assert.ok(scripts[name], name);
    }
  });

  test('keep a changelog with a part for what is not released yet', () => {
    const [, unreleased = ''] = textOf('CHANGELOG.md').split(/^## /m);
    assert.match(unreleased, /^Unreleased\n+- \S/);
  });
});
