/**
 * Writes a request's body to disk and hashes it in the same pass (linear hash and tree hash). A part is never held in
 * memory as a whole.
 */
import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { Writable } from 'node:stream';
import { TreeHasher } from '../tree-hash.js';

/** Limit of the bytes that wait for the disk. */
const QUEUE_BYTES = 4 * 1024 * 1024;

export interface BodyDestination {
  readonly file: FileHandle;
  /** Offset in the file of the body's first byte. */
  readonly position: number;
}

export interface BodyHashes {
  readonly sizeBytes: number;
  /** Lower-case hex. */
  readonly linearHash: string;
  readonly treeHash: string;
}

/**
 * While a write is running, the stream queues the chunks that arrive and passes them on together, so writes grow with
 * the speed of the line. When a write fails, the writer keeps the error and ignores the rest of the body, so that the
 * client gets an error response instead of a broken connection.
 */
export class BodyWriter extends Writable {
  private readonly file: FileHandle;
  private position: number;
  private readonly linear = createHash('sha256');
  private readonly tree = new TreeHasher();
  private sizeBytes = 0;
  private failure: unknown = null;
  private pendingWrite: Promise<void> = Promise.resolve();

  constructor({ file, position }: BodyDestination) {
    super({ highWaterMark: QUEUE_BYTES, decodeStrings: false });
    this.file = file;
    this.position = position;
  }

  override _writev(queued: { chunk: Buffer }[], done: () => void): void {
    const chunks = queued.map(({ chunk }) => chunk);
    this.pendingWrite = this.writeToFile(chunks).then(done);
    for (const chunk of chunks) {
      this.linear.update(chunk);
      this.tree.update(chunk);
      this.sizeBytes += chunk.length;
    }
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this._writev([{ chunk }], done);
  }

  /** Resolves when no write is running any more, whether it succeeded or failed. */
  settled(): Promise<void> {
    return this.pendingWrite;
  }

  /** Returns size and hashes. Call it after the stream has ended. @throws the error of a failed write */
  result(): BodyHashes {
    if (this.failure !== null) throw this.failure;
    return {
      sizeBytes: this.sizeBytes,
      linearHash: this.linear.digest('hex'),
      treeHash: this.tree.digestHex(),
    };
  }

  private async writeToFile(chunks: readonly Buffer[]): Promise<void> {
    if (this.failure !== null) return;
    try {
      let rest = chunks;
      while (rest.length > 0) {
        const { bytesWritten } = await this.file.writev([...rest], this.position);
        this.position += bytesWritten;
        rest = skipBytes(rest, bytesWritten);
      }
    } catch (error) {
      this.failure = error;
    }
  }
}

/** Returns what follows the first `count` bytes. A write may be short, for example when the disk is almost full. */
function skipBytes(chunks: readonly Buffer[], count: number): Buffer[] {
  const remaining: Buffer[] = [];
  let skip = count;
  for (const chunk of chunks) {
    if (skip >= chunk.length) skip -= chunk.length;
    else {
      remaining.push(chunk.subarray(skip));
      skip = 0;
    }
  }
  return remaining;
}
