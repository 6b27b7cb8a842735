/** Puts a request's body on disk and hashes it on the way: one pass, linear and tree hash, never a part in memory. */
import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { Writable } from 'node:stream';
import { TreeHasher } from '../tree-hash.js';

/** How much of a body may wait for the disk. */
const QUEUE_BYTES = 4 * 1024 * 1024;

export interface BodyHashes {
  readonly sizeBytes: number;
  /** Lower-case hex. */
  readonly linearHash: string;
  readonly treeHash: string;
}

/**
 * While one write is under way the stream queues what comes and hands it over in one piece, so pieces grow with the
 * line's speed. A write that fails is remembered and the rest is swallowed: the client gets an answer, not a cut line.
 */
export class BodyWriter extends Writable {
  private readonly file: FileHandle;
  private position: number;
  private readonly linear = createHash('sha256');
  private readonly tree = new TreeHasher();
  private sizeBytes = 0;
  private failure: unknown = null;
  private underWay: Promise<void> = Promise.resolve();

  constructor(file: FileHandle, position: number) {
    super({ highWaterMark: QUEUE_BYTES, decodeStrings: false });
    this.file = file;
    this.position = position;
  }

  override _writev(queued: { chunk: Buffer }[], done: () => void): void {
    const chunks = queued.map(({ chunk }) => chunk);
    this.underWay = this.put(chunks).then(done);
    for (const chunk of chunks) {
      this.linear.update(chunk);
      this.tree.update(chunk);
      this.sizeBytes += chunk.length;
    }
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this._writev([{ chunk }], done);
  }

  /** Resolves when nothing is being written any more, whatever became of it. */
  settled(): Promise<void> {
    return this.underWay;
  }

  /** After the end of the stream. @throws whatever the disk refused */
  result(): BodyHashes {
    if (this.failure !== null) throw this.failure;
    return {
      sizeBytes: this.sizeBytes,
      linearHash: this.linear.digest('hex'),
      treeHash: this.tree.digestHex(),
    };
  }

  private async put(chunks: readonly Buffer[]): Promise<void> {
    if (this.failure !== null) return;
    try {
      let rest = chunks;
      while (rest.length > 0) {
        const { bytesWritten } = await this.file.writev([...rest], this.position);
        this.position += bytesWritten;
        rest = dropBytes(rest, bytesWritten);
      }
    } catch (error) {
      this.failure = error;
    }
  }
}

/** A write may be cut short (a disk that is nearly full); what is left goes again. */
function dropBytes(chunks: readonly Buffer[], count: number): Buffer[] {
  const left: Buffer[] = [];
  let drop = count;
  for (const chunk of chunks) {
    if (drop >= chunk.length) drop -= chunk.length;
    else {
      left.push(chunk.subarray(drop));
      drop = 0;
    }
  }
  return left;
}
