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

/** A command that runs. */
interface Run {
  readonly stdout: Readable;
  /** Never rejects. Null: it ended well. */
  readonly outcome: Promise<TransferError<'source'> | null>;
  /** Asks it to end, and ends it when it does not. Idempotent. */
  stop(): void;
}

function run(words: readonly string[], { cwd, env }: CommandOptions): Run {
  const [command = '', ...args] = words;
  const child = spawn(command, args, { cwd, env, stdio: ['inherit', 'pipe', 'inherit'] });
  const { stdout } = child;
  return {
    stdout,
    outcome: outcomeOf(child, command),
    stop() {
      if (child.killed || child.exitCode !== null || child.signalCode !== null) return;
      stdout.destroy();
      child.kill('SIGTERM');
      const force = setTimeout(() => child.kill('SIGKILL'), END_WITHIN_MS);
      child.once('exit', () => clearTimeout(force));
      force.unref();
    },
  };
}

/**
 * What a command prints. It is started without a shell when the first byte is asked for, and has our standard input
 * and standard error.
 * @param words the command and its arguments
 */
export function commandOutput(words: readonly string[], options: CommandOptions): ByteStream {
  const { signal } = options;
  let started: Run | null = null;
  let closing: Promise<void> | null = null;
  const stop = (): void => started?.stop();

  async function confirmEnd(): Promise<void> {
    const failure = (await started?.outcome) ?? null;
    signal.throwIfAborted();
    if (failure !== null) throw failure;
  }

  /**
   * Read from the very moment of the start: Node drops what a command printed that ended before anybody read.
   * What the pipe says of one that could not be started, or was ended, is less than what is known of it.
   */
  async function* printed(): AsyncGenerator<Uint8Array> {
    signal.throwIfAborted();
    signal.addEventListener('abort', stop, { once: true });
    started = run(words, options);
    try {
      yield* endingWith(started.stdout, signal);
    } catch (error) {
      await confirmEnd();
      throw error;
    }
  }

  async function end(): Promise<void> {
    signal.removeEventListener('abort', stop);
    stop();
    await started?.outcome;
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
