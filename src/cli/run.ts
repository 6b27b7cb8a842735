/**
 * One run of the program, from argv to its exit number. With main, idle and signals, the only place that touches
 * `process`.
 */
import { homedir } from 'node:os';
import { isAbsolute, resolve } from 'node:path';
import process from 'node:process';
import { type Command, CommanderError } from 'commander';
import { TransferError } from '../core/failures.js';
import { earlyOutput } from './early-output.js';
import type { ExitMessage, Io } from './io.js';
import { leafCommands } from './options/given.js';
import { outputOn } from './output.js';
import { buildProgram } from './program.js';
import { stopOnSignals } from './signals.js';
import { usageFailure } from './usage-error.js';

const OFF = new Set(['', '0', 'false', 'no']);

/** Removes the variables that say no to a switch: to commander any value says yes. */
function unsetSwitchesThatSayNo(env: NodeJS.ProcessEnv, program: Command): void {
  for (const { envVar, required } of leafCommands(program).flatMap(({ options }) => options)) {
    if (envVar !== undefined && !required && OFF.has(env[envVar]?.toLowerCase() ?? '')) delete env[envVar];
  }
}

/** A folder that does not exist on any system. Source: Debian policy manual, section 9.2.3. */
const NO_FOLDER = '/nonexistent';

/**
 * Makes Node verify every certificate, also where calve cannot pass an option (the endpoint of a container's credentials).
 * Many CI images set the variable for programs of their own. `--no-verify-tls` is the switch for people who must.
 */
function verifyCertificates(env: NodeJS.ProcessEnv): void {
  delete env['NODE_TLS_REJECT_UNAUTHORIZED'];
}

/**
 * Keeps the warnings of Node and of packages from stderr, where only calve prints: the SDK warns of an endpoint of credentials
 * that is slow, and Node of a timer that is too long. `--debug` shows them.
 */
function silenceWarnings(): void {
  process.removeAllListeners('warning');
  for (const method of ['log', 'info', 'debug', 'warn', 'error', 'trace'] as const) {
    console[method] = () => undefined;
  }
}

/** Returns the home folder; empty where there is none, because few commands need it. */
function homeFolder(): string {
  try {
    return homedir();
  } catch {
    // HOME is not set, and the system does not know this user.
    return '';
  }
}

/**
 * Without a home folder, the AWS SDK would fail, or look for its files in the working folder. It reads this variable after
 * HOME.
 */
function keepSdkFromHome(env: NodeJS.ProcessEnv): void {
  env['USERPROFILE'] ||= NO_FOLDER;
}

/** Returns the working folder; null if somebody deleted it. Node's threads cannot start without one. */
function workingFolder(): string | null {
  try {
    return process.cwd();
  } catch {
    process.chdir('/');
    return null;
  }
}

function absolutePath(cwd: string | null, path: string): string {
  if (cwd !== null) return resolve(cwd, path);
  if (isAbsolute(path)) return resolve(path);
  throw new TransferError('source', { path, why: 'no-working-folder', detail: null });
}

function ioOfProcess(argv: readonly string[]): Io & { readonly env: NodeJS.ProcessEnv } {
  const exitMessage: ExitMessage = { words: null };
  const stdout = outputOn(process.stdout);
  process.stderr.on('error', () => undefined);
  const cwd = workingFolder();
  const homeDir = homeFolder();
  if (homeDir === '') keepSdkFromHome(process.env);
  return {
    // A copy, because the commands of --from-command get the environment as it was.
    env: { ...process.env },
    argv,
    homeDir,
    stdout,
    stderr: process.stderr,
    stdin: process.stdin,
    signal: stopOnSignals(exitMessage, stdout),
    exitMessage,
    absolute: (path) => absolutePath(cwd, path),
  };
}

/** Runs the command line. @returns the exit number */
export async function run(argv: readonly string[], version: string): Promise<number> {
  const io = ioOfProcess(argv);
  const program = buildProgram(io, version);
  for (const env of [process.env, io.env]) unsetSwitchesThatSayNo(env, program.command);
  verifyCertificates(process.env);
  const early = earlyOutput(io);
  if (!early.debug) silenceWarnings();
  // Help goes to standard error only after a mistake. Programs that read objects there get the mistake as an object.
  if (early.progress === 'json') program.command.configureOutput({ writeErr: () => undefined });
  try {
    await program.command.parseAsync(wordsToParse(argv, program.command), { from: 'user' });
    return program.exitCode();
  } catch (error) {
    return await endWith(io, error, program.command);
  }
}

/**
 * Returns what commander is to read. With --help it would print the general help for a word that is not a command, and end
 * with 0: it gets the word alone, and refuses it. `help COMMAND` becomes `COMMAND --help`, because commander's own `help`
 * ends with the number of an unfinished run. calve itself has no option --help-all, which commander would then not leave to
 * the commands.
 */
function wordsToParse(argv: readonly string[], program: Command): readonly string[] {
  const isHelp = argv[0] === 'help';
  const [word = '', ...others] = isHelp ? argv.slice(1) : argv;
  const isCommand = program.commands.some((command) => command.name() === word);
  if (!isCommand && !['', 'help'].includes(word) && !word.startsWith('-')) return [word];
  if (word === '--help-all' || (isHelp && !isCommand)) return ['--help'];
  if (isHelp) return [word, others.includes('--help-all') ? '--help-all' : '--help'];
  return argv;
}

/** Prints what stopped the run before its command began. @returns the exit number */
async function endWith(io: Io, error: unknown, program: Command): Promise<number> {
  const output = earlyOutput(io);
  if (error instanceof CommanderError && error.exitCode === 0) return 0;
  // The help is on stderr already. A program that reads stdout gets an object.
  if (
    error instanceof CommanderError &&
    error.code === 'commander.help' &&
    !output.json &&
    output.progress !== 'json'
  )
    return 2;
  const failure = error instanceof CommanderError ? usageFailure(error, program, io.argv) : error;
  const env = { stateDirectory: null, stateDirectoryGiven: false, isTerminal: io.stderr.isTTY === true };
  const { printError } = await import('./run-command.js');
  return printError(io, failure, output, env);
}
