/** The form of the output, before the options are parsed: for mistakes on the command line itself. */
import type { Io } from './io.js';
import type { OutputOptions } from './options/output.js';
import { beforeDashes } from './usage-error.js';

/** The options that decide how an error is printed. */
export type ErrorOutput = Pick<OutputOptions, 'json' | 'debug' | 'progress'>;

/** Returns what the command line says as far as it can be recognised. As for commander, the last `--progress` counts. */
export function earlyOutput({ argv, env }: Pick<Io, 'argv' | 'env'>): ErrorOutput {
  const words = beforeDashes(argv);
  const named = words.flatMap((word, i) => {
    if (word === '--progress') return [words[i + 1]];
    return word.startsWith('--progress=') ? [word.slice('--progress='.length)] : [];
  });
  const how = named.length > 0 ? named.at(-1) : env['CALVE_PROGRESS'];
  return {
    json: words.includes('--json') || env['CALVE_JSON'] !== undefined,
    debug: words.includes('--debug'),
    progress: how === 'json' ? 'json' : 'auto',
  };
}
