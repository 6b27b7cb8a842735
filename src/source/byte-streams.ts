/** Streams of bytes that can be read only once: standard input, and the output of commands. */
import { createReadStream, ReadStream as FileStream, fstatSync } from 'node:fs';
import { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import { onAbort } from '../core/abort-signals.js';
import { TransferError } from '../core/failures.js';
import { STANDARD_INPUT_WORD } from '../core/identity.js';
import type { ByteStream } from '../transfer/ports/source.js';
import { type ChildCommand, type CommandOptions, startCommand } from './child-command.js';

/**
 * Returns standard input as a stream that can be read. Node gives an empty stream for the kinds of
 * file that it does not know (block devices, folders, packet sockets), and an empty object or the hash
 * of nothing would be made of it.
 * @throws TransferError `source`
 */
export function openStandardInput(stdin: Readable): Readable {
  const stats = fstatSync(0);
  if (stats.isBlockDevice()) return createReadStream('', { fd: 0, autoClose: false });
  if (stdin instanceof FileStream || stdin instanceof Socket) return stdin;
  const why = stats.isDirectory() ? 'folder' : 'unreadable';
  throw new TransferError('source', { path: STANDARD_INPUT_WORD, why, detail: null });
}

/**
 * @param signal ends the reading: a pipe that nobody writes to must not delay a stop
 * @throws TransferError `source` when standard input cannot be read as a stream
 */
export function standardInput(given: Readable, signal: AbortSignal): ByteStream {
  const stdin = openStandardInput(given);
  const stopListening = onAbort(signal, () => void stdin.destroy());
  return {
    bytes: readUntilAborted(stdin, signal),
    confirmEnd: async () => undefined,
    async close() {
      stopListening();
      // A stream without a listener throws the error of its end, and nobody needs that one.
      stdin.on('error', () => undefined);
      stdin.destroy();
    },
  };
}

/**
 * Throws the signal's reason where it ended the stream: a destroyed stream looks
 * like one that came to its end.
 */
async function* readUntilAborted(stream: Readable, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of stream) yield chunk as Uint8Array;
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  }
  signal.throwIfAborted();
}

/**
 * Returns the output of a command. The command starts without a shell when the first byte is requested, and
 * inherits standard input and standard error.
 * @param words the command and its arguments
 */
export function commandOutput(words: readonly string[], options: CommandOptions): ByteStream {
  const { signal } = options;
  let started: ChildCommand | null = null;
  let closing: Promise<void> | null = null;
  let stopListening = (): void => undefined;

  async function confirmEnd(): Promise<void> {
    const failure = (await started?.outcome) ?? null;
    signal.throwIfAborted();
    if (failure !== null) throw failure;
  }

  /**
   * Reads from the moment of the start, because Node discards the output of a command that ends
   * before anybody reads. When the pipe fails, the command's own failure is thrown instead
   * where there is one: it says more.
   */
  async function* readOutput(): AsyncGenerator<Uint8Array> {
    signal.throwIfAborted();
    stopListening = onAbort(signal, () => started?.stop());
    started = startCommand(words, options);
    try {
      yield* readUntilAborted(started.stdout, signal);
    } catch (error) {
      await confirmEnd();
      throw error;
    }
  }

  async function end(): Promise<void> {
    stopListening();
    started?.stop();
    await started?.outcome;
  }

  return {
    bytes: readOutput(),
    confirmEnd,
    close() {
      closing ??= end();
      return closing;
    },
  };
}
