/**
 * Keeps the parts of a stream that are too large for memory, in files without a name. Such files disappear
 * with the process, whatever ends it. Each file is used for one part after the other.
 */
import { randomUUID } from 'node:crypto';
import { type FileHandle, open, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { cleanUp } from '../core/clean-up.js';
import { TransferError } from '../core/failures.js';
import { isExhausted, systemMessage } from '../core/system-errors.js';

export interface Spool {
  /** Returns a file that nobody else uses. */
  take(): Promise<FileHandle>;
  /** Makes the file available for the next part. */
  giveBack(file: FileHandle): void;
  /** Closes every file. Never fails: nobody needs the bytes any more. */
  close(): Promise<void>;
}

/** Returns the failure for an error of the disk that the spool is on. */
export function spoolFailure(directory: string, error: unknown): TransferError<'state'> {
  const why = isExhausted(error) ? 'system' : 'no-spool';
  return new TransferError('state', { path: directory, why, detail: systemMessage(error) }, { cause: error });
}

/** @param directory must have room for all parts in flight and two more */
export function openSpool(directory: string): Spool {
  const all = new Set<FileHandle>();
  const free: FileHandle[] = [];

  async function create(): Promise<FileHandle> {
    const path = join(directory, `calve-spool-${randomUUID()}`);
    try {
      const file = await open(path, 'wx+', 0o600);
      all.add(file);
      await unlink(path);
      return file;
    } catch (error) {
      throw spoolFailure(directory, error);
    }
  }

  return {
    take: async () => free.pop() ?? create(),
    giveBack: (file) => void free.push(file),
    async close() {
      await Promise.all([...all].map((file) => cleanUp(() => file.close())));
      all.clear();
    },
  };
}
