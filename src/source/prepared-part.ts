/** A part that is ready to be sent, as files and streams both give it. */
import { TransferError } from '../core/failures.js';
import type { PartRange } from '../core/part-plan.js';
import type { PreparedPart } from '../transfer/ports/source.js';
import type { Slot } from './buffer-slots.js';
import type { PartHashes } from './hash-part.js';
import type { HashThreads } from './hash-threads.js';
import type { ByteRange } from './range-stream.js';

/** Reads the range once more: few parts are ever asked for an MD5 that was not computed with the rest. */
export async function md5Of(
  where: { readonly fd: number | null; readonly path: string; readonly buffer: SharedArrayBuffer | null },
  threads: HashThreads,
  { startByte, sizeBytes }: ByteRange,
  signal: AbortSignal,
): Promise<string> {
  const { fd, path, buffer } = where;
  const options = { fd, path, startByte, sizeBytes, buffer, wants: 'bytes', md5: true } as const;
  return (await threads.hash(options, signal)).md5 as string;
}

/** A part with its hashes, and the memory that goes back when it is released. */
export function preparedPart(
  range: PartRange,
  hashes: PartHashes,
  bytes: Pick<PreparedPart, 'body' | 'md5'>,
  slot: Slot,
): PreparedPart {
  let released = false;
  return {
    range,
    linearHash: hashes.linearHash as string,
    treeHash: hashes.treeHash,
    body() {
      // Another part's bytes are in that memory by now.
      if (released)
        throw new TransferError('bug', { detail: `part ${range.index} was used after its release` });
      return bytes.body();
    },
    md5: () => bytes.md5(),
    release() {
      released = true;
      slot.release();
    },
  };
}
