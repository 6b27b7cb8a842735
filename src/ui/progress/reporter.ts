/** Who tells a person (or a program) how a transfer is going, on standard error. */

import { COLOURS, NO_COLOURS } from '../text/paint.js';
import type { WordingEnvironment } from '../wording/paste-line.js';
import { createBarReporter } from './bar-reporter.js';
import { type ErrorStream, guardStream } from './guarded-stream.js';
import { createJsonReporter } from './json-reporter.js';
import { createNoticeReporter } from './notice-reporter.js';
import { createPlainReporter } from './plain-reporter.js';
import type { ProgressMode } from './progress-mode.js';
import type { Reporter, ReporterContext } from './reporter-parts.js';

export interface ReporterOptions {
  readonly mode: ProgressMode;
  readonly stderr: ErrorStream;
  /** No progress and no notices, whatever the mode. */
  readonly quiet: boolean;
  readonly nowMs: () => number;
  /** False under NO_COLOR. */
  readonly color: boolean;
  /** Whether the terminal shows more than ASCII. */
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

/** The reporter of one run. From here on errors of `stderr` are swallowed: progress is not worth a transfer. */
export async function createReporter(options: ReporterOptions): Promise<Reporter> {
  const { stderr, nowMs, color, unicode, debug, env } = options;
  const writer = guardStream(stderr);
  if (options.quiet) return SILENT;
  const paint = color ? COLOURS : NO_COLOURS;
  return await FACTORIES[options.mode]({ stream: stderr, writer, nowMs, paint, unicode, debug, env });
}
