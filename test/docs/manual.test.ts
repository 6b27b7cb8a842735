/** The manual pages that the build wrote, and `--help`, from the same declarations. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { Command } from 'commander';
import type { Io } from '../../src/cli/io.js';
import { commandName, leafCommands } from '../../src/cli/options/given.js';
import { buildProgram, COMMANDS, GROUPS } from '../../src/cli/program.js';
import { COMMAND_DETAILS, OPTION_DETAILS } from '../../src/ui/manual/overview.js';
import { missingPrograms } from '../support/programs.js';

const ROOT = join(import.meta.dirname, '../../..');
const FOLDER = join(ROOT, 'dist/man');
const PAGES = readdirSync(FOLDER).sort();
const PATHS = PAGES.map((page) => join(FOLDER, page));
const { command: program } = buildProgram({} as Io, '0');
const commands = leafCommands(program);
const pageName = (command: string): string => `calve-${command.replaceAll(' ', '-')}`;

function textOf(page: string): string {
  return readFileSync(join(FOLDER, page), 'utf8');
}

/** Returns all that `--help` of a command prints. */
function helpTextOf(command: Command): string {
  let printed = '';
  command.configureOutput({ writeOut: (text) => (printed += text) }).outputHelp();
  return printed;
}

/** Returns what a program prints about pages, on both of its outputs. */
function printedBy(line: readonly string[]): string {
  const [name = '', ...words] = line;
  return execFileSync('sh', ['-c', '"$0" "$@" 2>&1', name, ...words, ...PATHS], { encoding: 'utf8' });
}

describe('The manual', () => {
  test('has a page for calve, for each group and for each command, and package.json names all of them', () => {
    const { man } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { man: string[] };
    const wanted = ['calve.1', ...[...GROUPS, ...COMMANDS].map(({ name }) => `${pageName(name)}.1`)].sort();
    assert.deepEqual(PAGES, wanted);
    assert.deepEqual(
      [...man].sort(),
      wanted.map((page) => `dist/man/${page}`),
    );
  });

  test('explains every option and every variable of a command, its examples and the exit numbers', () => {
    for (const { name, examples } of COMMANDS) {
      const text = textOf(`${pageName(name)}.1`)
        .replaceAll('\\-', '-')
        .replaceAll('\\(aq', "'");
      for (const { long = '', envVar } of commands.find((each) => commandName(each) === name)?.options ??
        []) {
        assert.match(
          text,
          new RegExp(`^\\.TP\\n(?:\\\\fB-0\\\\fR, )?\\\\fB${long}\\\\fR`, 'm'),
          `${name} ${long}`,
        );
        if (envVar !== undefined) assert.ok(text.includes(envVar), `${name} ${envVar}`);
      }
      for (const { line } of examples) assert.ok(text.replaceAll('\\(ti', '~').includes(`\n${line}\n`), line);
      assert.match(text, /^\.SH EXIT STATUS$/m);
    }
    for (const { name } of COMMANDS)
      assert.ok(textOf('calve.1').includes(`${pageName(name).replaceAll('-', '\\-')} (1)`));
  });

  test('of a group names its commands, and gives an example of each step', () => {
    for (const { name: group, examples } of GROUPS) {
      const text = textOf(`${pageName(group)}.1`).replaceAll('\\-', '-');
      const help = program.commands.find((each) => each.name() === group) as Command;
      const members = COMMANDS.filter(({ name }) => name.startsWith(`${group} `));
      assert.ok(members.length > 1);
      for (const { name } of members) assert.ok(text.includes(`${pageName(name)} (1)`), name);
      for (const { line } of examples) {
        assert.ok(text.includes(`\n${line}\n`), line);
        assert.ok(helpTextOf(help).includes(`\n  ${line}\n`), line);
      }
      assert.match(helpTextOf(help), new RegExp(`man ${pageName(group)}\\b`));
    }
  });

  test('has details of commands and options that there are', () => {
    const names = new Set([...GROUPS, ...COMMANDS].map(({ name }) => name));
    const options = new Set(commands.flatMap((each) => each.options.map(({ long }) => long)));
    for (const name of Object.keys(COMMAND_DETAILS)) assert.ok(names.has(name), name);
    for (const long of Object.keys(OPTION_DETAILS)) assert.ok(options.has(long), long);
  });

  test('has no fault that mandoc finds', { skip: missingPrograms(['mandoc'], 'mandoc') }, () => {
    assert.equal(printedBy(['mandoc', '-T', 'lint']), '');
  });

  test('has no fault that groff finds', { skip: missingPrograms(['groff'], 'groff-base') }, () => {
    assert.equal(printedBy(['groff', '-man', '-Tutf8', '-ww', '-z']), '');
  });
});
