/** One run of the program, from argv to its exit number. With main and signals, the only place that touches `process`. */
import { homedir } from 'node:os';
import process from 'node:process';
import { CommanderError } from 'commander';
import { TransferError } from '../core/failures.js';
import type { ExitMessage, Io } from './io.js';
import { outputOn } from './output.js';
import { buildProgram } from './program.js';
import { printError } from './run-command.js';
import { stopOnSignals } from './signals.js';

const OFF = new Set(['', '0', 'false', 'no']);

/** A variable that stands for a flag and says no is as good as unset. */
function flagVariablesOff(env: NodeJS.ProcessEnv): void {
  for (const name of ['CALVE_JSON', 'CALVE_QUIET', 'CALVE_DEBUG', 'CALVE_ALLOW_HTTP']) {
    if (OFF.has(env[name]?.toLowerCase() ?? '')) delete env[name];
  }
}

/** What commander refuses is a usage error like any other: in our words' form, and as JSON where asked. */
function usageOf(error: CommanderError, command: string, argv: readonly string[]): TransferError<'usage'> {
  const message = error.code === 'commander.help' ? 'no command is named' : error.message;
  const why = message.replace(/^error: /, '').replaceAll(/\s*\n\s*/g, ' ');
  const hint = hintOf(error, command, argv) ?? `see calve ${command} --help`.replace('calve calve', 'calve');
  return new TransferError('usage', { what: command === 'calve' ? 'command line' : command, why, hint });
}

/** What the commonest of wrong orders call for. */
function hintOf({ code, message }: CommanderError, command: string, argv: readonly string[]): string | null {
  if (code !== 'commander.unknownOption') return null;
  const [first = ''] = argv;
  if (first.startsWith('-') && command !== 'calve') {
    return `options come after the command, for example: calve ${command} ${first}`;
  }
  if (argv.includes('--from-command') && !argv.includes('--')) {
    return 'a command comes after --, for example: calve upload glacier://photos --from-command -- tar -c photos';
  }
  const [, id] = /unknown option '(-[\w~.-]{20,})'$/.exec(message) ?? [];
  if (command !== 'resume' || id === undefined) return null;
  return `an upload id that begins with - comes after --, for example: calve resume -- ${id}`;
}

/** @returns the exit number */
export async function run(argv: readonly string[], version: string): Promise<number> {
  flagVariablesOff(process.env);
  const exitMessage: ExitMessage = { words: null };
  const stdout = outputOn(process.stdout);
  const io: Io = {
    env: process.env,
    argv,
    cwd: process.cwd(),
    homeDir: homedir(),
    stdout,
    stderr: process.stderr,
    stdin: process.stdin,
    signal: stopOnSignals(exitMessage, stdout),
    exitMessage,
  };
  process.stderr.on('error', () => undefined);
  const program = buildProgram(io, version);
  for (const command of [program.command, ...program.command.commands]) {
    command.exitOverride().configureOutput({ outputError: () => undefined });
  }
  try {
    await program.command.parseAsync(argv, { from: 'user' });
    return program.exitCode();
  } catch (error) {
    // What stands after -- is an id's or another command's.
    const words = argv.includes('--') ? argv.slice(0, argv.indexOf('--')) : argv;
    const json = words.includes('--json') || process.env['CALVE_JSON'] !== undefined;
    const command = commandName(words, program.command);
    return await ended(io, error, { json, debug: words.includes('--debug'), command });
  }
}

function commandName(argv: readonly string[], program: { commands: readonly { name(): string }[] }): string {
  return program.commands.find((each) => argv.includes(each.name()))?.name() ?? 'calve';
}

async function ended(
  io: Io,
  error: unknown,
  how: { readonly json: boolean; readonly debug: boolean; readonly command: string },
): Promise<number> {
  if (error instanceof CommanderError && error.exitCode === 0) return 0;
  // Help stands on stderr already; a program that reads stdout is told as well.
  if (error instanceof CommanderError && error.code === 'commander.help' && !how.json) return 2;
  const failure = error instanceof CommanderError ? usageOf(error, how.command, io.argv) : error;
  const env = { stateDirectory: null, stateDirectoryGiven: false, isTerminal: io.stderr.isTTY === true };
  return printError(io, failure, { ...how, env });
}
