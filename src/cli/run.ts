/** One run of the program, from argv to its exit number. With main and signals, the only place that touches `process`. */
import { homedir } from 'node:os';
import process from 'node:process';
import { CommanderError } from 'commander';
import { TransferError } from '../core/failures.js';
import type { Farewell, Io } from './io.js';
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
function usageOf(error: CommanderError, command: string): TransferError<'usage'> {
  const message = error.code === 'commander.help' ? 'no command is named' : error.message;
  const why = message.replace(/^error: /, '').replaceAll(/\s*\n\s*/g, ' ');
  const [, id] = /unknown option '(-[\w~.-]{20,})'$/.exec(why) ?? [];
  const hint =
    command === 'resume' && id !== undefined
      ? `an upload id that begins with - comes after --, as in: calve resume -- ${id}`
      : `see calve ${command} --help`.replace('calve calve', 'calve');
  return new TransferError('usage', { what: command === 'calve' ? 'command line' : command, why, hint });
}

/** @returns the exit number */
export async function run(argv: readonly string[], version: string): Promise<number> {
  flagVariablesOff(process.env);
  const farewell: Farewell = { words: null };
  const stdout = outputOn(process.stdout);
  const io: Io = {
    env: process.env,
    cwd: process.cwd(),
    homeDir: homedir(),
    stdout,
    stderr: process.stderr,
    stdin: process.stdin,
    signal: stopOnSignals(farewell, stdout),
    farewell,
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
    const json = argv.includes('--json') || process.env['CALVE_JSON'] !== undefined;
    return await ended(io, error, {
      json,
      debug: argv.includes('--debug'),
      command: commandName(argv, program.command),
    });
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
  const failure = error instanceof CommanderError ? usageOf(error, how.command) : error;
  const env = { stateDirectory: null, stateDirectoryGiven: false, isTerminal: io.stderr.isTTY === true };
  return printError(io, failure, { ...how, env });
}
