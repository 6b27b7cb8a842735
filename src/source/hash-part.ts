/**
 * Reads a range of an open file and hashes it in one pass: each MiB is read, and all wanted hashes get it while it is in
 * the processor's cache. Runs in the hashing threads, and in the main thread for bytes that were read already.
 */
import { createHash } from 'node:crypto';
import { readSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import { crc32Hex } from '../core/crc32.js';
import { TransferError } from '../core/failures.js';
import { isError } from '../core/is-error.js';
import { systemMessage } from '../core/system-errors.js';
import { foldDigests, LEAF_SIZE_BYTES } from '../core/tree-hash.js';
import type { PartDigests, PartHash } from '../transfer/ports/source.js';

export type HashName = PartHash | 'tree';

/** A range to hash, as a message that can be sent to a thread. */
export interface HashJob {
  /**
   * A descriptor that is open for reading. It belongs to the process, so any thread can use its number. Null
   * when the bytes are in `buffer` already.
   */
  readonly fd: number | null;
  readonly startByte: number;
  readonly sizeBytes: number;
  /** Shared memory that receives the bytes, from its beginning. Null when they are not kept after hashing. */
  readonly buffer: Uint8Array | null;
  /** Without any, the range is only read, because its hashes are known. */
  readonly wants: readonly HashName[];
  /** One Int32. Any value but 0 stops the job at the next MiB. */
  readonly cancel: SharedArrayBuffer;
}

/** A job as its caller describes it. The cancel flag is added when it is sent to a thread. */
export type HashRequest = Omit<HashJob, 'cancel'> & { readonly path: string };

/** Those that the job wanted. */
export type PartHashes = PartDigests & { readonly tree?: string };

/**
 * Reads into all of `piece`, or into its beginning.
 * @returns the number of bytes; 0 at the end of the file
 */
export type ReadAt = (fd: number, piece: Uint8Array, position: number) => number;

const readAt: ReadAt = (fd, piece, position) => readSync(fd, piece, 0, piece.length, position);

/** The file ends before the range does. */
export class ShortFileError extends Error {
  override readonly name = 'ShortFileError';
}

/** The job's cancel flag was set. */
class CancelledError extends Error {
  override readonly name = 'CancelledError';
}

/** Why a job has no hashes. Errors lose their class when they are sent between threads, so this is data. */
export interface HashFailure {
  readonly failure: 'short' | 'cancelled' | 'unreadable';
  readonly detail: string;
}

/** The message that a hashing thread sends back. */
export type HashAnswer = { readonly hashes: PartHashes } | HashFailure;

/** @throws the error itself when it is a bug, which must not look like a bad disk */
export function hashFailureOf(error: unknown): HashFailure {
  if (error instanceof ShortFileError) return { failure: 'short', detail: error.message };
  if (error instanceof CancelledError) return { failure: 'cancelled', detail: '' };
  // A failed system call is a problem of the file.
  if (isError(error) && 'syscall' in error) return { failure: 'unreadable', detail: systemMessage(error) };
  throw error;
}

/** Returns the error that the caller of a failed job gets: `source`, or the reason of its own signal. */
export function transferErrorOf(
  { failure, detail }: HashFailure,
  { path, signal }: { readonly path: string; readonly signal: AbortSignal },
): unknown {
  if (failure === 'cancelled') return signal.reason;
  return new TransferError('source', { path, why: failure === 'short' ? 'changed' : 'unreadable', detail });
}

/**
 * Fills `piece` from `position`. One read may return less than the request,
 * above all on network file systems.
 */
function readFully(read: ReadAt, fd: number, piece: Uint8Array, position: number): void {
  for (let filled = 0; filled < piece.length; ) {
    const count = read(fd, piece.subarray(filled), position + filled);
    if (count === 0) throw new ShortFileError(`the file ends at byte ${position + filled}`);
    filled += count;
  }
}

interface HashedPieces {
  /** Takes the next piece: LEAF_SIZE_BYTES, or the rest. */
  add(piece: Uint8Array): void;
  digests(): PartHashes;
}

function hashPieces(wants: readonly HashName[], sizeBytes: number): HashedPieces {
  const [hasTree, hasLinear, hasMd5, hasCrc] = (['tree', 'sha256', 'md5', 'crc32'] as const).map((hash) =>
    wants.includes(hash),
  );
  // The tree hash of a part with a single leaf is its linear hash.
  const isLinearTree = hasTree && sizeBytes <= LEAF_SIZE_BYTES;
  const linear = hasLinear && !isLinearTree ? createHash('sha256') : null;
  const md5 = hasMd5 ? createHash('md5') : null;
  let crc = 0;
  const leaves: Buffer[] = [];
  return {
    add(piece) {
      md5?.update(piece);
      if (hasCrc) crc = crc32(piece, crc);
      linear?.update(piece);
      if (!hasTree) return;
      // After the first leaf the linear hash is that leaf's hash. This saves 1 of 32
      // passes when parts have 16 MiB.
      const isCopy = linear !== null && leaves.length === 0;
      leaves.push((isCopy ? linear.copy() : createHash('sha256').update(piece)).digest());
    },
    digests() {
      const tree = hasTree ? foldDigests(leaves).toString('hex') : null;
      return {
        ...(tree !== null && { tree }),
        ...(hasLinear && { sha256: linear?.digest('hex') ?? (tree as string) }),
        ...(md5 !== null && { md5: md5.digest('hex') }),
        ...(hasCrc && { crc32: crc32Hex(crc) }),
      };
    },
  };
}

/**
 * @param scratch LEAF_SIZE_BYTES that belong to this thread, for jobs without a buffer
 * @throws ShortFileError, CancelledError, or the system's own error (EIO, ESTALE, …)
 */
export function hashPart(job: HashJob, scratch: Uint8Array, read: ReadAt = readAt): PartHashes {
  const { fd, startByte, sizeBytes, buffer } = job;
  const cancelled = new Int32Array(job.cancel);
  const pieces = hashPieces(job.wants, sizeBytes);
  // An empty range has one empty leaf.
  for (let offset = 0; offset === 0 || offset < sizeBytes; offset += LEAF_SIZE_BYTES) {
    if (Atomics.load(cancelled, 0) !== 0) throw new CancelledError();
    const length = Math.min(LEAF_SIZE_BYTES, sizeBytes - offset);
    const piece = buffer === null ? scratch.subarray(0, length) : buffer.subarray(offset, offset + length);
    if (fd !== null) readFully(read, fd, piece, startByte + offset);
    pieces.add(piece);
  }
  return pieces.digests();
}
