/**
 * The pipeline that every byte goes through, whether a file or a stream feeds it:
 *
 *     jobs ──► prepare (hashing threads, ahead of the lanes) ──► deliver (lanes)
 *
 * A lane never waits for a hash and a thread never waits for the network, until the source's buffers are all in use.
 */
import { setMaxListeners } from 'node:events';
import pLimit from 'p-limit';
import {
  type PartLimits,
  type PartPlan,
  type PartRange,
  partRange,
  streamRange,
} from '../../core/part-plan.js';
import type { BufferedPart, PartHash, PreparedPart, Source, StreamSource } from '../ports/source.js';
import type { RecordedPart } from '../ports/state.js';

/** Parts that are read and hashed beyond those in the lanes, so that a lane that ends finds the next one ready. */
export const HASH_AHEAD_PARTS = 2;

/** A part that waits to be read and hashed. */
interface PartJob {
  readonly range: PartRange;
  /** Reads and hashes the part. Call it once. */
  prepare(signal: AbortSignal): Promise<PreparedPart>;
  /** Gives back what a part holds that is not prepared. */
  release(): void;
}

export interface Pipeline {
  /** Gives the jobs, in the order in which they start. The signal ends it. */
  readonly jobs: (signal: AbortSignal) => AsyncIterable<PartJob> | Iterable<PartJob>;
  /** Lanes: how many parts are delivered at once. */
  readonly concurrency: number;
  readonly signal: AbortSignal;
  /** Does something with a part that was read and hashed. */
  readonly deliver: (part: PreparedPart, signal: AbortSignal) => Promise<void>;
}

/**
 * Prepares and delivers every job once. The first failure stops the intake and aborts what is in progress; the call
 * returns, with that failure, only when every lane has settled, so that nothing moves after it.
 */
export async function runPipeline({ jobs, concurrency, signal, deliver }: Pipeline): Promise<void> {
  const stop = new AbortController();
  const either = AbortSignal.any([signal, stop.signal]);
  setMaxListeners(0, either);
  const lanes = pLimit(concurrency);
  const inProgress = new Set<Promise<void>>();
  let failure: { readonly error: unknown } | null = null;

  const fail = (error: unknown): void => {
    failure ??= { error };
    stop.abort(error);
  };
  /** Fails inside its lane: the lane takes the next part as soon as this returns. */
  const deliverOne = async (part: PreparedPart): Promise<void> => {
    if (!either.aborted) await deliver(part, either).catch(fail);
  };
  const move = async (job: PartJob): Promise<void> => {
    const part = await job.prepare(either);
    await lanes(deliverOne, part).finally(() => part.release());
  };

  try {
    for await (const job of jobs(either)) {
      if (either.aborted) {
        job.release();
        break;
      }
      const moving: Promise<void> = move(job)
        .catch(fail)
        .finally(() => inProgress.delete(moving));
      inProgress.add(moving);
      if (inProgress.size >= concurrency + HASH_AHEAD_PARTS) await Promise.race(inProgress);
    }
  } catch (error) {
    fail(error);
  }
  await Promise.all(inProgress);
  signal.throwIfAborted();
  if (failure !== null) throw (failure as { readonly error: unknown }).error;
}

/** A file's parts to be read. */
export interface FileParts {
  readonly source: Source;
  readonly plan: PartPlan;
  readonly indexes: Iterable<number>;
  /** Returns the hashes that the part is needed with, beside the tree hash. Asked when the part is read. */
  readonly hashes: (index: number) => readonly PartHash[];
  /** Hashes that need not be computed again, by index. */
  readonly recorded?: ReadonlyMap<number, RecordedPart>;
}

/** Returns the jobs of a file's parts, in the order of the file. */
export function fileJobs({ source, plan, indexes, hashes, recorded }: FileParts): Pipeline['jobs'] {
  const inOrder = [...indexes].sort((a, b) => a - b);
  return function* () {
    for (const index of inOrder) {
      const range = partRange(plan, index);
      yield {
        range,
        prepare: (signal) => {
          const wanted = { hashes: hashes(index), recorded: recorded?.get(index) };
          return source.prepare(range, plan.partSizeBytes, signal, wanted);
        },
        release: () => undefined,
      };
    }
  };
}

/** A stream whose first parts were read already. */
export interface StreamParts {
  readonly source: StreamSource;
  /** The first parts, in order; at least one. */
  readonly read: readonly BufferedPart[];
  readonly partSizeBytes: number;
  readonly limits: PartLimits;
  /** Returns the hashes that a part is needed with, beside the tree hash. Asked when the part is read. */
  readonly hashes: (index: number) => readonly PartHash[];
}

/**
 * Returns the jobs of a stream's parts, as it is read.
 * @throws TransferError `limit` for a part that the service does not accept; the errors of the stream
 */
export function streamJobs({ source, read, partSizeBytes, limits, hashes }: StreamParts): Pipeline['jobs'] {
  const jobOf = (part: BufferedPart, index: number): PartJob => {
    try {
      const range = streamRange({ partSizeBytes }, index, part.sizeBytes, limits);
      return {
        range,
        prepare: (either) => part.prepare(range, either, hashes(index)),
        release: () => part.release(),
      };
    } catch (error) {
      part.release();
      throw error;
    }
  };
  return async function* (signal) {
    const waiting = [...read];
    try {
      for (let index = 0; ; index += 1) {
        const part: BufferedPart | null = waiting.shift() ?? (await source.next(signal));
        if (part === null) return;
        yield jobOf(part, index);
      }
    } finally {
      for (const part of waiting) part.release();
    }
  };
}
