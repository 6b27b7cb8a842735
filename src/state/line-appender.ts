/**
 * Appends lines to one open file, one after the other. A write that fails never damages the lines after it.
 */
import type { FileHandle } from 'node:fs/promises';
import { cleanUp } from '../core/clean-up.js';
import { writing } from './failures.js';

export interface LineAppender {
  /**
   * @param line with its newline
   * @param sync true when this line and every line before it must be on disk on return
   * @throws TransferError `state` `not-writable`; a later line then still starts on a line of its own
   */
  append(line: string, sync: boolean): Promise<void>;
  /**
   * Waits for the lines that are being appended, and closes the file. Idempotent. Never fails: a line that must be on
   * disk was synced.
   */
  close(): Promise<void>;
}

/**
 * @param file open for appending (O_APPEND)
 * @param isTorn true when the file's last line has no newline
 */
export function appendLines(file: FileHandle, path: string, isTorn: boolean): LineAppender {
  let tail: Promise<unknown> = Promise.resolve();
  let closing: Promise<void> | null = null;
  let torn = isTorn;

  /**
   * Writes a line at once. Only when the system takes a part of it, the rest is
   * written too, to learn the reason.
   */
  async function write(line: string, sync: boolean): Promise<void> {
    // The same write ends a torn line and adds the next one. A write for the newline
    // alone could fail in the same way.
    const bytes = Buffer.from(torn ? `\n${line}` : line);
    for (let done = 0; done < bytes.length; torn = done < bytes.length) {
      const { bytesWritten } = await file.write(bytes, done);
      done += bytesWritten;
    }
    if (sync) await file.sync();
  }

  return {
    append(line, sync) {
      if (closing !== null) return Promise.reject(new Error(`${path} is closed`));
      const written = tail.then(() => writing(path, () => write(line, sync)));
      tail = written.catch(() => {});
      return written;
    },
    close() {
      closing ??= tail.then(() => cleanUp(() => file.close()));
      return closing;
    },
  };
}
