/** Adds up from events how far the transfer of a file is. Bars and lines show its numbers. */
import { basename } from 'node:path';
import type { FailureContext } from '../../core/failures.js';
import { isStandardInput } from '../../core/identity.js';
import type { TransferEvent } from '../../transfer/events.js';
import { RateWindow } from './rate-window.js';

export interface Progress {
  /** Base name, as the file system has it: not yet safe to print. */
  readonly fileName: string;
  /** Null for a stream of unknown length. An expected size may be exceeded. */
  readonly totalBytes: number | null;
  /** The bytes of the parts that the service holds, and what has left of the parts in flight. */
  readonly doneBytes: number;
  /** The bytes of the parts that arrived in this run; parts that were there already do not count. */
  readonly sentBytes: number;
  readonly partsSent: number;
  /** Null until a stream has ended. */
  readonly partCount: number | null;
  readonly partsDone: number;
  readonly partsReused: number;
  readonly partsInFlight: number;
  readonly elapsedMs: number;
  /** Over the last 15 s; null until a byte has left. */
  readonly bytesPerSecond: number | null;
  readonly leftMs: number | null;
}

/** An archive, and the work of this run for it. */
export interface ArchivedFacts {
  /** Base name, not yet safe to print. */
  readonly fileName: string;
  readonly sizeBytes: number;
  readonly durationMs: number;
  /** Sent in this run. */
  readonly sentBytes: number;
  /** Null: a stream whose length was not known. */
  readonly partCount: number | null;
  readonly partsReused: number;
}

type Started = Extract<TransferEvent, { type: 'started' }>;
type PartDone = Extract<TransferEvent, { type: 'part' }>;
type Archived = Extract<TransferEvent, { type: 'archived' }>;

export function shortName(file: string): string {
  return isStandardInput(file) ? 'standard input' : basename(file);
}

function atMost(whole: number | null, done: number): number {
  return whole === null ? done : Math.min(whole, done);
}

export class ProgressMeter {
  readonly #nowMs: () => number;
  #started: Started | null = null;
  #startedMs = 0;
  #sent = { parts: 0, bytes: 0 };
  #reused = { parts: 0, bytes: 0 };
  /** The bytes that have left of each part in flight, by index. */
  readonly #inFlight = new Map<number, number>();
  #rate = new RateWindow();

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  note(event: TransferEvent): void {
    if (event.type === 'started') this.#start(event);
    if (event.type === 'sending') this.#inFlight.set(event.index, 0);
    if (event.type === 'progress') this.#inFlight.set(event.index, event.sentBytes);
    if (event.type === 'part') this.#add(event);
    if (event.type === 'progress' || event.type === 'part')
      this.#rate.look(this.#nowMs(), this.#movedBytes());
  }

  #movedBytes(): number {
    return [...this.#inFlight.values()].reduce((sum, bytes) => sum + bytes, this.#sent.bytes);
  }

  #start(event: Started): void {
    this.#started = event;
    this.#startedMs = this.#nowMs();
    this.#sent = { parts: 0, bytes: 0 };
    this.#reused = { parts: 0, bytes: 0 };
    this.#inFlight.clear();
    this.#rate = new RateWindow();
    this.#rate.look(this.#startedMs, 0);
  }

  #add(event: PartDone): void {
    const sum = event.reused ? this.#reused : this.#sent;
    sum.parts += 1;
    sum.bytes += event.sizeBytes;
    this.#inFlight.delete(event.index);
  }

  /** Returns the parts that the service holds now; null before a transfer was started. */
  held(): FailureContext['held'] | null {
    const started = this.#started;
    if (started === null) return null;
    const { partCount, sizeBytes: totalBytes } = started.plan;
    const parts = atMost(partCount, started.reusedParts + this.#reused.parts + this.#sent.parts);
    const bytes = atMost(totalBytes, started.reusedBytes + this.#reused.bytes + this.#sent.bytes);
    return { parts, partCount, bytes, totalBytes };
  }

  /** Ends the transfer. Returns its last numbers, without the parts in flight; null if none was started. */
  finish(): Progress | null {
    this.#inFlight.clear();
    const progress = this.read();
    this.#started = null;
    return progress;
  }

  /** Ends the transfer. An archive that an earlier run had sent completely has sent nothing in this run. */
  archived(event: Archived): ArchivedFacts {
    const progress = this.finish();
    return {
      fileName: shortName(event.file),
      sizeBytes: event.sizeBytes,
      durationMs: event.durationMs,
      sentBytes: progress?.sentBytes ?? 0,
      partCount: progress?.partCount ?? null,
      partsReused: progress?.partsReused ?? 0,
    };
  }

  /** Returns the current numbers; null before a transfer was started. */
  read(): Progress | null {
    const started = this.#started;
    if (started === null) return null;
    const { plan } = started;
    // The parts that were known at the start, and those that a comparison has found since then.
    const partsReused = started.reusedParts + this.#reused.parts;
    const reusedBytes = started.reusedBytes + this.#reused.bytes;
    const doneBytes = atMost(plan.sizeBytes, reusedBytes + this.#movedBytes());
    const nowMs = this.#nowMs();
    const elapsedMs = Math.max(0, nowMs - this.#startedMs);
    const bytesPerSecond = this.#rate.bytesPerSecond(nowMs, this.#movedBytes());
    return {
      fileName: shortName(started.file),
      totalBytes: plan.sizeBytes,
      doneBytes,
      sentBytes: this.#sent.bytes,
      partsSent: this.#sent.parts,
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
