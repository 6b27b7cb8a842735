/** Writes a file of text that has its name only when it is complete and on disk. */
import { randomBytes } from 'node:crypto';
import { type FileHandle, open, realpath, rename, stat, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { cleanUp } from '../../../core/clean-up.js';
import { TransferError } from '../../../core/failures.js';
import { systemMessage } from '../../../core/system-errors.js';
import { syncFolder } from '../../../state/safe-folder.js';

export interface TextFile {
  write(text: string): Promise<void>;
  /** Gives the file its name. */
  finish(): Promise<void>;
  /** Removes what was written, unless it was finished. Never fails. */
  close(): Promise<void>;
}

/** It names people's files. */
const FILE_MODE = 0o600;

/**
 * Opens a file beside its future name. A pipe or a device is written to directly.
 * @throws TransferError `output` from all methods
 */
export async function openTextFile(path: string): Promise<TextFile> {
  const writing = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      throw new TransferError(
        'output',
        { detail: systemMessage(error), archiveId: null, path },
        { cause: error },
      );
    }
  };
  const isThere = await stat(path).catch(() => null);
  const isRegular = isThere === null || isThere.isFile();
  const final = isThere === null ? path : await realpath(path).catch(() => path);
  const temporary = isRegular ? `${final}.${randomBytes(6).toString('hex')}.tmp` : final;
  const file: FileHandle = await writing(() => open(temporary, isRegular ? 'wx' : 'w', FILE_MODE));
  let isFinished = false;
  return {
    write: (text) => writing(() => file.writeFile(text)),
    finish: () =>
      writing(async () => {
        if (isRegular) {
          await file.sync();
          await rename(temporary, final);
          await syncFolder(dirname(final));
        }
        isFinished = true;
      }),
    close: () =>
      cleanUp(
        () => file.close(),
        async () => {
          if (isRegular && !isFinished) await unlink(temporary);
        },
      ),
  };
}
