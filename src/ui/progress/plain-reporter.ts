/** Progress for logs: at most one line every 30 s, and one at the end. */
import { describeNotice } from '../wording/notices.js';
import { FilesMeter, formatFilesLine, summaryLines } from './files-meter.js';
import { createLogThrottle } from './log-throttle.js';
import {
  formatArchivedLine,
  formatProgressLine,
  formatReadingLine,
  formatRetryLine,
  formatStoppedLine,
  formatWaitingLine,
} from './progress-lines.js';
import { ProgressMeter } from './progress-meter.js';
import { ReadingMeter } from './reading-meter.js';
import {
  type EventHandlers,
  ignoreEvent,
  type Reporter,
  type ReporterContext,
  reporterOf,
} from './reporter-parts.js';

/** A job of ten hours then prints about a thousand lines, and a person who watches it waits half a minute at most. */
const LINE_INTERVAL_MS = 30_000;

export function createPlainReporter(context: ReporterContext): Reporter {
  return reporterOf(plainHandlers(context), () => {});
}

function plainHandlers({ writer, nowMs, debug, env }: ReporterContext): EventHandlers {
  const meter = new ProgressMeter(nowMs);
  const reading = new ReadingMeter(nowMs);
  const files = new FilesMeter(nowMs);
  const progressLines = createLogThrottle(nowMs, LINE_INTERVAL_MS, nowMs());
  const retries = createLogThrottle(nowMs, debug ? 0 : LINE_INTERVAL_MS, Number.NEGATIVE_INFINITY);
  const print = (line: string) => writer.write(`${line}\n`);
  const printProgress = () => {
    const progress = meter.read();
    if (progress !== null && progressLines.admit() !== null) print(formatProgressLine(progress));
  };
  const move = (event: Parameters<ProgressMeter['note']>[0]) => {
    meter.note(event);
    printProgress();
  };
  return {
    started: (event) => meter.note(event),
    sending: move,
    progress: move,
    part: move,
    retry: (event) => {
      const heldBack = retries.admit();
      if (heldBack !== null) print(formatRetryLine(event, heldBack));
    },
    waiting: (event) => print(formatWaitingLine(event)),
    reading: (event) => {
      reading.note(event);
      const progress = reading.read();
      if (progress !== null && progressLines.admit() !== null) print(formatReadingLine(progress));
    },
    files: (event) => {
      files.note(event);
      const progress = files.read();
      if (progress !== null && progressLines.admit() !== null) print(formatFilesLine(progress));
    },
    summary: (summary) => {
      for (const line of summaryLines(summary)) print(line);
    },
    completing: ignoreEvent,
    archived: (event) => print(formatArchivedLine(meter.archived(event))),
    failed: () => {
      const progress = meter.finish();
      if (progress !== null) print(formatStoppedLine(progress));
    },
    notice: (notice) => print(`note: ${describeNotice(notice, env)}`),
  };
}
