/** The manual pages, made of the same declarations as --help: calve(1), and one page for each command. */
import type { Command, Option } from 'commander';
import {
  COMMAND_DETAILS,
  DESCRIPTION,
  FILES,
  OPTION_DETAILS,
  TARGETS,
  VALUES,
} from '../ui/manual/overview.js';
import {
  bold,
  escaped,
  examples,
  italic,
  item,
  pageHead,
  paragraphs,
  section,
  seeAlso,
  subsection,
} from '../ui/manual/roff.js';
import type { CommandGroup, Example } from './command.js';
import { environmentOf } from './environment.js';
import { EXIT_ROWS } from './exit-codes.js';
import { allOptions, describedInFull, PROGRAM_EXAMPLES } from './help.js';
import type { Io } from './io.js';
import { commandName, leafCommands } from './options/given.js';
import { buildProgram, COMMANDS, GROUPS } from './program.js';

interface Page {
  /** The name of the file: `calve-upload.1`. */
  readonly file: string;
  readonly text: string;
}

/**
 * Returns all pages.
 * @param date the date in their last line
 */
export function manualPages(version: string, date: Date): readonly Page[] {
  // No command runs, so nothing of the process is used.
  const { command: program } = buildProgram({} as Io, version);
  const pageOf = (name: string, summary: string, body: readonly string[]): Page => ({
    file: `${name}.1`,
    text: pageHead({ name, summary, version, date }) + body.join(''),
  });
  const pages = COMMANDS.map(({ name, examples: lines }) => {
    const command = commandOf(program, name);
    return pageOf(pageName(name), inNameLine(command.summary()), commandBody(command, lines));
  });
  const groups = GROUPS.map((group) =>
    pageOf(pageName(group.name), inNameLine(group.description), groupBody(program, group)),
  );
  return [pageOf('calve', inNameLine(program.description()), programBody(program)), ...groups, ...pages];
}

/** Returns the name of a command's page: `calve-fleet-send` for `fleet send`. */
function pageName(command: string): string {
  return `calve-${command.replaceAll(' ', '-')}`;
}

function commandOf(program: Command, name: string): Command {
  return leafCommands(program).find((each) => commandName(each) === name) as Command;
}

/** Source: man-pages(7): the text after the name is in lower case, and has no full stop. */
function inNameLine(sentence: string): string {
  return sentence.charAt(0).toLowerCase() + sentence.slice(1).replace(/\.$/, '');
}

function programBody(program: Command): readonly string[] {
  const list = (rows: readonly (readonly [term: string, text: string])[]): string =>
    rows.map(([term, text]) => item(italic(term), text)).join('');
  return [
    section('SYNOPSIS', `${bold('calve')} ${italic('COMMAND')} ${escaped('[options] [arguments]')}\n`),
    section('DESCRIPTION', paragraphs(DESCRIPTION) + list(TARGETS)),
    section('COMMANDS', COMMANDS.map(({ name }) => commandItem(program, name)).join('')),
    section('OPTIONS', optionItems(allOptions(program))),
    section('VALUES', paragraphs(VALUES)),
    exitStatus(),
    section('FILES', list(FILES)),
    examples(PROGRAM_EXAMPLES),
    seeAlso([...GROUPS, ...COMMANDS].map(({ name }) => pageName(name))),
  ];
}

function groupBody(
  program: Command,
  { name: group, description, examples: lines }: CommandGroup,
): readonly string[] {
  const members = COMMANDS.filter(({ name }) => name.startsWith(`${group} `));
  return [
    section(
      'SYNOPSIS',
      `${bold(`calve ${group}`)} ${italic('COMMAND')} ${escaped('[options] [arguments]')}\n`,
    ),
    section('DESCRIPTION', paragraphs([description, ...(COMMAND_DETAILS[group] ?? [])])),
    section('COMMANDS', members.map(({ name }) => commandItem(program, name)).join('')),
    exitStatus(),
    examples(lines),
    seeAlso(['calve', ...members.map(({ name }) => pageName(name))]),
  ];
}

function commandItem(program: Command, name: string): string {
  return `.TP\n.BR ${escaped(pageName(name))} (1)\n${escaped(commandOf(program, name).summary())}\n`;
}

function commandBody(command: Command, lines: readonly Example[]): readonly string[] {
  const own = commandName(command);
  const details = COMMAND_DETAILS[own] ?? [];
  const others = COMMANDS.filter(({ name }) => name !== own).map(({ name }) => pageName(name));
  return [
    section('SYNOPSIS', synopsis(command)),
    section('DESCRIPTION', paragraphs([command.description(), ...details])),
    section('OPTIONS', optionSections(command)),
    section('ENVIRONMENT', environment(command)),
    exitStatus(),
    examples(lines),
    seeAlso(['calve', ...others]),
  ];
}

function synopsis(command: Command): string {
  const start = `calve ${commandName(command)}`;
  const lines = command
    .createHelp()
    .commandUsage(command)
    .split('\n')
    .map((line) => line.trim());
  return lines.map((line) => `${bold(start)}${escaped(line.slice(start.length))}\n`).join('.br\n');
}

function optionSections(command: Command): string {
  const options = allOptions(command);
  const headings = [...new Set(options.map(({ helpGroupHeading }) => helpGroupHeading))];
  return headings
    .map((heading) => {
      const items = optionItems(options.filter(({ helpGroupHeading }) => helpGroupHeading === heading));
      return heading === undefined ? items : subsection(heading.replace(/:$/, ''), items);
    })
    .join('');
}

function optionItems(options: readonly Option[]): string {
  return options.map((option) => item(optionTerm(option), optionText(option))).join('');
}

function optionText(option: Option): string {
  const detail = OPTION_DETAILS[option.long ?? ''];
  return detail === undefined ? describedInFull(option) : `${describedInFull(option)}. ${detail}`;
}

/** Returns the flags in bold, and the value in italics: `-0, --null`, `--part-size <size>`. */
function optionTerm({ flags }: Option): string {
  const [names = '', value] = flags.split(/ (?=<)/);
  const bolds = names.split(', ').map(bold).join(', ');
  return value === undefined ? bolds : `${bolds} ${italic(value.slice(1, -1))}`;
}

function environment(command: Command): string {
  return environmentOf(allOptions(command))
    .map(({ names, meaning }) => item(names.map(bold).join(', '), `${meaning}.`))
    .join('');
}

function exitStatus(): string {
  const rows = EXIT_ROWS.map(({ code, meaning }) => item(bold(String(code)), meaning));
  return section('EXIT STATUS', rows.join(''));
}
