/** One attempt to send a part, while it is in flight. */
import type { GateMark } from './lane-gate.js';

/**
 * A part is judged by the bytes that left in this share of its time, counted from the first look: bytes that left before
 * may still wait in buffers.
 */
const WATCHED_SHARE = 0.09;

interface Look {
  readonly sentBytes: number;
  readonly atMs: number;
}

/** The progress that the looks at a part show. */
export interface FlightProgress {
  readonly bytesPerMs: number;
  /** The time that the whole part needs at this rate. */
  readonly neededMs: number;
}

export class Flight {
  readonly sizeBytes: number;
  readonly startedAt: GateMark;
  /** The number of changes to the lanes before the part started. */
  readonly changes: number;
  /** True when the part must stop, and start again beside fewer. */
  givesWay = false;
  #first: Look | null = null;
  #last: Look | null = null;

  constructor(sizeBytes: number, startedAt: GateMark, changes: number) {
    this.sizeBytes = sizeBytes;
    this.startedAt = startedAt;
    this.changes = changes;
  }

  /** The bytes that had not left at the last look. */
  get leftBytes(): number {
    return this.sizeBytes - (this.#last?.sentBytes ?? 0);
  }

  /**
   * Notes the bytes that have left.
   * @param partTimeMs the time limit of the part
   * @returns null when too little was seen. A line that stands still is not slow: `--read-timeout` ends it.
   */
  look(sentBytes: number, atMs: number, partTimeMs: number): FlightProgress | null {
    const look = { sentBytes, atMs };
    this.#last = look;
    this.#first ??= look;
    const watchedMs = atMs - this.#first.atMs;
    const goneBytes = sentBytes - this.#first.sentBytes;
    if (watchedMs < WATCHED_SHARE * partTimeMs || goneBytes <= 0) return null;
    const bytesPerMs = goneBytes / watchedMs;
    const firstMs = this.#first.atMs - this.startedAt.atMs;
    // Bytes that left early at a higher rate only filled socket buffers.
    const arrivedBytes = Math.min(this.#first.sentBytes, bytesPerMs * firstMs);
    return { bytesPerMs, neededMs: firstMs + (this.sizeBytes - arrivedBytes) / bytesPerMs };
  }
}
