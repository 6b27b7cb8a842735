/** The summary of a run over several files, as `--json` prints it in its last line. */
import type { RunSummary } from '../transfer/events.js';

export function summaryJson({ target, sent, skipped, failed, ...rest }: RunSummary) {
  return {
    type: 'summary' as const,
    target,
    files: sent + skipped + failed,
    sent,
    skipped,
    failed,
    bytes: rest.sentBytes,
    durationMs: Math.round(rest.durationMs),
    failedFiles: rest.failedFiles,
  };
}
