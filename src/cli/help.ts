/** The text of `--help` and `--help-all`, wrapped and put into columns by commander. */
import { type Command, CommanderError, Help, type HelpConfiguration, Option } from 'commander';
import type { CommandDefinition, Example } from './command.js';
import { environmentOf } from './environment.js';
import { commandName } from './options/given.js';
import { below, isRare } from './options/headings.js';

export interface ExitNumberRow {
  readonly code: number;
  readonly meaning: string;
}

/** A command with at most this many options shows all of them in `--help`, since they fit one screen. */
const SHOWN_AT_ONCE = 20;

/** Returns the exit numbers as a list like that of the options, with the numbers aligned to the right. */
export function exitNumbersHelp(rows: readonly ExitNumberRow[], help: Help): string {
  const width = Math.max(...rows.map(({ code }) => String(code).length));
  const items = rows.map(({ code, meaning }) =>
    help.formatItem(String(code).padStart(width), width, meaning, help),
  );
  return help.formatItemList('Exit numbers:', items, help).join('\n');
}

/** Returns the options of a command, `--help` as well. Some of them only `--help-all` shows. */
export function allOptions(command: Command): readonly Option[] {
  return new Help().visibleOptions(command);
}

/** For `calve --help`, and the page calve(1). */
export const PROGRAM_EXAMPLES: readonly Example[] = [
  {
    line: 'calve upload backup.tar local://trial',
    meaning: 'Sends a file to a vault on this disk, to try it.',
  },
  { line: 'calve upload backup.tar glacier://photos', meaning: 'Sends a file to a vault of Amazon Glacier.' },
];

/** Returns the description of an option with its choices, its default and its variable in one pair of brackets. */
function described(option: Option, variable: string | null): string {
  const { argChoices, defaultValue, defaultValueDescription } = option;
  const [, text = option.description, ownDefault] =
    /^(.*) \((default: [^()]*)\)$/.exec(option.description) ?? [];
  const facts = [
    argChoices === undefined ? null : `one of ${argChoices.join(', ')}`,
    ownDefault ?? (defaultValue === undefined ? null : `default: ${defaultValueDescription ?? defaultValue}`),
    variable,
  ].filter((fact) => fact !== null && fact !== undefined);
  return facts.length === 0 ? text : `${text} (${facts.join('; ')})`;
}

/** Returns the description of an option with the name of its variable. */
export function describedInFull(option: Option): string {
  return described(option, option.envVar === undefined ? null : `env: ${option.envVar}`);
}

/** For `--help`: the options that most people need, and only a mark where an option has a variable. */
export const SHORT_HELP: HelpConfiguration = {
  subcommandTerm: (command) => command.name(),
  visibleOptions(command) {
    const options = allOptions(command);
    return options.filter((option) => options.length <= SHOWN_AT_ONCE || !isRare(option));
  },
  optionDescription: (option) => described(option, option.envVar === undefined ? null : 'env'),
};

const FULL_HELP: HelpConfiguration = {
  ...SHORT_HELP,
  visibleOptions: (command) => [...allOptions(command)],
  optionDescription: describedInFull,
};

/** Returns commander's formatter for the width of the terminal. */
function helpOf(command: Command): Help {
  const help = command.createHelp();
  const helpWidth = command.configureOutput().getOutHelpWidth?.();
  help.prepareContext(helpWidth === undefined ? {} : { helpWidth });
  return help;
}

/** Adds `--help` and `--help-all`, and the examples and variables that they print below the options. */
export function addHelp(command: Command, definition: CommandDefinition): void {
  const { all, help } = below('Output options:', {
    all: new Option('--help-all', 'show every option'),
    help: new Option('-h, --help', 'show the common options'),
  });
  command.addOption(all).addHelpOption(help);
  command.on('option:help-all', () => {
    command.configureHelp(FULL_HELP).outputHelp();
    throw new CommanderError(0, 'commander.help', '(outputHelp)');
  });
  command.addHelpText('after', () => `\n${textAfterOptions(command, definition)}`);
}

function textAfterOptions(command: Command, { examples }: CommandDefinition): string {
  const help = helpOf(command);
  const rows = environmentOf(help.visibleOptions(command)).map(
    ({ names: [first = '', ...others], meaning }) => ({
      term: others.length > 0 ? `${first}, ...` : first,
      meaning,
    }),
  );
  const width = Math.max(...rows.map(({ term }) => term.length));
  const variables = rows.map(({ term, meaning }) => help.formatItem(term, width, meaning, help));
  return [
    ...help.formatItemList('Environment variables:', variables, help),
    ...exampleLines(examples, help),
    lastLine(command, help),
  ].join('\n');
}

function exampleLines(examples: readonly Example[], help: Help): readonly string[] {
  return help.formatItemList(
    'Examples:',
    examples.map(({ line }) => `  ${line}`),
    help,
  );
}

/** Returns what `calve --help` prints below the commands. */
export function textAfterCommands(program: Command, exitRows: readonly ExitNumberRow[]): string {
  const help = helpOf(program);
  const last = 'calve COMMAND --help explains a command, and man calve the whole.';
  return [exitNumbersHelp(exitRows, help), ...exampleLines(PROGRAM_EXAMPLES, help), last].join('\n');
}

/** Returns what `calve GROUP --help` prints below the commands of the group. */
export function textAfterGroup(group: Command, examples: readonly Example[]): string {
  const name = group.name();
  const last = `calve ${name} COMMAND --help explains a command, and man calve-${name} the whole.`;
  return [...exampleLines(examples, helpOf(group)), last].join('\n');
}

/** Returns the line that leads to more: to the options that are not shown, and to the manual. */
function lastLine(command: Command, help: Help): string {
  const name = commandName(command);
  const hidden = allOptions(command).length - help.visibleOptions(command).length;
  const manual = `man calve-${name.replaceAll(' ', '-')}`;
  return hidden === 0
    ? `Manual: ${manual}`
    : `${hidden} more options: calve ${name} --help-all, or ${manual}`;
}
