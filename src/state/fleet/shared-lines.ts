/** Appends lines to a file that other processes may append to at the same time. */
import type { FileHandle } from 'node:fs/promises';
import { cleanUp } from '../../core/clean-up.js';

const NEWLINE = 10;

export class SharedLines {
  readonly #file: FileHandle;
  #tail: Promise<void> = Promise.resolve();

  /** @param file open for reading and appending (O_APPEND) */
  constructor(file: FileHandle) {
    this.#file = file;
  }

  /**
   * Appends a line by one write, one after the other. A line whose end is missing (of a run that was killed, or of a full
   * disk) is ended first, so that only that line is lost.
   * @param line with its newline
   */
  append(line: string): Promise<void> {
    const written = this.#tail.then(() => this.#write(line));
    this.#tail = written.catch(() => undefined);
    return written;
  }

  async #write(line: string): Promise<void> {
    const bytes = Buffer.from((await this.#isTorn()) ? `\n${line}` : line);
    for (let done = 0; done < bytes.length; ) {
      const { bytesWritten } = await this.#file.write(bytes, done);
      done += bytesWritten;
    }
  }

  async #isTorn(): Promise<boolean> {
    const { size } = await this.#file.stat();
    if (size === 0) return false;
    const { buffer, bytesRead } = await this.#file.read(Buffer.alloc(1), 0, 1, size - 1);
    return bytesRead === 1 && buffer[0] !== NEWLINE;
  }

  sync(): Promise<void> {
    return this.#tail.then(() => this.#file.sync());
  }

  /** Never fails. */
  close(): Promise<void> {
    return this.#tail.then(() => cleanUp(() => this.#file.close()));
  }
}
