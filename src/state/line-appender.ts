/** Appends whole lines to one open file, one after the other, whatever the disk does in between. */
import type { FileHandle } from 'node:fs/promises';
import { writing } from './failures.js';

export interface LineAppender {
  /**
   * @param line with its newline
   * @param sync whether it, and every line before it, is on disk when this returns
   * @throws TransferError `state` `not-writable`; a later line then still stands alone
   */
  append(line: string, sync: boolean): Promise<void>;
  /** Waits for what is being appended and closes the file. Idempotent. */
  close(): Promise<void>;
}

/**
 * @param file open for appending (O_APPEND)
 * @param isTorn whether the file's last line has no end
 */
export function appendLines(file: FileHandle, path: string, isTorn: boolean): LineAppender {
  let tail: Promise<unknown> = Promise.resolve();
  let closing: Promise<void> | null = null;
  let torn = isTorn;

  /** One write for the line; more only where the system took a part of it, to learn why from the next. */
  async function write(line: string, sync: boolean): Promise<void> {
    // A torn line is ended by the very write that brings the next: an own one could fail and leave nothing safer.
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
      closing ??= tail.then(() => writing(path, () => file.close()));
      return closing;
    },
  };
}
