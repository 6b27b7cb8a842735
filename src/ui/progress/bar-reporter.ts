/** Progress for a person at a terminal: one live line, and above it the lines that stay. */
import { describeNotice } from '../wording/notices.js';
import { barLine } from './bar-line.js';
import { FilesMeter, formatFilesLine, summaryLines } from './files-meter.js';
import { createLiveLine, type LiveLine } from './live-line.js';
import { createLogThrottle } from './log-throttle.js';
import {
  formatArchivedLine,
  formatRetryLine,
  formatStoppedLine,
  formatWaitingLine,
} from './progress-lines.js';
import { ProgressMeter } from './progress-meter.js';
import { ReadingMeter } from './reading-meter.js';
import { type EventHandlers, type Reporter, type ReporterContext, reporterOf } from './reporter-parts.js';

/** Parts in flight fail together: without a limit their retries would push everything else off the screen. */
const RETRY_INTERVAL_MS = 10_000;

export async function createBarReporter(context: ReporterContext): Promise<Reporter> {
  const { stream, writer, style } = context;
  const meter = new ProgressMeter(context.nowMs);
  const reading = new ReadingMeter(context.nowMs);
  const files = new FilesMeter(context.nowMs);
  const live = await createLiveLine({
    stream,
    writer,
    frames: style.spinner.map(style.cyan),
    barLine: (columns) => {
      const several = files.read();
      if (several !== null) return formatFilesLine(several, columns - 1);
      const progress = reading.read() ?? meter.read();
      return progress === null ? '' : barLine(progress, columns, style);
    },
  });
  return reporterOf(barHandlers(context, { meter, reading, files }, live), () => live.clear());
}

interface Meters {
  readonly meter: ProgressMeter;
  readonly reading: ReadingMeter;
  readonly files: FilesMeter;
}

function barHandlers(
  context: ReporterContext,
  { meter, reading, files }: Meters,
  live: LiveLine,
): EventHandlers {
  const { nowMs, style, debug, env } = context;
  const retries = createLogThrottle(nowMs, debug ? 0 : RETRY_INTERVAL_MS, Number.NEGATIVE_INFINITY);
  const move = (event: Parameters<ProgressMeter['note']>[0]) => {
    reading.end();
    meter.note(event);
    live.showBar();
  };
  const end = (line: string) => {
    live.clear();
    live.printAbove(line);
  };
  return {
    started: move,
    sending: move,
    part: move,
    progress: (event) => meter.note(event),
    retry: (event) => {
      const heldBack = retries.admit();
      if (heldBack !== null) live.printAbove(style.dim(formatRetryLine(event, heldBack)));
    },
    waiting: (event) => live.showSpinner(formatWaitingLine(event)),
    completing: () => live.showSpinner('completing the upload: the service checks the archive'),
    archived: (event) => end(`${style.green(style.success)} ${formatArchivedLine(meter.archived(event))}`),
    reading: (event) => {
      reading.note(event);
      if (event.readBytes === event.totalBytes) live.clear();
      else if (reading.read() !== null) live.showBar();
    },
    failed: () => {
      reading.end();
      const progress = meter.finish();
      if (progress === null) live.clear();
      else end(`${style.yellow(style.failure)} ${formatStoppedLine(progress)}`);
    },
    files: (event) => {
      files.note(event);
      live.showBar();
    },
    summary: (summary) => {
      files.end();
      live.clear();
      for (const line of summaryLines(summary)) live.printAbove(line);
    },
    notice: (notice) => live.printAbove(`${style.yellow('note:')} ${describeNotice(notice, env)}`),
  };
}
