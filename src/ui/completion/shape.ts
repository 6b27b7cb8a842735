/** The shape of the command line, as far as a shell needs it to complete words. */
import { SCHEMES } from '../../core/target-url.js';

/**
 * The words that may stand at a place: a kind that the shell or calve can list, or a list of words. An empty list means
 * any word. A bare id is not the value of an option, so that one that begins with - needs -- before it.
 */
export type Candidates =
  | 'files'
  | 'folders'
  | 'targets'
  | 'upload-ids'
  | 'bare-upload-ids'
  | 'archive-ids'
  | readonly string[];

export interface OptionShape {
  /** As typed: `--upload-id`. A short flag, if there is one, comes first. */
  readonly flags: readonly string[];
  readonly description: string;
  /** The words for its value; null if it takes no value. */
  readonly value: Candidates | null;
  readonly isRepeatable: boolean;
}

export interface CommandShape {
  readonly name: string;
  readonly description: string;
  readonly options: readonly OptionShape[];
  /** The candidates for each of its words. */
  readonly words: readonly Candidates[];
}

export interface ProgramShape {
  readonly commands: readonly CommandShape[];
  /** The options of calve itself, without a command. */
  readonly options: readonly OptionShape[];
}

/** The starts of all targets. */
export const TARGET_STARTS: readonly string[] = SCHEMES.map((scheme) => `${scheme}://`);

/**
 * Returns a pipe that prints the last column of the command's table. An id, which a service chose, is offered only if
 * every shell reads it as a plain word.
 */
export function idsPipe(command: string): string {
  return `calve ${command} 2>/dev/null | awk -F '\\t' 'NR > 1 && $NF ~ /^[-A-Za-z0-9._~]+$/ { print $NF }'`;
}
