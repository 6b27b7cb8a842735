/**
 * Where a stream's parts wait that are too large to be held in memory: files without a name, which go with the
 * process whatever ends it, and are used again part after part.
 */
import { randomUUID } from 'node:crypto';
import { type FileHandle, open, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { TransferError } from '../core/failures.js';

export interface Spool {
  /** One that nobody else has. */
  take(): Promise<FileHandle>;
  /** Of no more use to its holder. */
  giveBack(file: FileHandle): void;
  /** Closes every file. */
  close(): Promise<void>;
}

/** The failure of the spool's own disk. */
export function spoolFailure(directory: string, error: unknown): TransferError<'state'> {
  const detail = error instanceof Error ? error.message : String(error);
  return new TransferError('state', { path: directory, why: 'not-writable', detail }, { cause: error });
}

/** @param directory on a disk with room for as many parts as are in flight, and two */
export function openSpool(directory: string): Spool {
  const all = new Set<FileHandle>();
  const free: FileHandle[] = [];

  async function make(): Promise<FileHandle> {
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
    take: async () => free.pop() ?? make(),
    giveBack: (file) => void free.push(file),
    async close() {
      await Promise.all([...all].map((file) => file.close()));
      all.clear();
    },
  };
}
