/** What is the same around every command: options, reporter, failures with their words and numbers. */
import type { Command } from 'commander';
import { type FailureContext, isFailure, TransferError, withContext } from '../core/failures.js';
import { errorJson, jsonLine } from '../ui/json.js';
import type { Reporter } from '../ui/progress/reporter-parts.js';
import { safeText } from '../ui/text/safe-text.js';
import { describeFailure, failureText } from '../ui/wording/failures.js';
import type { WordingEnvironment } from '../ui/wording/paste-line.js';
import { openReporter } from './compose.js';
import { type ExitCode, exitCodeOf } from './exit-codes.js';
import type { ExitText, Io } from './io.js';
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
  const env = wordingEnvironment(io, options);
  const reporter = keepExitMessage(io, options, await openReporter(io, options.output, env));
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
    io.exitMessage.words = null;
  }
  return exitCode;
}

/** From its beginning to its end an upload is named in what a forced stop still says. */
function keepExitMessage(io: Io, options: Options, reporter: Reporter): Reporter {
  const { exitMessage } = io;
  exitMessage.words = exitText(io, options, {});
  return {
    ...reporter,
    report(event) {
      if (event.type === 'archived' || event.type === 'failed') exitMessage.words = exitText(io, options, {});
      if (event.type === 'started') {
        const { file, target, uploadId, orphan } = event;
        const resumable = orphan === null;
        const context = { file, target, uploadId, resumable, ...(orphan !== null && { orphan }) };
        exitMessage.words = exitText(io, options, context);
      }
      reporter.report(event);
    },
  };
}

function exitText(io: Io, options: Options, context: FailureContext) {
  return (stopped: TransferError<'stopped'>): ExitText => {
    withContext(stopped, context);
    const env = wordingEnvironment(io, options);
    const stderr = failureText(describeFailure(stopped, env));
    return {
      stdout: options.output.json ? jsonLine(errorJson(stopped, exitCodeOf(stopped), env)) : null,
      stderr,
    };
  };
}

async function printFailure(io: Io, options: Options, error: unknown): Promise<ExitCode> {
  // A stop that is being said is not said again; after any other failure the next file may still be stopped.
  io.exitMessage.words = isFailure(error, 'stopped') ? null : exitText(io, options, {});
  const env = wordingEnvironment(io, options);
  return printError(io, error, { env, json: options.output.json, debug: options.output.debug });
}

function wordingEnvironment(io: Io, options: Options): WordingEnvironment {
  return {
    stateDirectory: options.state.stateDir,
    stateDirectoryGiven: options.state.stateDirGiven,
    catalogueGiven: options.state.catalogueGiven ? options.state.catalogueDir : null,
    isTerminal: io.stderr.isTTY === true,
  };
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
