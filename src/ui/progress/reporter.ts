/** Chooses the reporter of a run, which shows on standard error how far the run is. */

import type { WordingEnvironment } from '../wording/paste-line.js';
import { createBarReporter } from './bar-reporter.js';
import { type ErrorStream, guardStream } from './guarded-stream.js';
import { createJsonReporter } from './json-reporter.js';
import { createNoticeReporter } from './notice-reporter.js';
import { createPlainReporter } from './plain-reporter.js';
import type { ProgressMode } from './progress-mode.js';
import type { Reporter, ReporterContext } from './reporter-parts.js';
import { terminalStyle } from './terminal-style.js';

export interface ReporterOptions {
  readonly mode: ProgressMode;
  readonly stderr: ErrorStream;
  /** Prints no progress and no notices, in any mode. */
  readonly quiet: boolean;
  /** Monotonic. */
  readonly nowMs: () => number;
  /** The time of day, in milliseconds since 1970. */
  readonly timeMs: () => number;
  /** False under NO_COLOR. */
  readonly color: boolean;
  /** True if the terminal shows more than ASCII. */
  readonly unicode: boolean;
  readonly debug: boolean;
  readonly env: WordingEnvironment;
}

const SILENT: Reporter = { report: () => {}, clear: () => {}, done: () => {} };

const FACTORIES = {
  bar: createBarReporter,
  plain: createPlainReporter,
  json: createJsonReporter,
  none: createNoticeReporter,
} satisfies { [M in ProgressMode]: (context: ReporterContext) => Reporter | Promise<Reporter> };

/** Returns the reporter of one run. Errors of `stderr` are ignored from now on: progress is not worth a transfer. */
export async function createReporter(options: ReporterOptions): Promise<Reporter> {
  const { stderr, nowMs, timeMs, debug, env } = options;
  const writer = guardStream(stderr);
  if (options.quiet) return SILENT;
  const style = terminalStyle(options);
  return await FACTORIES[options.mode]({ stream: stderr, writer, nowMs, timeMs, style, debug, env });
}
