/** How far the file in transfer is, added up from events: what bars and lines are drawn from. */
import { basename } from 'node:path';
import { isStandardInput } from '../../core/identity.js';
import type { TransferEvent } from '../../transfer/events.js';

export interface Progress {
  /** Base name, as the file system gave it: not yet safe to print. */
  readonly fileName: string;
  /** Null: a stream of unknown length. One that was foretold may be passed. */
  readonly totalBytes: number | null;
  readonly doneBytes: number;
  /** Of this run: what was there already is not in it. */
  readonly sentBytes: number;
  /** Null while a stream runs. */
  readonly partCount: number | null;
  readonly partsDone: number;
  readonly partsReused: number;
  readonly partsInFlight: number;
  readonly elapsedMs: number;
  /** Average of this run; null until the first part has arrived. */
  readonly bytesPerSecond: number | null;
  readonly leftMs: number | null;
}

/** An archive and how this run came by it. */
export interface ArchivedFacts {
  /** Base name, not yet safe to print. */
  readonly fileName: string;
  readonly sizeBytes: number;
  readonly durationMs: number;
  /** Sent in this run. */
  readonly sentBytes: number;
  readonly partCount: number;
  readonly partsReused: number;
}

type Started = Extract<TransferEvent, { type: 'started' }>;
type Part = Extract<TransferEvent, { type: 'part' }>;
type Archived = Extract<TransferEvent, { type: 'archived' }>;

function shortName(file: string): string {
  return isStandardInput(file) ? 'standard input' : basename(file);
}

function atMost(whole: number | null, done: number): number {
  return whole === null ? done : Math.min(whole, done);
}

export class ProgressMeter {
  readonly #nowMs: () => number;
  #begun: Started | null = null;
  #startedMs = 0;
  #sent = { parts: 0, bytes: 0 };
  #reused = { parts: 0, bytes: 0 };
  readonly #inFlight = new Set<number>();

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  note(event: TransferEvent): void {
    if (event.type === 'started') this.#start(event);
    if (event.type === 'sending') this.#inFlight.add(event.index);
    if (event.type === 'part') this.#add(event);
  }

  #start(event: Started): void {
    this.#begun = event;
    this.#startedMs = this.#nowMs();
    this.#sent = { parts: 0, bytes: 0 };
    this.#reused = { parts: 0, bytes: 0 };
    this.#inFlight.clear();
  }

  #add(event: Part): void {
    const sum = event.reused ? this.#reused : this.#sent;
    sum.parts += 1;
    sum.bytes += event.sizeBytes;
    this.#inFlight.delete(event.index);
  }

  /** The last reading of a transfer that is over; null where none was begun. */
  finish(): Progress | null {
    const progress = this.read();
    this.#begun = null;
    return progress;
  }

  /** What is to be said of the archive; one that was begun in an earlier run, or never, has sent nothing in this. */
  archived(event: Archived): ArchivedFacts {
    const progress = this.finish();
    return {
      fileName: shortName(event.file),
      sizeBytes: event.sizeBytes,
      durationMs: event.durationMs,
      sentBytes: progress?.sentBytes ?? 0,
      partCount: progress?.partCount ?? 0,
      partsReused: progress?.partsReused ?? 0,
    };
  }

  /** Null before anything was begun. */
  read(): Progress | null {
    const begun = this.#begun;
    if (begun === null) return null;
    const { plan } = begun;
    // What was known to be there when the upload began, and what a comparison found since.
    const partsReused = begun.reusedParts + this.#reused.parts;
    const reusedBytes = begun.reusedBytes + this.#reused.bytes;
    const doneBytes = atMost(plan.sizeBytes, reusedBytes + this.#sent.bytes);
    const elapsedMs = Math.max(0, this.#nowMs() - this.#startedMs);
    const isMeasured = this.#sent.bytes > 0 && elapsedMs > 0;
    const bytesPerSecond = isMeasured ? (this.#sent.bytes * 1000) / elapsedMs : null;
    return {
      fileName: shortName(begun.file),
      totalBytes: plan.sizeBytes,
      doneBytes,
      sentBytes: this.#sent.bytes,
      partCount: plan.partCount,
      partsDone: atMost(plan.partCount, partsReused + this.#sent.parts),
      partsReused,
      partsInFlight: this.#inFlight.size,
      elapsedMs,
      bytesPerSecond,
      leftMs:
        bytesPerSecond === null || plan.sizeBytes === null
          ? null
          : ((plan.sizeBytes - doneBytes) * 1000) / bytesPerSecond,
    };
  }
}
