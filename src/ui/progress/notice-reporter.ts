/** No progress: only what a person should know. */
import { describeNotice } from '../wording/notices.js';
import { formatWaitingLine } from './progress-lines.js';
import { ignoreEvent, type Reporter, type ReporterContext, reporterOf } from './reporter-parts.js';

export function createNoticeReporter({ writer, env }: ReporterContext): Reporter {
  return reporterOf(
    {
      started: ignoreEvent,
      part: ignoreEvent,
      sending: ignoreEvent,
      retry: ignoreEvent,
      completing: ignoreEvent,
      archived: ignoreEvent,
      failed: ignoreEvent,
      waiting: (event) => writer.write(`note: ${formatWaitingLine(event)}\n`),
      notice: (notice) => writer.write(`note: ${describeNotice(notice, env)}\n`),
    },
    () => {},
  );
}
