/**
 * The pipeline that every byte goes through:
 *
 *     indexes ──► prepare (hashing threads, ahead of the lanes) ──► deliver (lanes)
 *
 * A lane never waits for a hash and a thread never waits for the network, until the source's bounded buffers say so.
 */
import { setMaxListeners } from 'node:events';
import pLimit from 'p-limit';
import { type PartPlan, partRange } from '../../core/part-plan.js';
import type { PreparedPart, RecordedPart, Source } from '../ports.js';

/** Parts that are read and hashed beyond those in the lanes, so that a lane which ends finds the next one ready. */
export const HASH_AHEAD_PARTS = 2;

export interface PartWork {
  readonly source: Source;
  readonly plan: PartPlan;
  /** In the order in which they are to be begun. */
  readonly indexes: readonly number[];
  /** Hashes that need not be computed again, by index. */
  readonly known?: ReadonlyMap<number, RecordedPart>;
  /** Lanes: how many parts are delivered at once. */
  readonly concurrency: number;
  readonly signal: AbortSignal;
  /** What is done with a part that was read and hashed. */
  readonly deliver: (part: PreparedPart, signal: AbortSignal) => Promise<void>;
}

/**
 * Prepares and delivers every index once. The first failure stops the intake and aborts what is under way; the call
 * returns, with that failure, only when every lane has settled, so that nothing moves behind the caller's back.
 */
export async function moveParts(work: PartWork): Promise<void> {
  const stop = new AbortController();
  const signal = AbortSignal.any([work.signal, stop.signal]);
  setMaxListeners(0, signal);
  const lanes = pLimit(work.concurrency);
  const window = pLimit(work.concurrency + HASH_AHEAD_PARTS);
  let failure: { error: unknown } | null = null;

  const fail = (error: unknown): void => {
    failure ??= { error };
    stop.abort(error);
  };
  /** Fails inside its lane: the lane takes up the next part as soon as this returns. */
  const deliver = async (part: PreparedPart): Promise<void> => {
    if (!signal.aborted) await work.deliver(part, signal).catch(fail);
  };
  const moveOne = async (index: number): Promise<void> => {
    if (signal.aborted) return;
    try {
      const range = partRange(work.plan, index);
      const part = await work.source.prepare(range, work.plan.partSizeBytes, signal, work.known?.get(index));
      await lanes(deliver, part).finally(() => part.release());
    } catch (error) {
      fail(error);
    }
  };

  await Promise.all(work.indexes.map((index) => window(moveOne, index)));
  work.signal.throwIfAborted();
  if (failure !== null) throw (failure as { error: unknown }).error;
}
