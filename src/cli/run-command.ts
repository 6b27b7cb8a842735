/** What is the same around every command: options, reporter, failures with their words and numbers. */
import type { Command } from 'commander';
import { type FailureContext, TransferError, withContext } from '../core/failures.js';
import { describeFailure, failureText } from '../ui/failure-wording.js';
import { errorJson, jsonLine } from '../ui/json.js';
import type { WordingEnvironment } from '../ui/paste-line.js';
import type { Reporter } from '../ui/reporter-parts.js';
import { safeText } from '../ui/safe-text.js';
import { openReporter } from './compose.js';
import { type ExitCode, exitCodeOf } from './exit-codes.js';
import type { Io } from './io.js';
import { type Options, readOptions } from './options.js';

const STACK_LINE_MAX_LENGTH = 2000;

export interface CommandContext {
  readonly io: Io;
  readonly options: Options;
  readonly reporter: Reporter;
  /** Prints a failure and keeps its number, if it is the first. For commands that go on to the next file. */
  fail(error: unknown, context?: FailureContext): Promise<void>;
  /** Prints a result: the object under --json, else the text; neither where the text is null. */
  result(object: { readonly type: string }, text: string | null, archiveId?: string): Promise<void>;
}

/** Runs a command's body. @returns the exit number: the first failure's, else 0 */
export async function runCommand(
  io: Io,
  command: Command,
  body: (context: CommandContext) => Promise<void>,
): Promise<ExitCode> {
  const options = readOptions(io, command);
  const reporter = await openReporter(io, options.output);
  let exitCode: ExitCode = 0;
  const fail = async (error: unknown, context: FailureContext = {}): Promise<void> => {
    reporter.clear();
    const code = await printFailure(io, options, withContext(error, context));
    if (exitCode === 0) exitCode = code;
  };
  const result: CommandContext['result'] = async (object, text, archiveId) => {
    const line = options.output.json ? jsonLine(object) : text;
    if (line !== null) await io.stdout.line(line, archiveId);
  };
  try {
    await body({ io, options, reporter, fail, result });
  } catch (error) {
    await fail(error);
  } finally {
    reporter.done();
  }
  return exitCode;
}

async function printFailure(io: Io, options: Options, error: unknown): Promise<ExitCode> {
  const env: WordingEnvironment = {
    stateDirectory: options.state.stateDir,
    stateDirectoryGiven: options.state.stateDirGiven,
    catalogueGiven: options.state.catalogueGiven ? options.state.catalogueDir : null,
    isTerminal: io.stderr.isTTY === true,
  };
  return printError(io, error, { env, json: options.output.json, debug: options.output.debug });
}

/** Prints any error: its words on stderr, its object on stdout under --json. */
export async function printError(
  io: Io,
  error: unknown,
  how: { readonly env: WordingEnvironment; readonly json: boolean; readonly debug: boolean },
): Promise<ExitCode> {
  const failure = error instanceof TransferError ? error : asBug(error);
  const code = exitCodeOf(failure);
  if (how.json) await io.stdout.line(jsonLine(errorJson(failure, code, how.env))).catch(() => undefined);
  await new Promise((resolve) => {
    const stack = how.debug ? `${stacks(error)}\n` : '';
    io.stderr.write(failureText(describeFailure(failure, how.env)) + stack, resolve);
  });
  return code;
}

function asBug(error: unknown): TransferError<'bug'> {
  const detail = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return new TransferError('bug', { detail }, { cause: error });
}

function stacks(error: unknown): string {
  const lines: string[] = [];
  for (let each: unknown = error; each instanceof Error; each = each.cause)
    lines.push(each.stack ?? each.message);
  // A message may be the service's: its characters are as harmless here as in the failure's own words.
  return lines
    .join('\ncaused by ')
    .split('\n')
    .map((line) => safeText(line, STACK_LINE_MAX_LENGTH))
    .join('\n');
}
