/** The reporters without a display of progress: notices alone, and the events themselves as JSON. */
import { jsonLine } from '../json.js';
import { describeNotice } from '../wording/notices.js';
import { createLogThrottle } from './log-throttle.js';
import { formatWaitingLine } from './progress-lines.js';
import { ProgressMeter } from './progress-meter.js';
import { ignoreEvent, type Reporter, type ReporterContext, reporterOf } from './reporter-parts.js';

/** A wait for a lock is a notice here, because the run would otherwise be silent for up to `--lock-wait`. */
export function createNoticeReporter({ writer, env }: ReporterContext): Reporter {
  const print = (line: string) => writer.write(`note: ${line}\n`);
  return reporterOf(
    {
      started: ignoreEvent,
      part: ignoreEvent,
      sending: ignoreEvent,
      progress: ignoreEvent,
      retry: ignoreEvent,
      completing: ignoreEvent,
      archived: ignoreEvent,
      failed: ignoreEvent,
      waiting: (event) => print(formatWaitingLine(event)),
      notice: (notice) => print(describeNotice(notice, env)),
    },
    () => {},
  );
}

/** The parts in flight report their progress about once a second each; one line shows it for all of them together. */
const PROGRESS_INTERVAL_MS = 1000;

/** Prints one JSON object a line for every event; `progress` has the numbers of the whole file. */
export function createJsonReporter({ writer, nowMs }: ReporterContext): Reporter {
  const meter = new ProgressMeter(nowMs);
  const progressLines = createLogThrottle(nowMs, PROGRESS_INTERVAL_MS, Number.NEGATIVE_INFINITY);
  let isDone = false;
  const print = (object: { readonly type: string }): void => void writer.write(`${jsonLine(object)}\n`);
  const printProgress = (): void => {
    const progress = meter.read();
    if (progress === null || progressLines.admit() === null) return;
    const { doneBytes, totalBytes, bytesPerSecond, leftMs, partsDone, partCount, partsInFlight } = progress;
    const numbers = {
      doneBytes,
      totalBytes,
      bytesPerSecond,
      leftMs,
      partsDone,
      parts: partCount,
      partsInFlight,
    };
    print({ type: 'progress', ...numbers });
  };
  return {
    report(event) {
      if (isDone) return;
      meter.note(event);
      if (event.type === 'progress') return printProgress();
      const { type, ...facts } = event;
      print({ type, ...facts });
    },
    clear() {},
    done() {
      isDone = true;
    },
  };
}
