/** The README, --help and the code name the same options, variables and exit numbers. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Command, Option } from 'commander';
import { EXIT_ROWS } from '../../src/cli/exit-codes.js';
import { exitNumbersHelp } from '../../src/cli/help.js';
import type { Io } from '../../src/cli/io.js';
import { buildProgram } from '../../src/cli/program.js';
import { cleanEnv, runCalve } from '../support/calve.js';
import { tempFolder } from '../support/temp.js';

const ROOT = join(import.meta.dirname, '../../..');
const README = readFileSync(join(ROOT, 'README.md'), 'utf8');
const EMULATOR_PAGE = readFileSync(join(ROOT, 'docs/emulator.md'), 'utf8');

/** Nothing of it is used before a command runs. */
const { command: program } = buildProgram({} as Io, '0');
const commands: readonly Command[] = program.commands;

function optionsOf(command: Command): readonly Option[] {
  return command.options;
}

function names(text: string): Set<string> {
  return new Set(text.match(/--[a-z][a-z-]+/g) ?? []);
}

/** Options that --help alone explains, each with the reason. */
const HELP_ALONE: Readonly<Record<string, string>> = {
  '--limit': 'for scripts that page by themselves',
  '--marker': 'for scripts that page by themselves',
  '--forget': 'mends a catalogue; nobody needs it to begin with',
  '--drop-record': 'is named where it helps',
  '--archive-id': 'compares with an older archive than the newest',
  '--yes': 'is named where it is missing',
};

test('every option of every command is named in the README, or is one that --help alone explains', () => {
  const inReadme = names(README);
  for (const command of commands.filter((each) => each.name() !== 'emulator')) {
    for (const { long } of optionsOf(command)) {
      const isNamed = inReadme.has(long ?? '') || HELP_ALONE[long ?? ''] !== undefined;
      assert.ok(isNamed, `calve ${command.name()} ${long}`);
    }
  }
});

test('what --help alone explains is there, and not in the README too', () => {
  const known = new Set(commands.flatMap((command) => optionsOf(command).map(({ long }) => long)));
  for (const name of Object.keys(HELP_ALONE)) {
    assert.ok(known.has(name), `${name} is gone`);
    assert.ok(!names(README).has(name), `${name} is in the README now`);
  }
});

test('every option of the emulator is named on its page or in its help', async () => {
  const emulator = commands.find((each) => each.name() === 'emulator');
  const onPage = names(EMULATOR_PAGE);
  const helpAlone = [
    '--access-key-id',
    '--secret-access-key',
    '--port',
    '--upload-ttl',
    '--signature-window',
  ];
  const common = new Set(['--json', '--quiet', '--progress', '--debug']);
  for (const { long = '', description } of emulator?.options ?? []) {
    const isNamed = onPage.has(long) || common.has(long) || helpAlone.includes(long);
    assert.ok(isNamed && description !== '', `calve emulator ${long}`);
  }
});

test('the README and the emulator’s page name no option that is not there', () => {
  const known = new Set(commands.flatMap((command) => optionsOf(command).map(({ long }) => long ?? '')));
  known.add('--help').add('--version');
  // Other programs' options, in lines that are not calve's.
  const foreign = new Set(['--endpoint-url', '--region', '--account-id', '--no-overwrite']);
  for (const name of [...names(README), ...names(EMULATOR_PAGE)]) {
    assert.ok(known.has(name) || foreign.has(name), name);
  }
});

/** These choose or confirm for one run; a variable that is left set would do it for ever. */
const WITHOUT_VARIABLE = new Set([
  ...[
    '--yes',
    '--all',
    '--older-than',
    '--upload-id',
    '--fresh',
    '--dry-run',
    '--from-command',
    '--name',
    '--write',
    '--import',
  ],
  ...[
    '--recursive',
    '--files-from',
    '--null',
    '--include',
    '--exclude',
    '--follow-links',
    '--one-file-system',
  ],
  ...['--limit', '--marker', '--forget', '--drop-record', '--archive-id'],
  ...['--target', '--path', '--since', '--until', '--sort', '--reverse', '--format', '--base', '--export'],
  'archives --description',
]);

test('an option that configures has a variable of its own name, one that chooses or confirms has none', () => {
  for (const command of commands.filter((each) => each.name() !== 'emulator')) {
    for (const { long = '', envVar } of optionsOf(command)) {
      const named = `CALVE_${long.slice(2).toUpperCase().replaceAll('-', '_')}`;
      const isWithout = WITHOUT_VARIABLE.has(long) || WITHOUT_VARIABLE.has(`${command.name()} ${long}`);
      const wanted = isWithout ? undefined : named;
      assert.equal(envVar, wanted, `calve ${command.name()} ${long}`);
    }
  }
});

test('an option means the same in every command', () => {
  const seen = new Map<string, Option>();
  const ownWords = new Set(['--upload-id', '--dry-run', '--lock-wait', '--description', '--archive-id']);
  for (const option of commands.flatMap(optionsOf)) {
    // `audit` adds archives of the service to the catalogue, `archives` those of a file.
    if (option.long === '--import') continue;
    const known = seen.get(option.long ?? '') ?? option;
    seen.set(option.long ?? '', known);
    assert.equal(option.flags, known.flags);
    if (!ownWords.has(option.long ?? '')) assert.equal(option.description, known.description, option.flags);
  }
});

test('the README’s exit numbers are the code’s, word for word', () => {
  const rows = [...README.matchAll(/^\| ([\d, ]+?) +\| (.+?) +\|$/gm)].map(([, n = '', meaning = '']) => [
    n,
    meaning.replaceAll('`', ''),
  ]);
  const signals = EXIT_ROWS.filter(({ code }) => code > 100);
  const wanted = EXIT_ROWS.filter(({ code }) => code < 100).map(({ code, meaning }) => [
    String(code),
    meaning,
  ]);
  assert.deepEqual(rows.slice(0, -1), wanted);
  assert.deepEqual(rows.at(-1), [
    signals.map(({ code }) => code).join(', '),
    `stopped by ${signals.map(({ meaning }) => /SIG[A-Z]+/.exec(meaning)?.[0]).join(', ')}; state kept`,
  ]);
});

/** Within a list every description starts in the same column, and no line is wider than a terminal. */
function assertTwoColumns(help: string): void {
  for (const line of help.split('\n')) assert.ok(line.length <= 80, line);
  for (const list of help.split('\n\n').filter((text) => /^(Options|Commands|Exit numbers):\n/.test(text))) {
    const items = list.split('\n').filter((line) => / {2}\S/.test(line.trimStart()));
    const columns = items.map((line) => /^(.*?\S {2,})\S/.exec(line)?.[1]?.length);
    assert.equal(new Set(columns).size, 1, list);
  }
}

test('calve --help prints the exit numbers and every command; the help of each command prints its options', async (t) => {
  const env = cleanEnv(tempFolder(t));
  const { code, stdout, stderr } = await runCalve(['--help'], { env });
  assert.deepEqual([code, stderr], [0, '']);
  assert.ok(stdout.includes(exitNumbersHelp(EXIT_ROWS, program.createHelp()).trimEnd()));
  assertTwoColumns(stdout);
  for (const command of commands) {
    assert.match(stdout, new RegExp(`^  ${command.name()} `, 'm'));
    const help = await runCalve([command.name(), '--help'], { env });
    assert.deepEqual([help.code, help.stderr], [0, '']);
    for (const { long = '' } of optionsOf(command)) assert.ok(help.stdout.includes(long), long);
    assertTwoColumns(help.stdout);
  }
});
