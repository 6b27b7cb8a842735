/** The command line's shape, as far as a shell must know it to complete words. */
import { SCHEMES } from '../../core/target-url.js';

/**
 * What may stand in a place: what the shell or calve itself can list, or these words. None: anything. A bare id is a word
 * of its own, where one that begins with - wants -- before it.
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
  /** As typed: `--upload-id`; a short one, where there is one, first. */
  readonly flags: readonly string[];
  readonly description: string;
  /** Of its value; null where it takes none. */
  readonly value: Candidates | null;
  readonly isRepeatable: boolean;
}

export interface CommandShape {
  readonly name: string;
  readonly description: string;
  readonly options: readonly OptionShape[];
  /** What each of its words may be. */
  readonly words: readonly Candidates[];
}

export interface ProgramShape {
  readonly commands: readonly CommandShape[];
  /** Of calve itself, without a command. */
  readonly options: readonly OptionShape[];
}

/** What targets begin with. */
export const TARGET_STARTS: readonly string[] = SCHEMES.map((scheme) => `${scheme}://`);

/**
 * A pipe that prints what the command lists, by its last column. What a service once sent is offered only where no shell
 * could take it for anything but a word.
 */
export function idsPipe(command: string): string {
  return `calve ${command} 2>/dev/null | awk -F '\\t' 'NR > 1 && $NF ~ /^[-A-Za-z0-9._~]+$/ { print $NF }'`;
}
