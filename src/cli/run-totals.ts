/** Counts what became of the files of a run, and prints the summary at its end. */
import type { FileCounts } from '../transfer/events.js';
import type { ArchiveResult } from '../transfer/session.js';
import { summaryJson } from '../ui/summary-json.js';
import { systemClock } from './clock.js';
import type { CommandContext } from './command.js';

/** The summary names so many files that failed: memory must not grow with their number. */
const FAILED_NAMES_MAX = 1000;

export class RunTotals {
  readonly #context: Pick<CommandContext, 'fail' | 'reporter' | 'result'>;
  readonly #target: string;
  readonly #failedFiles: string[] = [];
  readonly #startedMs = systemClock.monotonicMs();
  #counts: FileCounts = { sent: 0, skipped: 0, failed: 0, sentBytes: 0 };

  /** @param target the target of the run */
  constructor(context: Pick<CommandContext, 'fail' | 'reporter' | 'result'>, target: string) {
    this.#context = context;
    this.#target = target;
  }

  get counts(): FileCounts {
    return this.#counts;
  }

  add({ skipped: isSkipped, entry }: ArchiveResult): void {
    const { sent, skipped, sentBytes, failed } = this.#counts;
    this.#counts = isSkipped
      ? { sent, skipped: skipped + 1, failed, sentBytes }
      : { sent: sent + 1, skipped, failed, sentBytes: sentBytes + entry.plan.sizeBytes };
  }

  /** Prints a failure, and counts its file. */
  readonly fail: CommandContext['fail'] = async (error, about = {}) => {
    this.#counts = { ...this.#counts, failed: this.#counts.failed + 1 };
    if (this.#failedFiles.length < FAILED_NAMES_MAX) this.#failedFiles.push(about.file ?? '-');
    await this.#context.fail(error, about);
  };

  /** Prints the summary. */
  async end(): Promise<void> {
    const durationMs = systemClock.monotonicMs() - this.#startedMs;
    const failedFiles = this.#failedFiles;
    const summary = { ...this.#counts, target: this.#target, durationMs, failedFiles };
    this.#context.reporter.report({ type: 'summary', ...summary });
    await this.#context.result(summaryJson(summary), null);
  }
}
