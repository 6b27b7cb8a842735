/** Limits how many parts are in flight over all files of a run. */
import type { Clock } from '../ports/clock.js';
import type { Target } from '../ports/target.js';
import { delegate } from './delegate.js';
import { LaneGate } from './lane-gate.js';

/** Returns the target with at most this many parts in flight, whatever their objects are. */
export function withLanes(target: Target, lanes: number, clock: Clock): Target {
  const gate = new LaneGate(lanes, clock);
  const inLane = async <T>(signal: AbortSignal, send: () => Promise<T>): Promise<T> => {
    await gate.enter(signal);
    try {
      return await send();
    } finally {
      gate.leave();
    }
  };
  return delegate(target, (inner) => ({
    sendPart: (uploadId, part, signal, watch) =>
      inLane(signal, () => inner.sendPart(uploadId, part, signal, watch)),
    putObject: (part, options, signal, watch) =>
      inLane(signal, () => inner.putObject(part, options, signal, watch)),
  }));
}
