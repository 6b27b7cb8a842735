/** A regular file as a source of parts: read once, hashed in threads, sent from memory. */

import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import type { Readable } from 'node:stream';
import { TransferError } from '../core/failures.js';
import { compareFingerprints, type Sameness } from '../core/fingerprint.js';
import type { PartRange } from '../core/part-plan.js';
import type { OpenSource, PreparedPart, Source } from '../transfer/ports/source.js';
import type { RecordedPart } from '../transfer/ports/state.js';
import type { PartHashes } from './hash-part.js';
import { hashSegments } from './hash-segments.js';
import { fingerprintOf, type OpenedFile, openFile, sourceFailure } from './open-file.js';
import { md5Of, preparedPart } from './prepared-part.js';
import { rangeStream } from './range-stream.js';
import type { SourcePool } from './source-pool.js';
import { taskScope } from './task-scope.js';

/** Opens files whose parts share one set of threads and buffers. Threads start with the first part. */
export function fileSources(pool: SourcePool): OpenSource {
  return async (path) => fileSource(await openFile(path), pool);
}

const never = new AbortController().signal;

/** Whether a record has both hashes that a request needs. */
function isWhole(known: RecordedPart | undefined): known is RecordedPart & { linearHash: string } {
  return known !== undefined && known.linearHash !== null;
}

/** `changed` over `touched` over `same`. */
function worse(a: Sameness, b: Sameness): Sameness {
  if (a === 'changed' || b === 'changed') return 'changed';
  return a === 'touched' || b === 'touched' ? 'touched' : 'same';
}

function fileSource(file: OpenedFile, pool: SourcePool): Source {
  const fingerprint = fingerprintOf(file.stats);
  const { threads, slots, inMemoryPartMaxBytes } = pool;
  const work = taskScope();
  const streams = new Set<Readable>();
  let closing: Promise<void> | null = null;

  function streamOf(range: PartRange): Readable {
    const stream = rangeStream(file.handle, file.path, range);
    streams.add(stream);
    stream.once('close', () => streams.delete(stream));
    return stream;
  }

  /** Fills the memory, if the part has one, and gives the hashes, unless they are known. */
  async function readPart(
    range: PartRange,
    memory: SharedArrayBuffer | null,
    signal: AbortSignal,
    known?: RecordedPart,
  ): Promise<PartHashes> {
    const { md5 } = pool;
    if (isWhole(known) && memory === null && !md5) return { ...known, md5: null };
    const { startByte, sizeBytes } = range;
    const { handle, path } = file;
    const wants = isWhole(known) ? 'bytes' : 'both';
    const options = { fd: handle.fd, path, startByte, sizeBytes, buffer: memory, wants, md5 } as const;
    const hashes = await threads.hash(options, signal);
    signal.throwIfAborted();
    return isWhole(known) ? { ...known, md5: hashes.md5 } : hashes;
  }

  function prepare(
    range: PartRange,
    partSizeBytes: number,
    signal: AbortSignal,
    known?: RecordedPart,
  ): Promise<PreparedPart> {
    return work.run(signal, async (either) => {
      const slot = await slots.take(either);
      try {
        const memory = partSizeBytes <= inMemoryPartMaxBytes ? slot.buffer(partSizeBytes) : null;
        const hashes = await readPart(range, memory, either, known);
        const { sizeBytes } = range;
        const body = memory === null ? () => streamOf(range) : () => Buffer.from(memory, 0, sizeBytes);
        const md5 = async (): Promise<string> =>
          hashes.md5 ??
          work.run(never, (ended) =>
            md5Of({ fd: file.handle.fd, path: file.path, buffer: null }, threads, range, ended),
          );
        return preparedPart(range, hashes, { body, md5 }, slot);
      } catch (error) {
        slot.release();
        throw error;
      }
    });
  }

  async function compareNow(): Promise<Sameness> {
    const byHandle = fingerprintOf(await file.handle.stat({ bigint: true }));
    try {
      const byPath = fingerprintOf(await stat(file.path, { bigint: true }));
      return worse(compareFingerprints(fingerprint, byHandle), compareFingerprints(fingerprint, byPath));
    } catch (error) {
      const failure = sourceFailure(file.path, error);
      if (failure.facts.why === 'missing') return 'changed';
      throw failure;
    }
  }

  /** The descriptor's number may be another file's as soon as it is closed, so nobody may be reading by then. */
  async function closeWhenQuiet(): Promise<void> {
    await work.endAll(new TransferError('bug', { detail: 'the source was closed' }));
    const quiet = [...streams].map((stream) => new Promise((resolve) => stream.once('close', resolve)));
    for (const stream of streams) stream.destroy();
    await Promise.all(quiet);
    await file.handle.close();
  }

  return {
    path: file.path,
    baseName: basename(file.path),
    fingerprint,
    mtimeMs: Number(file.stats.mtimeMs),
    expectParts: (parts) => threads.start(parts),
    prepare,
    treeHash: (signal) => work.run(signal, (either) => hashSegments(file, threads, either)),
    compareNow,
    close() {
      closing ??= closeWhenQuiet();
      return closing;
    },
  };
}
