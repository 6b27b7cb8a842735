/** An error of commander becomes a usage error like any other: `calve: WHAT: WHY`, and a hint. */
import type { Command, CommanderError } from 'commander';
import { TransferError } from '../core/failures.js';
import { optionsHint, spelling } from './options/given.js';

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
  return invalidValue(error, command) ?? otherMistake(error, command, argv);
}

/** Returns the words that are calve's: after -- come ids, or another command. */
export function beforeDashes(argv: readonly string[]): readonly string[] {
  return argv.includes('--') ? argv.slice(0, argv.indexOf('--')) : argv;
}

function namedCommand(program: Command, argv: readonly string[]): string | null {
  return program.commands.find((each) => argv.includes(each.name()))?.name() ?? null;
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

function otherMistake(error: CommanderError, command: string | null, argv: readonly string[]) {
  const message = error.code === 'commander.help' ? 'no command is named' : error.message;
  const why = message.replace(/^error: /, '').replaceAll(/\s*\n\s*/g, ' ');
  const hint = hintFor(error, command, argv) ?? `see calve${command === null ? '' : ` ${command}`} --help`;
  return new TransferError('usage', { what: command ?? 'command line', why, hint });
}

/** Returns what to do about the commonest mistakes. */
function hintFor(
  { code, message }: CommanderError,
  command: string | null,
  argv: readonly string[],
): string | null {
  if (code !== 'commander.unknownOption') return null;
  const [first = ''] = argv;
  if (first.startsWith('-') && command !== null) {
    return `options come after the command, for example: calve ${command} ${first}`;
  }
  if (argv.includes('--from-command') && !argv.includes('--')) {
    return 'a command comes after --, for example: calve upload glacier://photos --from-command -- tar -c photos';
  }
  const [, id] = /unknown option '(-[\w~.-]{20,})'$/.exec(message) ?? [];
  if (command !== 'resume' || id === undefined) return null;
  return `an upload id that begins with - comes after --, for example: calve resume -- ${id}`;
}
