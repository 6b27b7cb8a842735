/**
 * Two things that commander does not offer: which of flag and variable gave a value, and a refusal that names it after
 * parsing, for rules that need a second option or the target.
 */
import type { Command, Option } from 'commander';
import { isFailure, TransferError } from '../../core/failures.js';
import { isRepeatable, ParsedValue, type TypedOption } from './declare.js';

/** The options of a command line. Each is named by its long flag: `--part-size`. */
export interface Given {
  /** The parsed value; null, false or an empty list where the option is absent. */
  value<T>(option: TypedOption<T>): T;
  /** Returns true where the user named it, by flag or by variable. */
  isGiven(long: string): boolean;
  /** Returns true where the user typed the flag. A variable may be set for other targets. */
  isTyped(long: string): boolean;
  /**
   * Applies a rule of core's to the text, and lets its refusal name the option as it was given.
   * @throws TransferError `usage`
   */
  checked(long: string, rule: (text: string) => string): string | null;
  /** @throws TransferError `usage` that names the option as it was given */
  refuse(long: string, why: string, hint?: string | null): never;
}

export function givenOptions(command: Command): Given {
  const optionOf = (long: string): Option => {
    const option = command.options.find((each) => each.long === long);
    if (option === undefined) throw new Error(`calve ${commandName(command)} has no option ${long}`);
    return option;
  };
  const rawOf = (option: Option): unknown => command.getOptionValue(option.attributeName());
  const sourceOf = (long: string) => command.getOptionValueSource(optionOf(long).attributeName());
  const text = (long: string): string => {
    const value = rawOf(optionOf(long));
    if (value instanceof ParsedValue) return value.text;
    return typeof value === 'string' ? value : '';
  };
  const named = (long: string, shown: string): string =>
    sourceOf(long) === 'env'
      ? spelling(optionOf(long).envVar ?? long, '=', shown)
      : spelling(long, ' ', shown);

  return {
    value: <T>(option: TypedOption<T>) => present(option, rawOf(option)) as T,
    isGiven: (long) => ['cli', 'env'].includes(sourceOf(long) ?? ''),
    isTyped: (long) => sourceOf(long) === 'cli',
    checked(long, rule) {
      const given = rawOf(optionOf(long));
      if (typeof given !== 'string') return null;
      try {
        return rule(given);
      } catch (error) {
        if (!isFailure(error, 'usage')) throw error;
        const { what, why, hint } = error.facts;
        // A rule that leaves the text out has a reason: a secret, or a thousand characters.
        const shown = what.includes(given) ? given : '';
        throw new TransferError('usage', { what: named(long, shown), why, hint });
      }
    },
    refuse(long, why, hint) {
      const what = named(long, text(long));
      throw new TransferError('usage', { what, why, hint: hint ?? optionsHint(commandName(command)) });
    },
  };
}

/** Commander leaves absent options undefined. */
function present(option: Option, value: unknown): unknown {
  if (option.negate) return value === false;
  if (option.isBoolean()) return value === true;
  if (value instanceof ParsedValue) return value.value;
  return value ?? (isRepeatable(option) ? [] : null);
}

/** Returns an option as it was given: `--part-size 3M`, `CALVE_PART_SIZE=3M`, or the name alone. */
export function spelling(name: string, joint: ' ' | '=', value: string): string {
  return value === '' ? name : `${name}${joint}${value}`;
}

/** Returns the name of a command with those of its parents: `fleet send`. */
export function commandName(command: Command): string {
  const { parent } = command;
  return parent === null || parent.parent === null
    ? command.name()
    : `${commandName(parent)} ${command.name()}`;
}

/** Returns all commands that run something, with the commands of groups in place of those. */
export function leafCommands(program: Command): Command[] {
  return program.commands.flatMap((command) =>
    command.commands.length === 0 ? [command] : leafCommands(command),
  );
}

export function optionsHint(command: string): string {
  return `calve ${command} --help-all lists its options`;
}
