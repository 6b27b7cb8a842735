/**
 * How many parts are sent at once. A part must have arrived within a certain time of its signature, so on a slow line
 * fewer at once is the only way to get any through: what each part took is measured, the number lowered before parts
 * come too late, and raised again when the line gets better.
 */
import { isFailure, TransferError } from '../../core/failures.js';
import type { PartLimits } from '../../core/part-plan.js';
import type { Clock, PartReceipt, PartWatch, PreparedPart, Report, Target } from '../ports.js';

/** Shares of the time that a part has: above the first the number is lowered, to what should take the second. */
const LOWER_ABOVE = 0.75;
const LOWERED_TO = 0.6;
/** The number is raised to what should still take no more than this: far enough below, so that it does not swing. */
const RAISED_TO = 0.5;
/** So many parts must have arrived since the number was changed last before it is raised. */
const RAISED_AFTER = 8;
/** A service that waited so long for a part and gave up (408) tells of a slow line; one that gave up at once does not. */
const WAITED_FOR_MS = 10_000;
/** How much of what the line was measured to carry in time is promised of a smaller part. */
const PROMISED = 0.8;
/** A part that came too late with the whole line to itself gets one more chance. */
const LATE_ALONE_MAX = 2;
/** Parts on the line, on average, up to which one counts as alone. */
const ALONE = 1.1;

export interface AdaptiveConcurrencyTools {
  /** The most parts at once. */
  readonly concurrency: number;
  readonly clock: Clock;
  readonly report: Report;
}

/** A part under way is judged by what left of it in this share of its time, after a first look: that much may wait in buffers. */
const WATCHED_FOR = 0.09;
/** A part that would take so many times its time is not waited for. */
const FAR_TOO_LATE = 1.2;

/** One part under way. */
interface Flight {
  readonly sizeBytes: number;
  /** What had left of it at the first look, and at the last; null: nobody can say. */
  first: Look | null;
  last: Look | null;
  /** To be begun again beside fewer. */
  givesWay: boolean;
  readonly startedMs: number;
  /** Part-milliseconds of the line until it started. */
  readonly busyMs: number;
  /** How often the number had been changed by then. */
  readonly changes: number;
}

interface Look {
  readonly sentBytes: number;
  readonly atMs: number;
}

class AdaptiveConcurrency {
  readonly #tools: AdaptiveConcurrencyTools;
  readonly #limits: PartLimits;
  #partTimeMs: number;
  #lanes: number;
  #changes = 0;
  /** Of parts that were begun since the last change. */
  #arrivals = 0;
  readonly #waiting: (() => void)[] = [];
  #inFlight = 0;
  /** The sum of `#inFlight` over time: its growth over a flight tells with how many that shared the line. */
  #busyMs = 0;
  #countedMs: number;
  #lateAlone = 0;
  readonly #flights = new Set<Flight>();
  #largestBytes = 0;
  /** The lowest rate of the line that was measured since a part last arrived. */
  #lowest: number | null = null;

  constructor(tools: AdaptiveConcurrencyTools, limits: PartLimits, partTimeMs: number) {
    this.#tools = tools;
    this.#limits = limits;
    this.#partTimeMs = partTimeMs;
    this.#lanes = tools.concurrency;
    this.#countedMs = tools.clock.nowMs();
  }

  /** Sends a part as often as it takes to arrive in time. */
  async send(
    part: PreparedPart,
    signal: AbortSignal,
    once: (watch: PartWatch) => Promise<PartReceipt>,
  ): Promise<PartReceipt> {
    for (let attempt = 1; ; attempt += 1) {
      await this.#enter(signal);
      const flight = this.#begin(part.range.sizeBytes);
      try {
        const receipt = await once((sentBytes) => this.#look(flight, sentBytes));
        this.#arrived(flight, part.range.sizeBytes);
        return receipt;
      } catch (error) {
        if (isGivenUp(error)) this.#givenUp(flight);
        if (!isFailure(error, 'too-slow')) throw error;
        if (flight.givesWay) continue;
        this.#late(flight, error);
        const why = `it did not arrive within ${Math.round(this.#partTimeMs / 1000)} s after it was signed`;
        const operation = `send part ${part.range.index}`;
        this.#tools.report({ type: 'retry', operation, attempt, attemptsMax: null, delayMs: 0, why });
      } finally {
        this.#flights.delete(flight);
        this.#leave();
      }
    }
  }

  async #enter(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    while (this.#inFlight >= this.#lanes) await this.#turn(signal);
    this.#count(1);
  }

  /** Resolves when there may be room; rejects with the signal's reason. */
  #turn(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const wake = (): void => {
        signal.removeEventListener('abort', stop);
        resolve();
      };
      const stop = (): void => {
        this.#waiting.splice(this.#waiting.indexOf(wake), 1);
        reject(signal.reason);
      };
      signal.addEventListener('abort', stop, { once: true });
      this.#waiting.push(wake);
    });
  }

  #leave(): void {
    this.#count(-1);
    this.#wake();
  }

  #wake(): void {
    for (const wake of this.#waiting.splice(0, Math.max(0, this.#lanes - this.#inFlight))) wake();
  }

  #count(change: number): void {
    const nowMs = this.#tools.clock.nowMs();
    // A clock that is set back must not take away what was counted.
    this.#busyMs += this.#inFlight * Math.max(0, nowMs - this.#countedMs);
    this.#countedMs = nowMs;
    this.#inFlight += change;
  }

  #begin(sizeBytes: number): Flight {
    const watched = { sizeBytes, first: null, last: null, givesWay: false };
    const flight = { ...watched, startedMs: this.#countedMs, busyMs: this.#busyMs, changes: this.#changes };
    this.#flights.add(flight);
    return flight;
  }

  /** Looks at a part under way. @returns whether it is to end and be begun again, because others go first */
  #look(flight: Flight, sentBytes: number): boolean {
    const { lanes, elapsedMs } = this.#shared(flight);
    const look = { sentBytes, atMs: this.#countedMs };
    flight.last = look;
    flight.first ??= look;
    const watchedMs = look.atMs - flight.first.atMs;
    const goneBytes = sentBytes - flight.first.sentBytes;
    // A line that stands still is not slow: --read-timeout is for that. A clock may have been set meanwhile.
    const tells =
      watchedMs >= WATCHED_FOR * this.#partTimeMs && elapsedMs <= this.#partTimeMs && goneBytes > 0;
    if (!tells || flight.changes !== this.#changes) return flight.givesWay;
    const bytesPerMs = goneBytes / watchedMs;
    // What left before the first look at a better rate than later only went into buffers.
    const firstMs = flight.first.atMs - flight.startedMs;
    const arrivedBytes = Math.min(flight.first.sentBytes, bytesPerMs * firstMs);
    const neededMs = firstMs + (flight.sizeBytes - arrivedBytes) / bytesPerMs;
    if (neededMs > FAR_TOO_LATE * this.#partTimeMs) this.#makeRoom(bytesPerMs * 1000 * lanes);
    return flight.givesWay;
  }

  /** Lowers the number while parts are under way: those that are furthest stay, the others begin again. */
  #makeRoom(bytesPerSecond: number): void {
    for (const { sizeBytes } of this.#flights) this.#largestBytes = Math.max(this.#largestBytes, sizeBytes);
    this.#lower(Math.min(this.#lanes - 1, this.#room(bytesPerSecond, LOWERED_TO)), bytesPerSecond);
    const leftBytes = ({ sizeBytes, last }: Flight): number => sizeBytes - (last?.sentBytes ?? 0);
    const furthest = [...this.#flights].sort((a, b) => leftBytes(a) - leftBytes(b));
    for (const flight of furthest.slice(this.#lanes)) flight.givesWay = leftBytes(flight) > 0;
  }

  /** With how many parts, itself included, a flight has shared the line, on average; and for how long. */
  #shared(flight: Flight): { readonly lanes: number; readonly elapsedMs: number } {
    this.#count(0);
    const elapsedMs = this.#countedMs - flight.startedMs;
    const lanes = elapsedMs > 0 ? (this.#busyMs - flight.busyMs) / elapsedMs : this.#inFlight;
    return { lanes: Math.max(1, lanes), elapsedMs };
  }

  #arrived(flight: Flight, sizeBytes: number): void {
    this.#lateAlone = 0;
    this.#lowest = null;
    this.#largestBytes = Math.max(this.#largestBytes, sizeBytes);
    const { lanes, elapsedMs } = this.#shared(flight);
    if (elapsedMs <= 0 || flight.changes !== this.#changes) return;
    const bytesPerSecond = (sizeBytes * lanes * 1000) / elapsedMs;
    if (elapsedMs > LOWER_ABOVE * this.#partTimeMs) {
      this.#lower(Math.min(this.#lanes - 1, this.#room(bytesPerSecond, LOWERED_TO)), bytesPerSecond);
    } else if (++this.#arrivals >= RAISED_AFTER) {
      this.#raise(this.#room(bytesPerSecond, RAISED_TO), bytesPerSecond);
    }
  }

  /** Counts a part that came too late. @throws TransferError `too-slow` when no number of lanes can help it */
  #late(flight: Flight, error: TransferError<'too-slow'>): void {
    const { facts } = error;
    this.#partTimeMs = Math.min(this.#partTimeMs, facts.partTimeMs);
    this.#largestBytes = Math.max(this.#largestBytes, facts.sizeBytes);
    const shared = this.#shared(flight);
    const bytesPerSecond = rateOf(facts, shared.lanes);
    if (bytesPerSecond !== null) this.#lowest = Math.min(this.#lowest ?? bytesPerSecond, bytesPerSecond);
    // Begun when more were sent at once: it says nothing about the number that there is now.
    if (flight.changes !== this.#changes) return;
    if (shared.lanes < ALONE) {
      this.#lateAlone += 1;
      if (this.#lateAlone >= LATE_ALONE_MAX) throw this.#hopeless(error);
    }
    const half = Math.floor(this.#lanes / 2);
    const room = bytesPerSecond === null ? half : this.#room(bytesPerSecond, LOWERED_TO);
    this.#lower(Math.min(half, room), bytesPerSecond);
  }

  /** The service gave up waiting for a part. Whoever tries again sends it beside fewer. */
  #givenUp(flight: Flight): void {
    const { elapsedMs } = this.#shared(flight);
    if (flight.changes !== this.#changes || elapsedMs < WAITED_FOR_MS) return;
    this.#lower(Math.floor(this.#lanes / 2), null);
  }

  /** How many parts at once a line carries within a share of the time that each has. */
  #room(bytesPerSecond: number, share: number): number {
    return Math.floor((share * this.#partTimeMs * bytesPerSecond) / 1000 / this.#largestBytes);
  }

  #lower(lanes: number, bytesPerSecond: number | null): void {
    const to = Math.max(1, lanes);
    if (to >= this.#lanes) return;
    const from = this.#change(to);
    const partTimeMs = this.#partTimeMs;
    this.#tools.report({ type: 'notice', notice: 'fewer-at-once', from, to, bytesPerSecond, partTimeMs });
  }

  #raise(lanes: number, bytesPerSecond: number): void {
    const to = Math.min(this.#tools.concurrency, lanes);
    if (to <= this.#lanes) return;
    const from = this.#change(to);
    this.#tools.report({ type: 'notice', notice: 'more-at-once', from, to, bytesPerSecond });
    this.#wake();
  }

  #change(to: number): number {
    const from = this.#lanes;
    this.#lanes = to;
    this.#changes += 1;
    this.#arrivals = 0;
    return from;
  }

  #hopeless(error: TransferError<'too-slow'>): TransferError<'too-slow'> {
    const { facts } = error;
    const bytesPerSecond = this.#lowest;
    const carriedBytes =
      bytesPerSecond === null ? facts.sizeBytes / 2 : (PROMISED * this.#partTimeMs * bytesPerSecond) / 1000;
    const fitting = 2 ** Math.floor(Math.log2(Math.max(1, Math.min(carriedBytes, facts.sizeBytes / 2))));
    const fittingPartSizeBytes = fitting >= this.#limits.partSizeMinBytes ? fitting : null;
    const told = { ...facts, partTimeMs: this.#partTimeMs, bytesPerSecond, fittingPartSizeBytes };
    const extras = error.service === null ? { cause: error } : { cause: error, service: error.service };
    return new TransferError('too-slow', told, extras);
  }
}

function isGivenUp(error: unknown): boolean {
  return isFailure(error, 'unreachable') && error.service?.httpStatus === 408;
}

/** What the whole line carried while a part was under way that shared it with others. */
function rateOf({ sentBytes, elapsedMs }: TransferError<'too-slow'>['facts'], lanes: number): number | null {
  return sentBytes === null || elapsedMs <= 0 ? null : (sentBytes * lanes * 1000) / elapsedMs;
}

/** The target, with no more parts at once than arrive in time. */
export function withAdaptiveConcurrency(target: Target, tools: AdaptiveConcurrencyTools): Target {
  if (target.partTimeMs === null) return target;
  const pace = new AdaptiveConcurrency(tools, target.limits, target.partTimeMs);
  return {
    ...target,
    sendPart: (uploadId, part, signal) =>
      pace.send(part, signal, (watch) => target.sendPart(uploadId, part, signal, watch)),
  };
}
