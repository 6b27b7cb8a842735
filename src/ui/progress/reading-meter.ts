/** Shows how far the reading of a file is, if it takes long enough to be shown. */
import { type Progress, shortName } from './progress-meter.js';
import { RateWindow } from './rate-window.js';
import type { EventOf } from './reporter-parts.js';

/** A file that is read in less time is not shown. */
const SHOWN_AFTER_MS = 1000;

/** The members of Progress that a reading has. */
export type ReadingProgress = Pick<
  Progress,
  'fileName' | 'totalBytes' | 'doneBytes' | 'partsInFlight' | 'bytesPerSecond' | 'leftMs'
>;

export class ReadingMeter {
  readonly #nowMs: () => number;
  #event: EventOf<'reading'> | null = null;
  #startedMs = 0;
  #rate = new RateWindow();

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  note(event: EventOf<'reading'>): void {
    const nowMs = this.#nowMs();
    if (this.#event === null || this.#event.file !== event.file) {
      this.#startedMs = nowMs;
      this.#rate = new RateWindow();
    }
    this.#rate.look(nowMs, event.readBytes);
    this.#event = event.readBytes === event.totalBytes ? null : event;
  }

  end(): void {
    this.#event = null;
  }

  /** Returns null while nothing is read, and for the first second. */
  read(): ReadingProgress | null {
    const nowMs = this.#nowMs();
    if (this.#event === null || nowMs - this.#startedMs < SHOWN_AFTER_MS) return null;
    const { file, readBytes, totalBytes } = this.#event;
    const bytesPerSecond = this.#rate.bytesPerSecond(nowMs, readBytes);
    const isTimed = bytesPerSecond !== null && totalBytes !== null;
    return {
      fileName: `reading ${shortName(file)}`,
      totalBytes,
      doneBytes: readBytes,
      partsInFlight: 0,
      bytesPerSecond,
      leftMs: isTimed ? ((totalBytes - readBytes) * 1000) / bytesPerSecond : null,
    };
  }
}
