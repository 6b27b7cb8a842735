/**
 * Reads a range of an open file and hashes it in one pass: each MiB is read, hashed twice and left behind while it is
 * still in the processor's cache. Runs in the hashing threads.
 */
import { createHash } from 'node:crypto';
import { readSync } from 'node:fs';
import { foldDigests, LEAF_SIZE_BYTES, type LinearHash, type TreeHash } from '../core/tree-hash.js';

/** A range to hash, in a shape that can be posted to a thread. */
export interface HashJob {
  /**
   * Open for reading. A descriptor belongs to the process, so any thread may read it by number. Null: the bytes are in
   * `buffer` already.
   */
  readonly fd: number | null;
  readonly startByte: number;
  readonly sizeBytes: number;
  /** Keeps the bytes that were read, when they fit; null: they are read through a small buffer and dropped. */
  readonly buffer: SharedArrayBuffer | null;
  /**
   * `both`: the plain SHA-256 of the whole range too, which a request's signature needs. `tree`: a comparison does not.
   * `bytes`: the hashes are known; the range is only read.
   */
  readonly wants: 'both' | 'tree' | 'bytes';
  /** Whether the MD5 is wanted besides, which object stores know parts by. */
  readonly md5?: boolean;
  /** One Int32: anything but 0 stops the work at the next MiB. */
  readonly cancel: SharedArrayBuffer;
}

export interface PartHashes {
  /** Empty where no hash was wanted. */
  readonly treeHash: TreeHash;
  /** Null where it was not wanted. */
  readonly linearHash: LinearHash | null;
  /** 32 lower-case hex digits; null where it was not wanted. */
  readonly md5: string | null;
}

/** Reads into all of `piece` or the beginning of it. @returns how many bytes there were; 0 at the end of the file */
export type ReadAt = (fd: number, piece: Uint8Array, position: number) => number;

const readAt: ReadAt = (fd, piece, position) => readSync(fd, piece, 0, piece.length, position);

/** The file ended before the range did. */
export class ShortFileError extends Error {
  override readonly name = 'ShortFileError';
}

/** The job's cancel flag was set. */
export class CancelledError extends Error {
  override readonly name = 'CancelledError';
}

/** Fills `piece` from `position`: a read may return less than was asked for, on network file systems above all. */
function readFully(read: ReadAt, fd: number, piece: Uint8Array, position: number): void {
  for (let filled = 0; filled < piece.length; ) {
    const count = read(fd, piece.subarray(filled), position + filled);
    if (count === 0) throw new ShortFileError(`the file ends at byte ${position + filled}`);
    filled += count;
  }
}

/**
 * @param scratch LEAF_SIZE_BYTES of this thread's own, for jobs without a buffer
 * @throws ShortFileError, CancelledError, or the system's own error (EIO, ESTALE, …)
 */
export function hashPart(job: HashJob, scratch: Uint8Array, read: ReadAt = readAt): PartHashes {
  const { fd, startByte, sizeBytes, buffer } = job;
  const cancelled = new Int32Array(job.cancel);
  // A part of a single leaf has one hash: its tree hash is its linear hash.
  const linear = job.wants === 'both' && sizeBytes > LEAF_SIZE_BYTES ? createHash('sha256') : null;
  const md5 = job.md5 === true ? createHash('md5') : null;
  const leaves: Buffer[] = [];
  // An empty range has one empty leaf.
  for (let offset = 0; offset === 0 || offset < sizeBytes; offset += LEAF_SIZE_BYTES) {
    if (Atomics.load(cancelled, 0) !== 0) throw new CancelledError();
    const length = Math.min(LEAF_SIZE_BYTES, sizeBytes - offset);
    const piece = buffer === null ? scratch.subarray(0, length) : new Uint8Array(buffer, offset, length);
    if (fd !== null) readFully(read, fd, piece, startByte + offset);
    md5?.update(piece);
    if (job.wants === 'bytes') continue;
    linear?.update(piece);
    // The first leaf is where the linear hash stands: one pass less, of thirty-two where parts have 16 MiB.
    const leaf = linear !== null && offset === 0 ? linear.copy() : createHash('sha256').update(piece);
    leaves.push(leaf.digest());
  }
  const md5Hex = md5?.digest('hex') ?? null;
  if (job.wants === 'bytes') return { treeHash: '', linearHash: null, md5: md5Hex };
  const treeHash = foldDigests(leaves).toString('hex');
  const linearHash = linear === null ? treeHash : linear.digest('hex');
  return { treeHash, linearHash: job.wants === 'both' ? linearHash : null, md5: md5Hex };
}
