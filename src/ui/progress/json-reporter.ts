/** Progress for programs: JSON Lines on standard error. */
import { jsonLine } from '../json.js';
import { eventJson, filesJson, progressJson, readingJson, timed } from './event-json.js';
import { FilesMeter } from './files-meter.js';
import { createLogThrottle } from './log-throttle.js';
import { ProgressMeter } from './progress-meter.js';
import { ReadingMeter } from './reading-meter.js';
import {
  type EventOf,
  ignoreEvent,
  type Reporter,
  type ReporterContext,
  reporterOf,
} from './reporter-parts.js';

/** One line for all parts in flight together. */
const PROGRESS_INTERVAL_MS = 1000;

/** Prints an object for every event, and at most once a second one with the running totals; the last totals always. */
export function createJsonReporter({ writer, nowMs, timeMs, env }: ReporterContext): Reporter {
  const meter = new ProgressMeter(nowMs);
  const reading = new ReadingMeter(nowMs);
  const files = new FilesMeter(nowMs);
  const totals = createLogThrottle(nowMs, PROGRESS_INTERVAL_MS, Number.NEGATIVE_INFINITY);
  let file = '';
  const print = (object: { readonly type: string }): void =>
    void writer.write(`${jsonLine(timed(object, timeMs()))}\n`);
  const printEvent = (event: Parameters<typeof eventJson>[0]): void => print(eventJson(event, env));
  const printTotals = (progress = meter.read()): void => {
    if (progress !== null) print(progressJson(file, progress));
  };
  const printFiles = (): void => {
    const progress = files.read();
    if (progress !== null) print(filesJson(progress));
  };
  const move = (event: EventOf<'part' | 'sending' | 'progress'>): void => {
    meter.note(event);
    if (event.type !== 'progress') printEvent(event);
    if (totals.admit() !== null) printTotals();
  };
  return reporterOf(
    {
      started(event) {
        file = event.file;
        meter.note(event);
        printEvent(event);
      },
      part: move,
      sending: move,
      progress: move,
      completing(event) {
        printTotals();
        printEvent(event);
      },
      archived(event) {
        meter.finish();
        printEvent(event);
      },
      failed(event) {
        printTotals(meter.finish());
        printEvent(event);
      },
      reading(event) {
        reading.note(event);
        const progress = reading.read();
        if (progress !== null && totals.admit() !== null) print(readingJson(event.file, progress));
      },
      files(event) {
        files.note(event);
        if (totals.admit() !== null) printFiles();
      },
      summary(event) {
        printFiles();
        printEvent(event);
      },
      retry: printEvent,
      waiting: printEvent,
      notice: printEvent,
    },
    ignoreEvent,
  );
}
