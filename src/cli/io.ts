/** What a command may touch of the process: handed in, so that only main knows `process`. */
import type { Output } from './output.js';

export interface Io {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** For relative paths. */
  readonly cwd: string;
  readonly homeDir: string;
  readonly stdout: Output;
  readonly stderr: NodeJS.WriteStream;
  readonly stdin: NodeJS.ReadStream;
  /** Aborted with a TransferError `stopped` by the first signal. */
  readonly signal: AbortSignal;
}
