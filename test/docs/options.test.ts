/** The README, --help and the code name the same options, variables and exit numbers. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Command, Option } from 'commander';
import { EXIT_ROWS } from '../../src/cli/exit-codes.js';
import { exitNumbersHelp } from '../../src/cli/help.js';
import type { Io } from '../../src/cli/io.js';
import { commandName, leafCommands } from '../../src/cli/options/given.js';
import { buildProgram } from '../../src/cli/program.js';
import { cleanEnv, runCalve } from '../support/calve.js';
import { tempFolder } from '../support/temp.js';

const ROOT = join(import.meta.dirname, '../../..');
const README = readFileSync(join(ROOT, 'README.md'), 'utf8');
const EMULATOR_PAGE = readFileSync(join(ROOT, 'docs/emulator.md'), 'utf8');

/** Nothing of it is used before a command runs. */
const { command: program } = buildProgram({} as Io, '0');
const commands: readonly Command[] = leafCommands(program);

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
};

test('every option of every command is named in the README, or is one that --help alone explains', () => {
  const inReadme = names(README);
  for (const command of commands.filter((each) => each.name() !== 'emulator')) {
    for (const { long } of optionsOf(command)) {
      const isNamed = inReadme.has(long ?? '') || HELP_ALONE[long ?? ''] !== undefined;
      assert.ok(isNamed, `calve ${commandName(command)} ${long}`);
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
  const common = new Set(['--json', '--quiet', '--progress', '--debug', '--help-all']);
  for (const { long = '', description } of emulator?.options ?? []) {
    const isNamed = onPage.has(long) || common.has(long) || helpAlone.includes(long);
    assert.ok(isNamed && description !== '', `calve emulator ${long}`);
  }
});

test('the README and the emulator’s page name no option that is not there', () => {
  const known = new Set(commands.flatMap((command) => optionsOf(command).map(({ long }) => long ?? '')));
  known.add('--help').add('--version');
  // Other programs' options, in lines that are not calve's.
  const foreign = new Set([
    '--endpoint-url',
    '--region',
    '--account-id',
    '--vault-name',
    '--body',
    '--no-overwrite',
  ]);
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
  '--help-all',
  ...['--limit', '--marker', '--forget', '--drop-record', '--archive-id'],
  ...['--shards', '--shard', '--manifest', '--interleave', '--hash', '--file', '--receipts'],
  ...['--ignore-mtime', '--replace', '--verify'],
  ...['--target', '--path', '--since', '--until', '--sort', '--reverse', '--format', '--base', '--export'],
  'archives --description',
]);

test('an option that configures has a variable of its own name, one that chooses or confirms has none', () => {
  for (const command of commands.filter((each) => each.name() !== 'emulator')) {
    for (const { long = '', envVar } of optionsOf(command)) {
      const named = `CALVE_${long.slice(2).toUpperCase().replaceAll('-', '_')}`;
      const isWithout = WITHOUT_VARIABLE.has(long) || WITHOUT_VARIABLE.has(`${commandName(command)} ${long}`);
      const wanted = isWithout ? undefined : named;
      assert.equal(envVar, wanted, `calve ${commandName(command)} ${long}`);
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

/** Returns what a command prints for --help or --help-all, in a terminal of this width. */
function printedHelp(command: Command, flag: '--help' | '--help-all', width: number): string {
  let printed = '';
  const { command: own } = buildProgram({} as Io, '0');
  const named = leafCommands(own).find((each) => commandName(each) === commandName(command)) ?? own;
  named.configureOutput({
    writeOut: (text) => {
      printed += text;
    },
    getOutHelpWidth: () => width,
  });
  assert.throws(() => named.parse([flag], { from: 'user' }), { exitCode: 0 });
  return printed;
}

/** Within a list every description starts in the same column, and no line is wider than a terminal. */
function assertTwoColumns(help: string, width = 80): void {
  for (const line of help.split('\n')) assert.ok(line.length <= width, line);
  for (const list of help
    .split('\n\n')
    .filter((text) => /^[A-Z][\w ,()]+:\n(?! +(calve|tar|source) )/.test(text))) {
    const items = list.split('\n').filter((line) => / {2}\S/.test(line.trimStart()));
    const columns = items.map((line) => /^(.*?\S {2,})\S/.exec(line)?.[1]?.length);
    assert.equal(new Set(columns).size, 1, list);
  }
}

/** The lines of a terminal of common size with a prompt below. */
const HELP_MAX_LINES = 59;

test('--help of each command fits 59 lines, with common options first, then service, retries and output', () => {
  const order = [
    'Options',
    'Service options',
    'Retry options',
    'Output options',
    'Environment variables',
    'Examples',
  ];
  for (const command of [program, ...commands]) {
    for (const width of [80, 100]) {
      const help = printedHelp(command, '--help', width);
      const lines = help.trimEnd().split('\n');
      assert.ok(lines.length <= HELP_MAX_LINES, `calve ${command.name()}: ${lines.length} lines at ${width}`);
      assertTwoColumns(help, width);
    }
    if (command === program) continue;
    const headings = [...printedHelp(command, '--help', 100).matchAll(/^([A-Z][\w ,()]+):$/gm)].map(
      ([, name]) => name,
    );
    const service = optionsOf(command).some(({ long }) => long === '--region');
    const wanted = service ? order : order.filter((name) => !/^(Service|Retry)/.test(name));
    // `hash` and `completion` have no option of their own.
    const common = headings.filter((name) => order.includes(name ?? ''));
    assert.deepEqual(
      common,
      wanted.filter((name) => name !== 'Options' || common.includes('Options')),
    );
  }
});

test('--help of each command has two examples, and says how many options --help-all has besides', () => {
  for (const command of commands) {
    const short = printedHelp(command, '--help', 100);
    const [, examples = ''] = /^Examples:\n((?: {2}\S.*\n)+)\n/m.exec(short) ?? [];
    assert.ok(examples.trimEnd().split('\n').length >= 2, command.name());
    const full = printedHelp(command, '--help-all', 100);
    assertTwoColumns(full, 100);
    const flags = (help: string): string[] => help.match(/^ {2}(-\w, )?--[a-z-]+/gm) ?? [];
    for (const { long = '', envVar = '' } of optionsOf(command)) {
      assert.ok(
        flags(full).some((each) => each.endsWith(long)),
        `${command.name()} ${long}`,
      );
      assert.ok(full.replaceAll(/\s+/g, ' ').includes(envVar), envVar);
    }
    const hidden = flags(full).length - flags(short).length;
    const name = commandName(command);
    const last = `calve ${name} --help-all, or man calve-${name.replaceAll(' ', '-')}`;
    assert.ok(
      short.endsWith(
        hidden > 0
          ? `\n${hidden} more options: ${last}\n`
          : `\nManual: man calve-${name.replaceAll(' ', '-')}\n`,
      ),
    );
  }
});

test('calve --help prints the exit numbers and every command, help COMMAND its help, and --help-all every option', async (t) => {
  const env = cleanEnv(tempFolder(t));
  const { code, stdout, stderr } = await runCalve(['--help'], { env });
  assert.deepEqual([code, stderr], [0, '']);
  assert.ok(stdout.includes(exitNumbersHelp(EXIT_ROWS, program.createHelp()).trimEnd()));
  assertTwoColumns(stdout);
  for (const command of commands)
    assert.match(stdout, new RegExp(`^  ${commandName(command).split(' ')[0]} `, 'm'));
  // An argument and an option that the command needs are missing.
  const help = await runCalve(['list-parts', '--help-all'], { env });
  assert.deepEqual([help.code, help.stderr], [0, '']);
  assert.equal(
    help.stdout,
    printedHelp(commands.find((each) => each.name() === 'list-parts') ?? program, '--help-all', 80),
  );
  const named = await runCalve(['help', 'hash'], { env });
  const hash = commands.find((each) => each.name() === 'hash') ?? program;
  assert.deepEqual([named.code, named.stdout, named.stderr], [0, printedHelp(hash, '--help', 80), '']);
  const whole = await runCalve(['--help-all'], { env });
  assert.deepEqual(whole, { ...whole, code: 0, stdout, stderr: '' });
});
