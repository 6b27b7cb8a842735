/**
 * Reads a stream, which can be read only once, as parts. The parts are read in order, hashed in threads, and
 * kept until they are sent: in memory, or in the spool when they are large.
 */
import { tmpdir } from 'node:os';
import { onAbort } from '../core/abort-signals.js';
import { cleanUp } from '../core/clean-up.js';
import type { BufferedPart, ByteStream, OpenStream, StreamSource } from '../transfer/ports/source.js';
import type { Slot } from './buffer-slots.js';
import { byteReader } from './byte-reader.js';
import type { PartResources } from './prepared-part.js';
import { openSpool, spoolFailure } from './spool.js';
import { type PartStorage, streamParts, writePiece } from './stream-parts.js';

/** @param directory holds the parts that are too large for memory */
export function streamSources(resources: PartResources, directory = tmpdir()): OpenStream {
  return async (stream, partSizeBytes) => streamSource(stream, partSizeBytes, resources, directory);
}

// biome-ignore lint/complexity/noExcessiveLinesPerFunction: short functions that share the reader and the spool.
function streamSource(
  stream: ByteStream,
  partSizeBytes: number,
  resources: PartResources,
  directory: string,
): StreamSource {
  const { slots, inMemoryPartMaxBytes } = resources;
  const reader = byteReader(stream.bytes);
  const spool = openSpool(directory);
  const parts = streamParts(resources);
  let count = 0;
  let ended = false;
  let closing: Promise<void> | null = null;

  /**
   * Fills the storage.
   * @returns the number of bytes, which is smaller than a part only at the stream's end
   */
  async function fill(storage: PartStorage, signal: AbortSignal): Promise<number> {
    let filled = 0;
    while (filled < partSizeBytes) {
      const piece = await reader.read(partSizeBytes - filled, signal);
      signal.throwIfAborted();
      if (piece.length === 0) {
        ended = true;
        break;
      }
      await writePiece(storage, piece, filled).catch((error: unknown) => {
        throw spoolFailure(directory, error);
      });
      filled += piece.length;
    }
    return filled;
  }

  function filledPart(storage: PartStorage, slot: Slot, sizeBytes: number): BufferedPart {
    const release = once(() => {
      if ('file' in storage) spool.giveBack(storage.file);
      slot.release();
    });
    return {
      sizeBytes,
      release,
      prepare: (range, signal, hashes) =>
        parts
          .prepare(range, { storage, slot: { ...slot, release } }, signal, hashes)
          .catch((error: unknown) => {
            release();
            throw error;
          }),
    };
  }

  async function next(signal: AbortSignal): Promise<BufferedPart | null> {
    if (ended) return null;
    const slot = await slots.take(signal);
    // The writer may be silent for hours. Closing the stream ends the read that waits for it.
    const stopListening = onAbort(signal, () => void stream.close());
    try {
      const fitsInMemory = partSizeBytes <= inMemoryPartMaxBytes;
      const storage = fitsInMemory ? { memory: slot.buffer(partSizeBytes) } : { file: await spool.take() };
      const part = filledPart(storage, slot, await fill(storage, signal));
      count += 1;
      if (part.sizeBytes > 0 || count === 1) return part;
      part.release();
      return null;
    } catch (error) {
      slot.release();
      throw error;
    } finally {
      stopListening();
    }
  }

  function closeAll(): Promise<void> {
    return cleanUp(
      () => stream.close(),
      () => parts.close(),
      () => spool.close(),
    );
  }

  return {
    next,
    confirmEnd: (signal) => stream.confirmEnd(signal),
    close() {
      closing ??= closeAll();
      return closing;
    },
  };
}

function once(act: () => void): () => void {
  let done = false;
  return () => {
    if (done) return;
    done = true;
    act();
  };
}
