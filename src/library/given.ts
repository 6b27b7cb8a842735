/** Reads the options of a call as those of the command with the same name: by its declarations, rules and defaults. */
import type { Option } from 'commander';
import { isRepeatable, ParsedValue, parserOf, type TypedOption } from '../cli/options/declare.js';
import type { Given } from '../cli/options/given.js';
import { durationMs } from '../cli/options/parsers.js';
import { isFailure, TransferError } from '../core/failures.js';

export const OPTIONS_HINT = 'docs/library.md lists the options of each function';

/** Returns the name of an option in a program: `partSize` for `--part-size`. */
export function camelCase(long: string): string {
  return long.replace(/^--/, '').replaceAll(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
}

/** Returns the failure for an option that cannot be used. */
export function usage(what: string, why: string, hint: string | null = OPTIONS_HINT): TransferError<'usage'> {
  return new TransferError('usage', { what, why, hint });
}

/** Returns the text of a value, as it is written on a command line. */
function textOf(option: Option, name: string, value: unknown, hint: string): string {
  if (typeof value === 'string') return value;
  if (typeof value !== 'number') throw usage(name, 'it takes a string or a number', hint);
  // A time of the command line has a unit.
  return parserOf(option) === durationMs ? `${value}ms` : String(value);
}

/** @returns the value as commander keeps it */
function parsed(option: Option, name: string, value: unknown, hint: string): unknown {
  if (option.isBoolean()) {
    if (typeof value !== 'boolean') throw usage(name, 'it takes true or false', hint);
    return option.negate ? !value : value;
  }
  if (isRepeatable(option)) {
    const values: readonly unknown[] = Array.isArray(value) ? value : [value];
    return values.map((each) => textOf(option, name, each, hint));
  }
  const text = textOf(option, name, value, hint);
  if (option.parseArg === undefined) return text;
  try {
    return option.parseArg(text, undefined);
  } catch (error) {
    if ((error as { code?: unknown }).code !== 'commander.invalidArgument') throw error;
    const why = (error as Error).message.replace(/^Allowed choices are (.*)\.$/, 'it is one of $1');
    throw usage(`${name} ${value}`, why, hint);
  }
}

/** The options that a function takes. */
export interface Taken {
  /** Those of the command. */
  readonly options: readonly Option[];
  /** The names of options that belong to no command. */
  readonly others: readonly string[];
  /** Returns the name of an option in a program, by its flag. */
  readonly nameOf: (long: string) => string;
  /** The hint where a rule has none. */
  readonly hint: string;
}

type Values = Readonly<Record<string, unknown>>;

/**
 * @param values the options as the program gave them; undefined and null: absent
 * @throws TransferError `usage` for an option that the function does not take, and for a value that is not valid
 */
export function givenValues(values: Values, { options, others, nameOf, hint }: Taken): Given {
  const names = new Map(options.map((option) => [nameOf(option.long ?? ''), option]));
  const isSet = (name: string): boolean => (values[name] ?? null) !== null;
  for (const name of Object.keys(values)) {
    if (!isSet(name) || names.has(name) || others.includes(name)) continue;
    const known = [...new Set([...names.keys(), ...others])].sort().join(', ');
    throw usage(`option ${name}`, 'the function has no such option', `its options are ${known}`);
  }
  const kept = new Map<string, unknown>();
  for (const [name, option] of names) {
    if (isSet(name)) kept.set(name, parsed(option, name, values[name], hint));
  }
  return givenOf(kept, values, nameOf, hint);
}

function givenOf(
  kept: ReadonlyMap<string, unknown>,
  values: Values,
  nameOf: Taken['nameOf'],
  whole: string,
): Given {
  const isTyped = (long: string): boolean => kept.has(nameOf(long)) && values[nameOf(long)] !== false;
  const shown = (name: string): string => {
    const value = values[name];
    return typeof value === 'string' || typeof value === 'number' ? `${name} ${value}` : name;
  };
  return {
    value: <T>(option: TypedOption<T>) => optionValue(option, kept.get(nameOf(option.long ?? ''))) as T,
    isGiven: isTyped,
    isTyped,
    checked(long, rule) {
      const name = nameOf(long);
      const text = kept.get(name);
      if (typeof text !== 'string') return null;
      try {
        return rule(text);
      } catch (error) {
        if (!isFailure(error, 'usage')) throw error;
        const { what, why, hint } = error.facts;
        throw usage(what.includes(text) ? shown(name) : name, why, hint);
      }
    },
    refuse(long, why, hint) {
      throw usage(shown(nameOf(long)), why, hint ?? whole);
    },
  };
}

function optionValue(option: Option, kept: unknown): unknown {
  if (option.negate) return kept === false;
  if (option.isBoolean()) return kept === true;
  if (kept instanceof ParsedValue) return kept.value;
  return kept ?? option.defaultValue ?? (isRepeatable(option) ? [] : null);
}
