/** The parts of the process that a command may use. Commands get them as a parameter: only run.ts knows `process`. */
import type { TransferError } from '../core/failures.js';
import type { Output } from './output.js';

export interface Io {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The words after the program's name. */
  readonly argv: readonly string[];
  /** Empty where there is none. */
  readonly homeDir: string;
  readonly stdout: Output;
  readonly stderr: NodeJS.WriteStream;
  readonly stdin: NodeJS.ReadStream;
  /** Aborted with a TransferError `stopped` by the first signal. */
  readonly signal: AbortSignal;
  readonly exitMessage: ExitMessage;
  /**
   * Returns the absolute path of one that may start from the working folder.
   * @throws TransferError `source` (no-working-folder) for such a path if somebody deleted the working folder
   */
  absolute(path: string): string;
}

/** The parts on which the values of options depend. */
export type OptionIo = Pick<Io, 'env' | 'homeDir' | 'absolute'>;

/** The parts on which a session with a service depends. */
export type ServiceIo = Pick<Io, 'env' | 'signal'>;

/**
 * The text that a forced stop still prints: a second signal, or a first one that takes too long. The command sets it,
 * because only the command knows the upload; null when there is nothing left to print.
 */
export interface ExitMessage {
  words: ((stopped: TransferError<'stopped'>) => ExitText) | null;
}

export interface ExitText {
  /** A line without its end; null unless --json asks for objects. */
  readonly stdout: string | null;
  readonly stderr: string;
}
