/** Hashes a few MiB in the main thread, which takes less time than the start of a hashing thread. */
import { read } from 'node:fs';
import { promisify } from 'node:util';
import { sharedBytes } from '../core/memory.js';
import {
  type HashRequest,
  hashFailureOf,
  hashPart,
  type PartHashes,
  ShortFileError,
  transferErrorOf,
} from './hash-part.js';

const readAsync = promisify(read);
const NEVER_CANCELLED = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT);
/** Jobs with a buffer use none. */
const NO_SCRATCH = new Uint8Array(0);

/** Reads without blocking the main thread, because a disk or a network file system may hang. */
async function readFully(fd: number, bytes: Uint8Array, position: number): Promise<void> {
  for (let filled = 0; filled < bytes.length; ) {
    const { bytesRead } = await readAsync(fd, bytes, filled, bytes.length - filled, position + filled);
    if (bytesRead === 0) throw new ShortFileError(`the file ends at byte ${position + filled}`);
    filled += bytesRead;
  }
}

/** Does what a hashing thread does, with the same result and the same failures. */
export async function hashInMainThread(request: HashRequest, signal: AbortSignal): Promise<PartHashes> {
  const { path, fd, startByte, sizeBytes, wants } = request;
  const buffer = request.buffer ?? sharedBytes(sizeBytes);
  try {
    if (fd !== null) await readFully(fd, buffer.subarray(0, sizeBytes), startByte);
    signal.throwIfAborted();
    const job = { fd: null, startByte, sizeBytes, buffer, wants, cancel: NEVER_CANCELLED };
    return hashPart(job, NO_SCRATCH);
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    throw transferErrorOf(hashFailureOf(error), { path, signal });
  }
}
