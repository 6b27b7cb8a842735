/** Reads a regular file as parts. Each part is read once, hashed in a thread and sent from memory. */
import { basename } from 'node:path';
import { cleanUp } from '../core/clean-up.js';
import { TransferError } from '../core/failures.js';
import type { PartRange } from '../core/part-plan.js';
import type { OpenSource, PartHash, PreparedPart, Source, WantedHashes } from '../transfer/ports/source.js';
import type { HashName, PartHashes } from './hash-part.js';
import { hashSegments } from './hash-segments.js';
import { assertUnchanged, compareOpened, type OpenedFile, openFile } from './open-file.js';
import { bodyOf, digestOf, locationOf, type PartResources, preparedPart } from './prepared-part.js';
import { rangeStreams } from './range-stream.js';
import { taskScope } from './task-scope.js';

/** Opens files whose parts share threads and buffers. The threads start with the first part. */
export function fileSources(resources: PartResources): OpenSource {
  return async (path) => fileSource(await openFile(path), resources);
}

/** Returns the recorded hashes if they are all that is wanted; null: the part is hashed. */
function recordedHashes({ hashes, recorded }: WantedHashes): PartHashes | null {
  if (recorded === undefined || hashes.length === 0) return null;
  const { treeHash: tree, linearHash, crc32 } = recorded;
  const known: PartHashes = {
    tree,
    ...(linearHash !== null && { sha256: linearHash }),
    ...(crc32 !== undefined && { crc32 }),
  };
  return hashes.every((hash) => known[hash] !== undefined) ? known : null;
}

function factsOf(
  { path, fingerprint, stats }: OpenedFile,
  { inMemoryPartMaxBytes }: PartResources,
): Pick<Source, 'path' | 'baseName' | 'fingerprint' | 'mtimeMs' | 'inMemoryPartMaxBytes'> {
  const mtimeMs = Number(stats.mtimeMs);
  return { path, baseName: basename(path), fingerprint, mtimeMs, inMemoryPartMaxBytes };
}

function fileSource(file: OpenedFile, resources: PartResources): Source {
  const { handle, path, fingerprint } = file;
  const { threads, slots, inMemoryPartMaxBytes } = resources;
  const tasks = taskScope();
  const streams = rangeStreams();
  let closing: Promise<void> | null = null;

  /** Reads a part into its memory, if it has any, and returns its hashes. Recorded hashes are not computed again. */
  async function readPart(
    { startByte, sizeBytes }: PartRange,
    memory: Uint8Array | null,
    signal: AbortSignal,
    wanted: WantedHashes,
  ): Promise<PartHashes> {
    const recorded = recordedHashes(wanted);
    if (recorded !== null && memory === null) return recorded;
    const wants: readonly HashName[] = recorded === null ? ['tree', ...wanted.hashes] : [];
    const request = { fd: handle.fd, path, startByte, sizeBytes, buffer: memory, wants };
    const hashes = await threads.hash(request, signal);
    signal.throwIfAborted();
    return recorded ?? hashes;
  }

  function prepare(
    range: PartRange,
    partSizeBytes: number,
    signal: AbortSignal,
    wanted: WantedHashes,
  ): Promise<PreparedPart> {
    return tasks.run(signal, async (taskSignal) => {
      const slot = await slots.take(taskSignal);
      try {
        const memory = partSizeBytes <= inMemoryPartMaxBytes ? slot.buffer(partSizeBytes) : null;
        const hashes = await readPart(range, memory, taskSignal, wanted);
        await assertUnchanged(file);
        const bytes = { fd: handle.fd, path, buffer: memory, range };
        const location = locationOf(bytes, range);
        const body = () => bodyOf(location, () => streams.open(handle, path, range));
        const digest = (hash: PartHash): Promise<string> =>
          tasks.run(signal, (digestSignal) => digestOf(bytes, hash, threads, digestSignal));
        const unchanged = async () => (memory === null ? assertUnchanged(file) : undefined);
        return preparedPart(range, hashes, { body, location, digest, assertUnchanged: unchanged }, slot);
      } catch (error) {
        slot.release();
        throw error;
      }
    });
  }

  return {
    ...factsOf(file, resources),
    expectParts: (parts) => threads.expect(parts, fingerprint.sizeBytes),
    prepare,
    treeHash: (signal, onRead) =>
      tasks.run(signal, (taskSignal) => hashSegments(file, threads, taskSignal, onRead)),
    compareNow: () => compareOpened(file),
    close() {
      // Waits for all reads first: another file may get the descriptor's number as soon as it is closed.
      closing ??= cleanUp(
        () => tasks.endAll(new TransferError('bug', { detail: 'the source was closed' })),
        () => streams.destroyAll(),
        () => handle.close(),
      );
      return closing;
    },
  };
}
