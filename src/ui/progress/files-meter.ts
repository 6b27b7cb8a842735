/** Shows how far a run over several files is. */
import { formatDuration, formatSize } from '../../core/units.js';
import type { FilesProgress, RunSummary } from '../../transfer/events.js';
import { safeFile } from '../wording/wording-parts.js';
import { formatRate } from './progress-lines.js';
import { RateWindow } from './rate-window.js';
import type { EventOf } from './reporter-parts.js';

/** Thousands of small files may move in a second. */
const LOOK_INTERVAL_MS = 200;

export interface FilesReading extends FilesProgress {
  /** Over the last 15 s; null until a byte has left. */
  readonly bytesPerSecond: number | null;
}

export class FilesMeter {
  readonly #nowMs: () => number;
  readonly #rate = new RateWindow();
  #lookedMs: number;
  #progress: FilesProgress | null = null;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
    this.#lookedMs = nowMs();
    this.#rate.look(this.#lookedMs, 0);
  }

  note(event: EventOf<'files'>): void {
    this.#progress = event;
    const nowMs = this.#nowMs();
    if (nowMs - this.#lookedMs < LOOK_INTERVAL_MS) return;
    this.#lookedMs = nowMs;
    this.#rate.look(nowMs, event.movedBytes);
  }

  end(): void {
    this.#progress = null;
  }

  /** Returns null before the first file has moved, and after the end. */
  read(): FilesReading | null {
    const progress = this.#progress;
    if (progress === null) return null;
    return { ...progress, bytesPerSecond: this.#rate.bytesPerSecond(this.#nowMs(), progress.movedBytes) };
  }
}

/**
 * Returns `1,203 files sent, 4 skipped, 1 failed, 3.40 GiB, 38.2 MiB/s`.
 * @param widthMax fields that would make the line longer are left out, from the end
 */
export function formatFilesLine(reading: FilesReading, widthMax = Number.POSITIVE_INFINITY): string {
  const { movedBytes, bytesPerSecond } = reading;
  const speed = bytesPerSecond === null ? [] : [formatRate(bytesPerSecond)];
  const fields = [...countsOf(reading), formatSize(movedBytes), ...speed];
  while (fields.length > 1 && fields.join(', ').length > widthMax) fields.pop();
  return fields.join(', ');
}

/**
 * Returns the last lines of a run: `1,203 files sent, 4 skipped, 1 failed, 3.40 GiB in 2 min 3 s`, and one line for each
 * file that failed.
 */
export function summaryLines(summary: RunSummary): string[] {
  const { sentBytes, durationMs, failed, failedFiles } = summary;
  const amount = `${formatSize(sentBytes)} in ${formatDuration(durationMs)}`;
  const more = failed - failedFiles.length;
  return [
    [...countsOf(summary), amount].join(', '),
    ...failedFiles.map((file) => `failed: ${safeFile(file)}`),
    ...(more === 0 ? [] : [`failed: ${more.toLocaleString('en-US')} more, whose errors are above`]),
  ];
}

function countsOf({ sent, skipped, failed }: Pick<FilesProgress, 'sent' | 'skipped' | 'failed'>): string[] {
  const number = (count: number): string => count.toLocaleString('en-US');
  return [
    `${number(sent)} ${sent === 1 ? 'file' : 'files'} sent`,
    ...(skipped === 0 ? [] : [`${number(skipped)} skipped`]),
    ...(failed === 0 ? [] : [`${number(failed)} failed`]),
  ];
}
