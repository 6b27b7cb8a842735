/** Where bytes come from that come once: standard input, and commands. */
import { type ChildProcess, type ChildProcessByStdio, spawn } from 'node:child_process';
import { createReadStream, ReadStream as FileStream, fstatSync } from 'node:fs';
import { Socket } from 'node:net';
import process from 'node:process';
import type { Readable } from 'node:stream';
import { TransferError } from '../core/failures.js';
import { STANDARD_INPUT_WORD } from '../core/identity.js';
import type { ByteStream } from '../transfer/ports/source.js';

/** A command that does not end by itself when it is asked to is ended. */
const END_WITHIN_MS = 1000;

/**
 * Standard input as it can be read. What Node does not know (block devices, folders, sockets of packets) it would give
 * as a stream that is empty, of which an empty object would be made, or the hash of nothing.
 * @throws TransferError `source`
 */
export function readableInput(stdin: Readable): Readable {
  const stats = fstatSync(0);
  if (stats.isBlockDevice()) return createReadStream('', { fd: 0, autoClose: false });
  if (stdin instanceof FileStream || stdin instanceof Socket) return stdin;
  const why = stats.isDirectory() ? 'folder' : 'unreadable';
  throw new TransferError('source', { path: STANDARD_INPUT_WORD, why, detail: null });
}

/**
 * @param signal ends the reading: a pipe that nobody writes to must not keep a stop waiting
 * @throws TransferError `source` for what cannot be read as a stream
 */
export function standardInput(given: Readable, signal: AbortSignal): ByteStream {
  const stdin = readableInput(given);
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

function run(words: readonly string[], options: CommandOptions): Run {
  const [command = ''] = words;
  const child = start(words, options);
  const { stdout } = child;
  const isOver = (): boolean => child.exitCode !== null || child.signalCode !== null;
  // Where we are ended by force, nobody else would end it.
  const endWithUs = (): void => void child.kill('SIGKILL');
  process.once('exit', endWithUs);
  child.once('exit', () => process.off('exit', endWithUs));
  return {
    stdout,
    outcome: outcomeOf(child, command),
    stop() {
      // Also of one that has ended: what it started may still hold the pipe.
      stdout.destroy();
      if (child.killed || isOver()) return;
      child.kill('SIGTERM');
      const force = setTimeout(() => child.kill('SIGKILL'), END_WITHIN_MS);
      child.once('exit', () => clearTimeout(force));
      force.unref();
    },
  };
}

/** @throws TransferError `source` `no-command` for what the system refuses at once; the rest comes as an event */
function start(
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
  const detail = error instanceof Error ? error.message : String(error);
  return new TransferError('source', { path: command, why: 'no-command', detail }, { cause: error });
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

/** Never rejects. @returns null when it ended well */
function outcomeOf(child: ChildProcess, command: string): Promise<TransferError<'source'> | null> {
  return new Promise((resolve) => {
    child.once('exit', (code, signal) => {
      if (code === 0) return resolve(null);
      const detail = code === null ? `it was ended by ${signal}` : `it ended with ${code}`;
      resolve(new TransferError('source', { path: command, why: 'command', detail }));
    });
    // More than once: each signal that we may not send (to sudo) is an error as well.
    child.on('error', (error) => {
      if (child.pid === undefined) return resolve(notStarted(command, error));
      // It writes to nobody now, and is left to end by that.
      child.unref();
      const detail = `it cannot be ended: ${error.message}`;
      resolve(new TransferError('source', { path: command, why: 'command', detail }, { cause: error }));
    });
  });
}
