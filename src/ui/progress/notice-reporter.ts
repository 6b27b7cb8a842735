/** The reporter without a display of progress: notices alone. */
import { describeNotice } from '../wording/notices.js';
import { summaryLines } from './files-meter.js';
import { formatWaitingLine } from './progress-lines.js';
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
      reading: ignoreEvent,
      retry: ignoreEvent,
      completing: ignoreEvent,
      archived: ignoreEvent,
      failed: ignoreEvent,
      files: ignoreEvent,
      summary: (summary) => {
        for (const line of summaryLines(summary)) print(line);
      },
      waiting: (event) => print(formatWaitingLine(event)),
      notice: (notice) => print(describeNotice(notice, env)),
    },
    () => {},
  );
}
