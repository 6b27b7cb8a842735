/** What a command may touch of the process: handed in, so that only main knows `process`. */
import type { TransferError } from '../core/failures.js';
import type { Output } from './output.js';

export interface Io {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** What was typed after the program's name. */
  readonly argv: readonly string[];
  /** For relative paths. */
  readonly cwd: string;
  readonly homeDir: string;
  readonly stdout: Output;
  readonly stderr: NodeJS.WriteStream;
  readonly stdin: NodeJS.ReadStream;
  /** Aborted with a TransferError `stopped` by the first signal. */
  readonly signal: AbortSignal;
  readonly exitMessage: ExitMessage;
}

/** What is still said when a stop is forced, and nobody gets to say it in order. Null: all has been said. */
export interface ExitMessage {
  words: ((stopped: TransferError<'stopped'>) => ExitText) | null;
}

export interface ExitText {
  /** A line without its end; null: nothing but results goes there. */
  readonly stdout: string | null;
  readonly stderr: string;
}
