/** Stores the buffered parts of one stream, hashes them, and gives them bodies that can be sent. */
import type { FileHandle } from 'node:fs/promises';
import { TransferError } from '../core/failures.js';
import { STANDARD_INPUT_WORD } from '../core/identity.js';
import type { PartRange } from '../core/part-plan.js';
import type { PartHash, PreparedPart } from '../transfer/ports/source.js';
import type { Slot } from './buffer-slots.js';
import { bodyOf, digestOf, locationOf, type PartResources, preparedPart } from './prepared-part.js';
import { rangeStreams } from './range-stream.js';
import { taskScope } from './task-scope.js';

/** One part's bytes: all in memory, or all in a file of the spool. */
export type PartStorage = { readonly memory: Uint8Array } | { readonly file: FileHandle };

/** Writes all of `piece`, from byte `position` of the part. */
export async function writePiece(storage: PartStorage, piece: Uint8Array, position: number): Promise<void> {
  if ('memory' in storage) {
    storage.memory.set(piece, position);
    return;
  }
  for (let written = 0; written < piece.length; ) {
    const length = piece.length - written;
    const { bytesWritten } = await storage.file.write(piece, written, length, position + written);
    written += bytesWritten;
  }
}

/** A part's bytes, and the slot that they take. */
interface StoredPart {
  readonly storage: PartStorage;
  readonly slot: Slot;
}

export interface StreamParts {
  /** Hashes the bytes in `storage`. The slot is given back when the part is released. */
  prepare(
    range: PartRange,
    stored: StoredPart,
    signal: AbortSignal,
    hashes: readonly PartHash[],
  ): Promise<PreparedPart>;
  /** Ends all hashing, and resolves when nothing reads the storage any more. */
  close(): Promise<void>;
}

export function streamParts({ threads }: Pick<PartResources, 'threads'>): StreamParts {
  const tasks = taskScope();
  const streams = rangeStreams();

  function prepare(
    range: PartRange,
    { storage, slot }: StoredPart,
    signal: AbortSignal,
    wanted: readonly PartHash[],
  ): Promise<PreparedPart> {
    const { sizeBytes } = range;
    const bytes = {
      fd: 'file' in storage ? storage.file.fd : null,
      path: STANDARD_INPUT_WORD,
      buffer: 'memory' in storage ? storage.memory : null,
    };
    // Each part has its own storage, and starts at byte 0 of it.
    const stored = { startByte: 0, sizeBytes };
    const digest = (hash: PartHash): Promise<string> =>
      tasks.run(signal, (taskSignal) => digestOf({ ...bytes, range: stored }, hash, threads, taskSignal));
    return tasks.run(signal, async (taskSignal) => {
      const hashes = await threads.hash({ ...bytes, ...stored, wants: ['tree', ...wanted] }, taskSignal);
      taskSignal.throwIfAborted();
      const location = locationOf(bytes, stored);
      const body = () =>
        bodyOf(location, () =>
          streams.open((storage as { file: FileHandle }).file, STANDARD_INPUT_WORD, stored),
        );
      // No other program can open the unnamed file of the spool.
      const assertUnchanged = async (): Promise<void> => undefined;
      return preparedPart(range, hashes, { body, location, digest, assertUnchanged }, slot);
    });
  }

  async function close(): Promise<void> {
    await tasks.endAll(new TransferError('bug', { detail: 'the stream was closed' }));
    await streams.destroyAll();
  }

  return { prepare, close };
}
