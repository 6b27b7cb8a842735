/** The options for the output on stdout and stderr. Every command has these options. */
import { PROGRESS_FLAGS, type ProgressFlag } from '../../ui/progress/progress-mode.js';
import { choice, flag, withVariables } from './declare.js';
import { optionGroup } from './group.js';
import { below } from './headings.js';

export interface OutputOptions {
  readonly json: boolean;
  readonly quiet: boolean;
  readonly progress: ProgressFlag;
  readonly debug: boolean;
}

export const outputOptions = optionGroup(
  below(
    'Output options:',
    withVariables({
      json: flag('--json', 'print one JSON object a line on stdout'),
      quiet: flag('--quiet', 'print errors and hints only'),
      progress: choice('--progress <how>', 'format of the progress', PROGRESS_FLAGS, 'auto'),
      debug: flag('--debug', 'print stack traces and every retry on stderr'),
    }),
  ),
  (values): OutputOptions => values,
);
