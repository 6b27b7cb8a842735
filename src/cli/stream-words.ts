/** The words of a command line that sends a stream: `-`, or a command whose output is sent. */
import { TransferError } from '../core/failures.js';
import { looksLikeTarget } from '../core/target-url.js';
import { commandOutput, standardInput } from '../source/byte-streams.js';
import type { ByteStream } from '../transfer/ports/source.js';
import type { Io } from './io.js';

/** A command that sends streams, for its refusals. */
export interface StreamCommand {
  readonly name: 'upload' | 'resume';
  /** A line that sends the output of a command. */
  readonly commandExample: string;
  /** A line that sends standard input. */
  readonly pipeExample: string;
}

/**
 * Reads `TARGET --from-command -- CMD ARG...`.
 * @throws TransferError `usage`
 */
export function readCommandWords(
  words: readonly string[],
  { argv }: Pick<Io, 'argv'>,
  { name, commandExample }: StreamCommand,
): { readonly target: string; readonly command: readonly string[] } {
  const hint = `for example: ${commandExample}`;
  const [target = '', ...command] = words;
  const refuse = (why: string): never => {
    throw new TransferError('usage', { what: name, why, hint });
  };
  if (!looksLikeTarget(target)) {
    refuse(`with --from-command the target comes first; ${target} is not a target`);
  }
  // Without -- calve would read the command's options as its own.
  if ((command[0] ?? '') === '' || !argv.includes('--')) {
    refuse('--from-command needs a command, after --');
  }
  return { target, command };
}

/** @throws TransferError `usage` */
export function refuseTerminal({ stdin }: Pick<Io, 'stdin'>, { name, pipeExample }: StreamCommand): void {
  if (stdin.isTTY !== true) return;
  const hint = `pipe data into it, for example: ${pipeExample}`;
  throw new TransferError('usage', { what: name, why: 'standard input is a terminal', hint });
}

/** @param command the command to run and its arguments; null: standard input */
export function openBytes(io: Io, command: readonly string[] | null): ByteStream {
  if (command === null) return standardInput(io.stdin, io.signal);
  return commandOutput(command, { cwd: io.absolute('.'), env: io.env, signal: io.signal });
}
