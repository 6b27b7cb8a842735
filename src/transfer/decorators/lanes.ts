/** Limits how many parts are in flight over all files of a run. */
import type { Clock } from '../ports/clock.js';
import type { Target } from '../ports/target.js';
import { delegate } from './delegate.js';
import { LaneGate } from './lane-gate.js';

/** Returns the target with at most this many parts in flight, whatever their objects are. */
export function withLanes(target: Target, lanes: number, clock: Clock): Target {
  const gate = new LaneGate(lanes, clock);
  return delegate(target, (inner) => ({
    async sendPart(uploadId, part, signal, watch) {
      await gate.enter(signal);
      try {
        return await inner.sendPart(uploadId, part, signal, watch);
      } finally {
        gate.leave();
      }
    },
  }));
}
