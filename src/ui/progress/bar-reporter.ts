/** Progress for a person at a terminal: one live line, and above it what should stay. */

import type { Paint } from '../text/paint.js';
import { describeNotice } from '../wording/notices.js';
import { barLine } from './bar-line.js';
import { createLiveLine, type LiveLine } from './live-line.js';
import { createLogThrottle } from './log-throttle.js';
import {
  formatArchivedLine,
  formatRetryLine,
  formatStoppedLine,
  formatWaitingLine,
} from './progress-lines.js';
import { ProgressMeter } from './progress-meter.js';
import { type EventHandlers, type Reporter, type ReporterContext, reporterOf } from './reporter-parts.js';

/** Lanes that fail together, again and again, would push everything else off the screen. */
const RETRY_INTERVAL_MS = 10_000;

const UNICODE_FRAMES = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const ASCII_FRAMES = ['-', '\\', '|', '/'];

function spinnerFrames(unicode: boolean, paint: Paint): string[] {
  return (unicode ? UNICODE_FRAMES : ASCII_FRAMES).map(paint.cyan);
}

export async function createBarReporter(context: ReporterContext): Promise<Reporter> {
  const { stream, writer, unicode, paint } = context;
  const meter = new ProgressMeter(context.nowMs);
  const live = await createLiveLine({
    stream,
    writer,
    frames: spinnerFrames(unicode, paint),
    barLine: (columns) => {
      const progress = meter.read();
      return progress === null ? '' : barLine(progress, columns, { unicode, paint });
    },
  });
  return reporterOf(barHandlers(context, meter, live), () => live.clear());
}

function barHandlers(context: ReporterContext, meter: ProgressMeter, live: LiveLine): EventHandlers {
  const { nowMs, paint, debug, unicode, env } = context;
  const retryPace = createLogThrottle(nowMs, debug ? 0 : RETRY_INTERVAL_MS, Number.NEGATIVE_INFINITY);
  const move = (event: Parameters<ProgressMeter['note']>[0]) => {
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
    retry: (event) => {
      const heldBack = retryPace.take();
      if (heldBack !== null) live.printAbove(paint.dim(formatRetryLine(event, heldBack)));
    },
    waiting: (event) => live.showSpinner(formatWaitingLine(event)),
    completing: () => live.showSpinner('completing: the service checks the whole'),
    archived: (event) =>
      end(`${paint.green(unicode ? '✔' : '*')} ${formatArchivedLine(meter.archived(event))}`),
    failed: () => {
      const progress = meter.finish();
      if (progress === null) live.clear();
      else end(`${paint.yellow(unicode ? '✖' : 'x')} ${formatStoppedLine(progress)}`);
    },
    notice: (notice) => live.printAbove(`${paint.yellow('note:')} ${describeNotice(notice, env)}`),
  };
}
