/** No progress: only what a person should know. */
import { describeNotice } from '../wording/notices.js';
import { ignoreEvent, type Reporter, type ReporterContext, reporterOf } from './reporter-parts.js';

export function createNoticeReporter({ writer }: ReporterContext): Reporter {
  return reporterOf(
    {
      begun: ignoreEvent,
      part: ignoreEvent,
      sending: ignoreEvent,
      retry: ignoreEvent,
      completing: ignoreEvent,
      archived: ignoreEvent,
      failed: ignoreEvent,
      waiting: ignoreEvent,
      notice: (notice) => writer.write(`note: ${describeNotice(notice)}\n`),
    },
    () => {},
  );
}
