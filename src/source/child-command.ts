/** A command that runs as a child process, and whose output is read. */
import { type ChildProcess, type ChildProcessByStdio, spawn } from 'node:child_process';
import process from 'node:process';
import type { Readable } from 'node:stream';
import { TransferError } from '../core/failures.js';
import { isExhausted, systemMessage } from '../core/system-errors.js';

/** The command gets SIGTERM, and SIGKILL when it still runs after this time. */
const KILL_AFTER_MS = 1000;

export interface CommandOptions {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Stops the command. */
  readonly signal: AbortSignal;
}

export interface ChildCommand {
  readonly stdout: Readable;
  /** Never rejects. Null means that the command ended with 0. */
  readonly outcome: Promise<TransferError<'source'> | null>;
  /** Sends SIGTERM, and SIGKILL when the command does not end in time. Idempotent. */
  stop(): void;
}

/**
 * @throws TransferError `source` (`no-command`, `no-resources`) when the system refuses at once;
 * later failures are in `outcome`
 */
export function startCommand(words: readonly string[], options: CommandOptions): ChildCommand {
  const [command = ''] = words;
  const child = spawnCommand(words, options);
  const { stdout } = child;
  const hasEnded = (): boolean => child.exitCode !== null || child.signalCode !== null;
  // The command must not outlive this process when process.exit ends it.
  const killNow = (): void => void child.kill('SIGKILL');
  process.once('exit', killNow);
  child.once('exit', () => process.off('exit', killNow));
  return {
    stdout,
    outcome: outcomeOf(child, command),
    stop() {
      // Needed even when the command has ended: a process that it started may still hold the pipe.
      stdout.destroy();
      if (child.killed || hasEnded()) return;
      child.kill('SIGTERM');
      const killTimer = setTimeout(() => child.kill('SIGKILL'), KILL_AFTER_MS);
      child.once('exit', () => clearTimeout(killTimer));
      killTimer.unref();
    },
  };
}

function spawnCommand(
  [command = '', ...args]: readonly string[],
  { cwd, env }: CommandOptions,
): ChildProcessByStdio<null, Readable, null> {
  try {
    return spawn(command, args, { cwd, env, stdio: ['inherit', 'pipe', 'inherit'] });
  } catch (error) {
    throw notStarted(command, error);
  }
}

function notStarted(command: string, error: unknown): TransferError<'source'> {
  const why = isExhausted(error) ? 'no-resources' : 'no-command';
  return new TransferError('source', { path: command, why, detail: systemMessage(error) }, { cause: error });
}

/** Never rejects. @returns null when the command ended with 0 */
function outcomeOf(child: ChildProcess, command: string): Promise<TransferError<'source'> | null> {
  return new Promise((resolve) => {
    child.once('exit', (code, signal) => {
      if (code === 0) return resolve(null);
      const detail = code === null ? `it was ended by ${signal}` : `it ended with ${code}`;
      resolve(new TransferError('source', { path: command, why: 'command', detail }));
    });
    // There can be several errors: each signal that this process may not send (to sudo) is one as well.
    child.on('error', (error) => {
      if (child.pid === undefined) return resolve(notStarted(command, error));
      // Nobody reads the output now, so the command ends at its next write.
      child.unref();
      const detail = `it cannot be ended: ${error.message}`;
      resolve(new TransferError('source', { path: command, why: 'command', detail }, { cause: error }));
    });
  });
}
