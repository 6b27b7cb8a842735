/** Reads a regular file as parts. Each part is read once, hashed in a thread and sent from memory. */
import { basename } from 'node:path';
import { cleanUp } from '../core/clean-up.js';
import { TransferError } from '../core/failures.js';
import type { PartRange } from '../core/part-plan.js';
import type { OpenSource, PreparedPart, Source } from '../transfer/ports/source.js';
import type { RecordedPart } from '../transfer/ports/state.js';
import type { PartHashes } from './hash-part.js';
import { hashSegments } from './hash-segments.js';
import { assertUnchanged, compareOpened, type OpenedFile, openFile } from './open-file.js';
import { bodyOf, locationOf, md5Of, type PartResources, preparedPart } from './prepared-part.js';
import { rangeStreams } from './range-stream.js';
import { taskScope } from './task-scope.js';

/** Opens files whose parts share threads and buffers. The threads start with the first part. */
export function fileSources(resources: PartResources): OpenSource {
  return async (path) => fileSource(await openFile(path), resources);
}

const neverAborted = new AbortController().signal;

/** Tells whether a record has both hashes that a request needs. */
function hasBothHashes(
  recorded: RecordedPart | undefined,
): recorded is RecordedPart & { linearHash: string } {
  return recorded !== undefined && recorded.linearHash !== null;
}

// biome-ignore lint/complexity/noExcessiveLinesPerFunction: short functions that share the file and its tasks.
function fileSource(file: OpenedFile, resources: PartResources): Source {
  const { handle, path, fingerprint } = file;
  const { threads, slots, inMemoryPartMaxBytes, md5: withMd5 } = resources;
  const tasks = taskScope();
  const streams = rangeStreams();
  let closing: Promise<void> | null = null;

  /**
   * Reads a part into its memory, if it has any, and returns its hashes. Recorded
   * hashes are not computed again.
   */
  async function readPart(
    { startByte, sizeBytes }: PartRange,
    memory: Uint8Array | null,
    signal: AbortSignal,
    recorded?: RecordedPart,
  ): Promise<PartHashes> {
    const recordedHashes = hasBothHashes(recorded) ? recorded : null;
    if (recordedHashes !== null && memory === null && !withMd5) return { ...recordedHashes, md5: null };
    const wants = recordedHashes === null ? 'both' : 'bytes';
    const request = {
      fd: handle.fd,
      path,
      startByte,
      sizeBytes,
      buffer: memory,
      wants,
      md5: withMd5,
    } as const;
    const hashes = await threads.hash(request, signal);
    signal.throwIfAborted();
    return recordedHashes === null ? hashes : { ...recordedHashes, md5: hashes.md5 };
  }

  const bytes = { fd: handle.fd, path, buffer: null };
  const computeMd5 = (range: PartRange): Promise<string> =>
    tasks.run(neverAborted, (taskSignal) => md5Of(bytes, threads, range, taskSignal));

  function prepare(
    range: PartRange,
    partSizeBytes: number,
    signal: AbortSignal,
    recorded?: RecordedPart,
  ): Promise<PreparedPart> {
    return tasks.run(signal, async (taskSignal) => {
      const slot = await slots.take(taskSignal);
      try {
        const memory = partSizeBytes <= inMemoryPartMaxBytes ? slot.buffer(partSizeBytes) : null;
        const hashes = await readPart(range, memory, taskSignal, recorded);
        await assertUnchanged(file);
        const location = locationOf({ ...bytes, buffer: memory }, range);
        const body = () => bodyOf(location, () => streams.open(handle, path, range));
        const md5 = async () => hashes.md5 ?? computeMd5(range);
        return preparedPart(range, hashes, { body, location, md5 }, slot);
      } catch (error) {
        slot.release();
        throw error;
      }
    });
  }

  return {
    path,
    baseName: basename(path),
    fingerprint,
    mtimeMs: Number(file.stats.mtimeMs),
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
