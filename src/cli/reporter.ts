/** Opens the reporter of a command: how progress and notices are shown on standard error. */
import { chooseProgressMode } from '../ui/progress/progress-mode.js';
import { createReporter } from '../ui/progress/reporter.js';
import type { Reporter } from '../ui/progress/reporter-parts.js';
import type { WordingEnvironment } from '../ui/wording/paste-line.js';
import { systemClock } from './clock.js';
import type { Io } from './io.js';
import type { OutputOptions } from './options/output.js';

export async function openReporter(
  io: Io,
  output: OutputOptions,
  env: WordingEnvironment,
): Promise<Reporter> {
  const mode = chooseProgressMode({
    flag: output.progress,
    isTerminal: io.stderr.isTTY === true,
    ci: isSet(io.env['CI']),
    term: io.env['TERM'],
    columns: io.stderr.columns,
  });
  return createReporter({
    mode,
    stderr: io.stderr,
    quiet: output.quiet,
    nowMs: systemClock.monotonicMs,
    timeMs: systemClock.nowMs,
    color: io.stderr.isTTY === true && !isSet(io.env['NO_COLOR']),
    unicode: showsUnicode(io),
    debug: output.debug,
    env,
  });
}

/** Returns true when the locale has more characters than ASCII. Source: POSIX, "Internationalization variables". */
export function showsUnicode({ env }: Io): boolean {
  return /utf-?8/i.test(env['LC_ALL'] || env['LC_CTYPE'] || env['LANG'] || '');
}

/** Returns true when a variable such as CI or NO_COLOR is set to anything but a no. */
export function isSet(value: string | undefined): boolean {
  return value !== undefined && !['', '0', 'false', 'no'].includes(value.toLowerCase());
}
