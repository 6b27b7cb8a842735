/** The frame that every command shares: options, reporter, and failures with their texts and exit numbers. */

import type { Command } from 'commander';
import { type FailureContext, isFailure, TransferError, withContext } from '../core/failures.js';
import { isError } from '../core/is-error.js';
import { errorJson, jsonLine } from '../ui/json.js';
import { timed } from '../ui/progress/event-json.js';
import { ProgressMeter } from '../ui/progress/progress-meter.js';
import type { Reporter } from '../ui/progress/reporter-parts.js';
import { safeText } from '../ui/text/safe-text.js';
import { describeFailure, failureText } from '../ui/wording/failures.js';
import type { WordingEnvironment } from '../ui/wording/paste-line.js';
import { responseLines } from '../ui/wording/wording-parts.js';
import { systemClock } from './clock.js';
import type { CommandContext, CommandDefinition } from './command.js';
import type { ErrorOutput } from './early-output.js';
import { type ExitCode, exitCodeOf } from './exit-codes.js';
import { whenIdle } from './idle.js';
import type { ExitText, Io } from './io.js';
import { givenOptions } from './options/given.js';
import { readGroups } from './options/group.js';
import { type OutputOptions, outputOptions } from './options/output.js';
import type { CatalogueOptions, StateOptions } from './options/state.js';
import { openReporter } from './reporter.js';

const STACK_LINE_MAX_LENGTH = 2000;

/** Groups that name folders. Every command that has them calls them so. */
type Folders = Partial<StateOptions & CatalogueOptions>;

interface Run {
  readonly io: Io;
  readonly output: OutputOptions;
  readonly folders: Folders;
  /** The upload in progress, for failures that no caller explains. */
  current: FailureContext;
  /** Counts the parts that the service holds, for the message of a stop. */
  readonly meter: ProgressMeter;
}

/**
 * Runs a command's body with the options that it declares.
 * @returns the exit number: that of the first failure, else 0
 * @throws TransferError `usage` for options that cannot be used; nothing has run then
 */
export async function runCommand(io: Io, command: Command, definition: CommandDefinition): Promise<ExitCode> {
  const given = givenOptions(command);
  const { output, ...options } = readGroups({ ...definition.groups, output: outputOptions }, given, io);
  const run: Run = {
    io,
    output,
    folders: options as Folders,
    current: {},
    meter: new ProgressMeter(systemClock.monotonicMs),
  };
  const reporter = keepExitMessage(run, await openReporter(io, output, wordingEnvironment(io, run.folders)));
  let exitCode: ExitCode = 0;
  const fail: CommandContext['fail'] = async (error, context = {}) => {
    reporter.clear();
    const code = await printFailure(run, withContext(error, context));
    if (exitCode === 0) exitCode = code;
  };
  const result: CommandContext['result'] = async (object, text, archiveId) => {
    const line = output.json ? jsonLine(object) : text;
    if (line !== null) await io.stdout.line(line, archiveId);
  };
  try {
    const body = await definition.load();
    const words = command.processedArgs.flat() as string[];
    const ended = body({ io, output, options, given, reporter, fail, result }, words, command);
    await Promise.race([ended, whenIdle()]);
  } catch (error) {
    await fail(error, isFailure(error, 'bug') ? run.current : {});
  } finally {
    reporter.done();
    io.exitMessage.words = null;
  }
  return exitCode;
}

/** Names the upload in the text that a forced stop prints, for as long as the upload is in progress. */
function keepExitMessage(run: Run, reporter: Reporter): Reporter {
  setCurrent(run, {});
  return {
    ...reporter,
    report(event) {
      run.meter.note(event);
      if (event.type === 'archived') run.meter.finish();
      if (event.type === 'archived' || event.type === 'failed') setCurrent(run, {});
      if (event.type === 'started') {
        const { file, target, uploadId, orphan, resend, fleet } = event;
        const upload = uploadId === null ? {} : { uploadId, resumable: orphan === null };
        const left = { ...(orphan !== null && { orphan }), ...(resend !== undefined && { resend }) };
        setCurrent(run, { file, target, ...upload, ...left, ...(fleet !== undefined && { fleet }) });
      }
      reporter.report(event);
    },
  };
}

function setCurrent(run: Run, current: FailureContext): void {
  run.current = current;
  run.io.exitMessage.words = exitText(run);
}

function exitText(run: Run) {
  return (stopped: TransferError<'stopped'>): ExitText => {
    withContext(stopped, { ...run.current, ...heldParts(run) });
    const env = wordingEnvironment(run.io, run.folders);
    return {
      stdout: run.output.json ? jsonLine(errorJson(stopped, exitCodeOf(stopped), env)) : null,
      stderr: errorText(stopped, run.output, env),
    };
  };
}

function heldParts({ meter }: Run): FailureContext {
  const held = meter.held();
  return held ? { held } : {};
}

async function printFailure(run: Run, error: unknown): Promise<ExitCode> {
  const { io, output } = run;
  // A stop is printed once. After any other failure the next file may still be stopped.
  setCurrent(run, {});
  if (isFailure(error, 'stopped')) {
    io.exitMessage.words = null;
    withContext(error, heldParts(run));
  }
  run.meter.finish();
  return printError(io, error, output, wordingEnvironment(io, run.folders));
}

/** @param folders the groups of a command that name folders */
export function wordingEnvironment(io: Io, { state, catalogue }: Folders): WordingEnvironment {
  return {
    stateDirectory: state?.known ?? null,
    stateDirectoryGiven: state?.isGiven ?? false,
    catalogueGiven: catalogue?.isGiven === true ? catalogue.known : null,
    isTerminal: io.stderr.isTTY === true,
  };
}

/** Prints any error: its text (or its object under --progress json) on stderr, and its object on stdout under --json. */
export async function printError(
  io: Io,
  error: unknown,
  output: ErrorOutput,
  env: WordingEnvironment,
): Promise<ExitCode> {
  const failure = error instanceof TransferError ? error : asBug(error);
  const code = exitCodeOf(failure);
  if (output.json) await io.stdout.line(jsonLine(errorJson(failure, code, env))).catch(() => undefined);
  await new Promise((resolve) => {
    const stack = output.debug ? stackText(error, failure, output) : '';
    io.stderr.write(errorText(failure, output, env) + stack, resolve);
  });
  return code;
}

/** Returns the lines of a failure on standard error. */
function errorText(failure: TransferError, { progress }: ErrorOutput, env: WordingEnvironment): string {
  if (progress !== 'json') return failureText(describeFailure(failure, env));
  return `${jsonLine(timed(errorJson(failure, exitCodeOf(failure), env), systemClock.nowMs()))}\n`;
}

function stackText(error: unknown, { service }: TransferError, { progress }: ErrorOutput): string {
  const stack = stacks(error);
  if (progress !== 'json') return `${stack}\n${responseLines(service)}`;
  const headers = service?.headers ?? {};
  return `${jsonLine(timed({ type: 'debug', stack, headers }, systemClock.nowMs()))}\n`;
}

function asBug(error: unknown): TransferError<'bug'> {
  const detail = isError(error) ? `${error.name}: ${error.message}` : String(error);
  return new TransferError('bug', { detail }, { cause: error });
}

function stacks(error: unknown): string {
  const lines: string[] = [];
  for (let each: unknown = error; isError(each); each = each.cause) lines.push(each.stack ?? each.message);
  // A message may come from the service, so its characters are made harmless as in the failure's own text.
  return lines
    .join('\ncaused by ')
    .split('\n')
    .map((line) => safeText(line, STACK_LINE_MAX_LENGTH))
    .join('\n');
}
