/**
 * Adapts the number of parts that are sent at once. A part must arrive within a certain time of its signature, so on a
 * slow line sending fewer at once is the only way to get any through. Each part's time is measured; the number is lowered
 * before parts come too late, and raised again when the line gets faster.
 */
import { isFailure, type TransferError, wrapFailure } from '../../core/failures.js';
import type { PartLimits } from '../../core/part-plan.js';
import type { Report } from '../events.js';
import type { Clock } from '../ports/clock.js';
import type { PreparedPart } from '../ports/source.js';
import type { PartReceipt, PartWatch, Target } from '../ports/target.js';
import { delegate } from './delegate.js';
import { Flight } from './flight.js';
import { LaneGate } from './lane-gate.js';
import { withLanes } from './lanes.js';

/** Shares of the time that a part has: above the first the number is lowered, to what should take the second. */
const LOWER_ABOVE = 0.75;
const LOWERED_TO = 0.6;
/** The number is raised to what should still take no more than this share. The gap prevents oscillation. */
const RAISED_TO = 0.5;
/** The number is raised only after this many parts have arrived since its last change. */
const RAISED_AFTER = 8;
/** A service that waited this long for a part before it gave up (408) shows a slow line; an immediate 408 does not. */
const WAITED_FOR_MS = 10_000;
/** The share of the measured rate that a smaller part may rely on. */
const RELIABLE_SHARE = 0.8;
/** A part that came too late with the whole line to itself gets one more attempt. */
const LATE_ALONE_MAX = 2;
/** With up to this many parts on the line, on average, one counts as alone. */
const ALONE = 1.1;
/** A part that would take this multiple of its time is not waited for. */
const FAR_TOO_LATE = 1.2;

export interface AdaptiveConcurrencyTools {
  /** The most parts at once. */
  readonly concurrency: number;
  readonly clock: Clock;
  readonly report: Report;
}

class AdaptiveConcurrency {
  readonly #tools: AdaptiveConcurrencyTools;
  readonly #limits: PartLimits;
  readonly #gate: LaneGate;
  readonly #flights = new Set<Flight>();
  #partTimeMs: number;
  #changes = 0;
  /** Parts that started after the last change and have arrived. */
  #arrivals = 0;
  #lateAlone = 0;
  #largestBytes = 0;
  /** The lowest rate of the line that was measured since a part last arrived. */
  #lowestRate: number | null = null;

  constructor(tools: AdaptiveConcurrencyTools, limits: PartLimits, partTimeMs: number) {
    this.#tools = tools;
    this.#limits = limits;
    this.#partTimeMs = partTimeMs;
    this.#gate = new LaneGate(tools.concurrency, tools.clock);
  }

  /** Sends a part as often as it takes to arrive in time. */
  async send(
    part: PreparedPart,
    signal: AbortSignal,
    once: (watch: PartWatch) => Promise<PartReceipt>,
  ): Promise<PartReceipt> {
    for (let attempt = 1; ; attempt += 1) {
      await this.#gate.enter(signal);
      const flight = new Flight(part.range.sizeBytes, this.#gate.mark(), this.#changes);
      this.#flights.add(flight);
      try {
        const receipt = await once((sentBytes) => this.#watch(flight, sentBytes));
        this.#arrived(flight);
        return receipt;
      } catch (error) {
        if (isAbandonedByService(error)) this.#abandoned(flight);
        if (!isFailure(error, 'too-slow')) throw error;
        if (flight.givesWay) continue;
        this.#late(flight, error);
        this.#reportRetry(part.range.index, attempt);
      } finally {
        this.#flights.delete(flight);
        this.#gate.leave();
      }
    }
  }

  #reportRetry(index: number, attempt: number): void {
    const why = `it did not arrive within ${Math.round(this.#partTimeMs / 1000)} s after it was signed`;
    const operation = `send part ${index}`;
    this.#tools.report({ type: 'retry', operation, attempt, attemptsMax: null, delayMs: 0, why });
  }

  /** Looks at a part in flight. @returns true when it must stop and start again, because others go first */
  #watch(flight: Flight, sentBytes: number): boolean {
    const { lanes, elapsedMs } = this.#gate.since(flight.startedAt);
    const progress = flight.look(sentBytes, this.#gate.mark().atMs, this.#partTimeMs);
    const isStale = elapsedMs > this.#partTimeMs || flight.changes !== this.#changes;
    if (progress === null || isStale) return flight.givesWay;
    if (progress.neededMs > FAR_TOO_LATE * this.#partTimeMs) {
      this.#makeRoom(progress.bytesPerMs * 1000 * lanes);
    }
    return flight.givesWay;
  }

  /** Lowers the number while parts are in flight: the ones with the fewest bytes left stay, the others start again. */
  #makeRoom(bytesPerSecond: number): void {
    for (const { sizeBytes } of this.#flights) this.#largestBytes = Math.max(this.#largestBytes, sizeBytes);
    this.#lower(Math.min(this.#gate.lanes - 1, this.#room(bytesPerSecond, LOWERED_TO)), bytesPerSecond);
    const fewestLeft = [...this.#flights].sort((a, b) => a.leftBytes - b.leftBytes);
    for (const flight of fewestLeft.slice(this.#gate.lanes)) flight.givesWay = flight.leftBytes > 0;
  }

  #arrived(flight: Flight): void {
    const { sizeBytes } = flight;
    this.#lateAlone = 0;
    this.#lowestRate = null;
    this.#largestBytes = Math.max(this.#largestBytes, sizeBytes);
    const { lanes, elapsedMs } = this.#gate.since(flight.startedAt);
    if (elapsedMs <= 0 || flight.changes !== this.#changes) return;
    const bytesPerSecond = (sizeBytes * lanes * 1000) / elapsedMs;
    if (elapsedMs > LOWER_ABOVE * this.#partTimeMs) {
      this.#lower(Math.min(this.#gate.lanes - 1, this.#room(bytesPerSecond, LOWERED_TO)), bytesPerSecond);
    } else if (++this.#arrivals >= RAISED_AFTER) {
      this.#raise(this.#room(bytesPerSecond, RAISED_TO), bytesPerSecond);
    }
  }

  /** Counts a part that came too late. @throws TransferError `too-slow` when no number of parts at once can help */
  #late(flight: Flight, error: TransferError<'too-slow'>): void {
    const { facts } = error;
    this.#partTimeMs = Math.min(this.#partTimeMs, facts.partTimeMs);
    this.#largestBytes = Math.max(this.#largestBytes, facts.sizeBytes);
    const { lanes } = this.#gate.since(flight.startedAt);
    const rate = lineRate(facts, lanes);
    if (rate !== null) this.#lowestRate = Math.min(this.#lowestRate ?? rate, rate);
    // The part started when more were sent at once, so it says nothing about the present number.
    if (flight.changes !== this.#changes) return;
    if (lanes < ALONE) {
      this.#lateAlone += 1;
      if (this.#lateAlone >= LATE_ALONE_MAX) throw this.#hopeless(error);
    }
    const half = Math.floor(this.#gate.lanes / 2);
    const room = rate === null ? half : this.#room(rate, LOWERED_TO);
    this.#lower(Math.min(half, room), rate);
  }

  /** Halves the number after the service gave up waiting for a part. The retry of the part follows elsewhere. */
  #abandoned(flight: Flight): void {
    const { elapsedMs } = this.#gate.since(flight.startedAt);
    if (flight.changes !== this.#changes || elapsedMs < WAITED_FOR_MS) return;
    this.#lower(Math.floor(this.#gate.lanes / 2), null);
  }

  /** Returns how many parts at once arrive within a share of the time that each part has. */
  #room(bytesPerSecond: number, share: number): number {
    return Math.floor((share * this.#partTimeMs * bytesPerSecond) / 1000 / this.#largestBytes);
  }

  #lower(lanes: number, bytesPerSecond: number | null): void {
    const to = Math.max(1, lanes);
    if (to >= this.#gate.lanes) return;
    const from = this.#change(to);
    const partTimeMs = this.#partTimeMs;
    this.#tools.report({ type: 'notice', notice: 'fewer-at-once', from, to, bytesPerSecond, partTimeMs });
  }

  #raise(lanes: number, bytesPerSecond: number): void {
    const to = Math.min(this.#tools.concurrency, lanes);
    if (to <= this.#gate.lanes) return;
    const from = this.#change(to);
    this.#tools.report({ type: 'notice', notice: 'more-at-once', from, to, bytesPerSecond });
  }

  #change(to: number): number {
    const from = this.#gate.lanes;
    this.#changes += 1;
    this.#arrivals = 0;
    this.#gate.lanes = to;
    return from;
  }

  /** Returns the final failure, with the largest part size that arrives in time at the measured rate. */
  #hopeless(error: TransferError<'too-slow'>): TransferError<'too-slow'> {
    const { facts } = error;
    const bytesPerSecond = this.#lowestRate;
    const halfBytes = facts.sizeBytes / 2;
    const reliableBytes =
      bytesPerSecond === null ? halfBytes : (RELIABLE_SHARE * this.#partTimeMs * bytesPerSecond) / 1000;
    const fitting = 2 ** Math.floor(Math.log2(Math.max(1, Math.min(reliableBytes, halfBytes))));
    const fittingPartSizeBytes = fitting >= this.#limits.partSizeMinBytes ? fitting : null;
    const partTimeMs = this.#partTimeMs;
    return wrapFailure(error, 'too-slow', { ...facts, partTimeMs, bytesPerSecond, fittingPartSizeBytes });
  }
}

function isAbandonedByService(error: unknown): boolean {
  return isFailure(error, 'unreachable') && error.service?.httpStatus === 408;
}

/** Returns the rate of the whole line while a part was in flight that shared it with others. */
function lineRate(
  { sentBytes, elapsedMs }: TransferError<'too-slow'>['facts'],
  lanes: number,
): number | null {
  return sentBytes === null || elapsedMs <= 0 ? null : (sentBytes * lanes * 1000) / elapsedMs;
}

/** Returns the target with at most as many parts at once as arrive in time. */
export function withAdaptiveConcurrency(target: Target, tools: AdaptiveConcurrencyTools): Target {
  if (target.partTimeMs === null) return withLanes(target, tools.concurrency, tools.clock);
  const { limits } = target.capabilities;
  const control = new AdaptiveConcurrency(tools, limits, target.partTimeMs);
  return delegate(target, (inner) => ({
    sendPart: (uploadId, part, signal, watch) =>
      control.send(part, signal, (own) =>
        inner.sendPart(uploadId, part, signal, (sentBytes) => {
          const isToEnd = watch?.(sentBytes) === true;
          return own(sentBytes) || isToEnd;
        }),
      ),
  }));
}
