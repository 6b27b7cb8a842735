/** The declaration of a command: its words, its options, and the module of its body. */
import type { Argument, Command } from 'commander';
import type { FailureContext } from '../core/failures.js';
import type { Reporter } from '../ui/progress/reporter-parts.js';
import type { Io } from './io.js';
import type { Given } from './options/given.js';
import type { Groups, OptionsOf } from './options/group.js';
import type { OutputOptions } from './options/output.js';

export interface CommandContext<Options = unknown> {
  readonly io: Io;
  readonly output: OutputOptions;
  readonly options: Options;
  readonly given: Given;
  readonly reporter: Reporter;
  /** Prints a failure. The first one gives the exit number. For commands that go on with the next file. */
  fail(error: unknown, context?: FailureContext): Promise<void>;
  /** Prints a result: the object under --json, else the text. Prints nothing where the text is null. */
  result(object: { readonly type: string }, text: string | null, archiveId?: string): Promise<void>;
}

type Body<Options> = (
  context: CommandContext<Options>,
  words: readonly string[],
  command: Command,
) => Promise<void>;

/** A command line for --help and the manual. A test runs it. */
export interface Example {
  readonly line: string;
  readonly meaning: string;
}

interface Definition<G extends Groups> {
  readonly name: string;
  readonly arguments?: readonly Argument[];
  /** The lines after `Usage:`, where commander's own would not say enough. */
  readonly synopsis?: string;
  readonly description: string;
  readonly examples: readonly [Example, Example, ...Example[]];
  /** The options that this command has besides those for output, and reads. */
  readonly groups: G;
  /** Loads the body, so that --help and other commands do not pay for it. */
  load(): Promise<Body<OptionsOf<G>>>;
}

export type CommandDefinition = Definition<Groups>;

/** The word that commands with a name of two words share. */
export interface CommandGroup {
  readonly name: string;
  readonly description: string;
  readonly examples: readonly Example[];
}

/** Lets the compiler check that the body reads no group that the command does not declare. */
export function defineCommand<G extends Groups>(definition: Definition<G>): CommandDefinition {
  return definition as unknown as CommandDefinition;
}
