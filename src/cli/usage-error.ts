/** An error of commander becomes a usage error like any other: `calve: WHAT: WHY`, and a hint. */
import type { Command, CommanderError } from 'commander';
import { TransferError } from '../core/failures.js';
import { commandName, leafCommands, optionsHint, spelling } from './options/given.js';

/** Commander's words for a value that a parser refused. The reason is the parser's own, and the value may be anything. */
const BY_FLAG = /^error: option '(--[\w-]+)[^']*' argument '(.*)' is invalid\. (.*)$/s;
const BY_VARIABLE = /^error: option '[^']*' value '(.*)' from env '(\w+)' is invalid\. (.*)$/s;
const ARGUMENT = /^error: command-argument value '(.*)' is invalid for argument '[^']*'\. (.*)$/s;

/** Returns commander's refusal as a failure of ours. `argv` is what was typed. */
export function usageFailure(
  error: CommanderError,
  program: Command,
  argv: readonly string[],
): TransferError<'usage'> {
  const command = namedCommand(program, beforeDashes(argv));
  if (error.code === 'commander.unknownCommand') return unknownCommand(error, command);
  const invalid = invalidValue(error, command);
  return invalid ?? otherMistake(error, { program, command, argv });
}

/** Returns the words that are calve's: after -- come ids, or another command. */
export function beforeDashes(argv: readonly string[]): readonly string[] {
  return argv.includes('--') ? argv.slice(0, argv.indexOf('--')) : argv;
}

function namedCommand(program: Command, argv: readonly string[]): string | null {
  const isNamed = (each: Command): boolean => argv.includes(each.name());
  const command = program.commands.find(isNamed);
  const named = command?.commands.find(isNamed) ?? command;
  return named === undefined ? null : commandName(named);
}

function invalidValue({ code, message }: CommanderError, command: string | null) {
  if (code !== 'commander.invalidArgument') return null;
  const name = command ?? 'COMMAND';
  const [, flag = '', typed = '', whyTyped] = BY_FLAG.exec(message) ?? [];
  if (whyTyped !== undefined) return refused(spelling(flag, ' ', typed), whyTyped, optionsHint(name));
  const [, set = '', variable = '', whySet] = BY_VARIABLE.exec(message) ?? [];
  if (whySet !== undefined) return refused(spelling(variable, '=', set), whySet, optionsHint(name));
  const [, word = '', why] = ARGUMENT.exec(message) ?? [];
  return why === undefined ? null : refused(`${name} ${word}`, why, `see calve ${name} --help`);
}

function refused(what: string, why: string, hint: string): TransferError<'usage'> {
  const own = why.replace(/^Allowed choices are (.*)\.$/, 'it is one of $1');
  return new TransferError('usage', { what, why: own, hint });
}

/** The names that other tools give to the things that calve does, or does not do. */
const OTHER_COMMANDS: readonly (readonly [names: readonly string[], hint: string])[] = [
  [
    ['cp', 'copy', 'put', 'send', 'push', 'mv', 'sync', 'backup', 'archive', 'store'],
    'files are sent with: calve upload FILE... TARGET',
  ],
  [
    ['ls', 'list', 'dir', 'ps'],
    'calve list-uploads TARGET lists the uploads on the service, calve status those of this machine, calve archives the archives',
  ],
  [
    ['rm', 'del', 'delete', 'remove', 'cancel'],
    'calve abort TARGET --upload-id ID removes an unfinished upload; calve deletes no archives',
  ],
  [
    ['get', 'download', 'restore', 'fetch'],
    'calve only sends; archives come back with the tools of the service, for example aws s3 cp',
  ],
  [['doctor', 'ping', 'test'], 'what a run needs is checked by: calve check TARGET'],
  [['inventory', 'fsck', 'scrub'], 'calve audit TARGET compares the catalogue with what the service holds'],
  [['continue', 'retry'], 'an unfinished upload continues with: calve resume'],
  [['sum', 'sha256', 'sha256sum', 'checksum', 'treehash'], 'tree hashes are printed by: calve hash FILE...'],
];

function unknownCommand({ message }: CommanderError, group: string | null): TransferError<'usage'> {
  const why = inOneLine(message);
  const [, word = ''] = /unknown command '(.*)'/.exec(why) ?? [];
  const other = group === null ? OTHER_COMMANDS.find(([names]) => names.includes(word))?.[1] : undefined;
  const hint = other ?? `see calve${group === null ? '' : ` ${group}`} --help`;
  return new TransferError('usage', { what: 'command line', why, hint });
}

function inOneLine(message: string): string {
  return message.replace(/^error: /, '').replaceAll(/\s*\n\s*/g, ' ');
}

/** The words that were typed, and the command among them. */
interface Typed {
  readonly program: Command;
  readonly command: string | null;
  readonly argv: readonly string[];
}

function otherMistake(error: CommanderError, typed: Typed) {
  const { command } = typed;
  const why = inOneLine(error.code === 'commander.help' ? 'no command is named' : error.message);
  const hint = optionHint(error, typed) ?? `see calve${command === null ? '' : ` ${command}`} --help`;
  return new TransferError('usage', { what: command ?? 'command line', why, hint });
}

/** Short options that many tools have. calve has none, because an upload id may begin with a hyphen. */
const LONG_NAMES: ReadonlyMap<string, string> = new Map([
  ['-q', '--quiet'],
  ['-v', '--debug'],
  ['-n', '--dry-run'],
  ['-y', '--yes'],
]);

/** Returns the fix for the commonest mistakes with options; null for any other. */
function optionHint({ code, message }: CommanderError, typed: Typed): string | null {
  if (code !== 'commander.unknownOption') return null;
  const { command, argv } = typed;
  const [first = ''] = argv;
  if (first.startsWith('-') && command !== null) return misplacedHint(first, command, typed);
  if (argv.includes('--from-command') && !argv.includes('--')) {
    return 'a command comes after --, for example: calve upload glacier://photos --from-command -- tar -c photos';
  }
  const [, unknown = ''] = /unknown option '(.*)'/s.exec(message) ?? [];
  const long = LONG_NAMES.get(unknown);
  if (long !== undefined && (command === null || hasOption(typed, long))) {
    return `options have long names, and come after the command: ${long}`;
  }
  if (command !== 'resume' || !/^-[\w~.-]{20,}$/.test(unknown)) return null;
  return `an upload id that begins with - comes after --, for example: calve resume -- ${unknown}`;
}

/** Returns the fix for an option before the command. The example has only an option that the command has. */
function misplacedHint(first: string, command: string, typed: Typed): string {
  const name = LONG_NAMES.get(first) ?? first;
  const [long = ''] = name.split('=');
  if (hasOption(typed, long)) return `options come after the command, for example: calve ${command} ${name}`;
  return `options come after the command; ${optionsHint(command)}`;
}

function hasOption({ program, command }: Typed, long: string): boolean {
  const named = leafCommands(program).find((each) => commandName(each) === command);
  return named?.options.some((option) => option.long === long) === true;
}
