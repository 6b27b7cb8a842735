/** Where bytes come from that come once: standard input, and commands. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { TransferError } from '../core/failures.js';
import type { ByteStream } from '../transfer/ports.js';

/** A command that does not end by itself when it is asked to is ended. */
const END_WITHIN_MS = 1000;

/** @param signal ends the reading: a pipe that nobody writes to must not keep a stop waiting */
export function standardInput(stdin: Readable, signal: AbortSignal): ByteStream {
  const stop = (): void => void stdin.destroy();
  signal.addEventListener('abort', stop, { once: true });
  return {
    bytes: endingWith(stdin, signal),
    confirmEnd: async () => undefined,
    async close() {
      signal.removeEventListener('abort', stop);
      stdin.destroy();
    },
  };
}

/** A stream that was destroyed ends like one that is through: what ended it is said instead. */
async function* endingWith(stream: Readable, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of stream) yield chunk as Uint8Array;
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  }
  signal.throwIfAborted();
}

export interface CommandOptions {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Ends the command. */
  readonly signal: AbortSignal;
}

/**
 * What a command prints. It is started without a shell, and has our standard input and standard error.
 * @param words the command and its arguments
 */
export function commandOutput(words: readonly string[], options: CommandOptions): ByteStream {
  const [command = '', ...args] = words;
  const { cwd, env, signal } = options;
  const child = spawn(command, args, { cwd, env, stdio: ['inherit', 'pipe', 'inherit'] });
  const outcome = outcomeOf(child, command);
  const { stdout } = child;
  const stop = (): void => {
    stdout.destroy();
    child.kill('SIGTERM');
  };
  signal.addEventListener('abort', stop, { once: true });
  let closing: Promise<void> | null = null;

  async function end(): Promise<void> {
    signal.removeEventListener('abort', stop);
    stop();
    const force = setTimeout(() => child.kill('SIGKILL'), END_WITHIN_MS);
    await outcome;
    clearTimeout(force);
  }

  const confirmEnd = async (): Promise<void> => {
    const failure = await outcome;
    signal.throwIfAborted();
    if (failure !== null) throw failure;
  };

  /** What the pipe says of a command that could not be started, or was ended, is less than what is known of it. */
  async function* printed(): AsyncGenerator<Uint8Array> {
    try {
      yield* endingWith(stdout, signal);
    } catch (error) {
      await confirmEnd();
      throw error;
    }
  }

  return {
    bytes: printed(),
    confirmEnd,
    close() {
      closing ??= end();
      return closing;
    },
  };
}

/** @returns null when it ended well */
async function outcomeOf(child: ChildProcess, command: string): Promise<TransferError<'source'> | null> {
  try {
    const [code, signal] = (await once(child, 'exit')) as [number | null, string | null];
    if (code === 0) return null;
    const detail = code === null ? `it was ended by ${signal}` : `it ended with ${code}`;
    return new TransferError('source', { path: command, why: 'command', detail });
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    return new TransferError('source', { path: command, why: 'no-command', detail }, { cause: error });
  }
}
