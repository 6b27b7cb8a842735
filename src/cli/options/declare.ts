/** Declares options as commander has them, with the type of what they give and the variable that stands for them. */
import { Option } from 'commander';
import { collected, type Parser } from './parsers.js';

/** An option of which the compiler knows what it gives. `gives` only exists for the compiler. */
export interface TypedOption<T> extends Option {
  readonly gives?: T;
}

/** A parsed value with its text, so that a later refusal can name it as it was given. */
export class ParsedValue {
  readonly text: string;
  readonly value: unknown;

  constructor(text: string, value: unknown) {
    this.text = text;
    this.value = value;
  }
}

/** A switch: true where it is given. */
export function flag(flags: string, description: string): TypedOption<boolean> {
  return new Option(flags, description);
}

/** An option with any text. */
export function text(flags: string, description: string): TypedOption<string | null> {
  return new Option(flags, description);
}

const parsers = new WeakMap<Option, Parser<unknown>>();

/** Returns the function that parses the value of an option. */
export function parserOf(option: Option): Parser<unknown> | null {
  return parsers.get(option) ?? null;
}

/** An option with a value that is parsed; null, or the value of the text `absent`, where it is absent. */
export function value<T>(flags: string, description: string, parse: Parser<T>): TypedOption<T | null>;
export function value<T>(
  flags: string,
  description: string,
  parse: Parser<T>,
  absent: string,
): TypedOption<T>;
export function value<T>(flags: string, description: string, parse: Parser<T>, absent?: string): Option {
  const option = new Option(flags, description);
  parsers.set(option, parse);
  option.argParser((given) => new ParsedValue(given, parse(given)));
  return absent === undefined ? option : option.default(parse(absent), absent);
}

/** An option whose value is one of a few words; null, or `absent`, where it is absent. */
export function choice<const T extends string>(
  flags: string,
  description: string,
  choices: readonly T[],
): TypedOption<T | null>;
export function choice<const T extends string>(
  flags: string,
  description: string,
  choices: readonly T[],
  absent: NoInfer<T>,
): TypedOption<T>;
export function choice(
  flags: string,
  description: string,
  choices: readonly string[],
  absent?: string,
): Option {
  return new Option(flags, description).choices(choices).default(absent);
}

const repeatables = new WeakSet<Option>();

/** An option that may be given several times. */
export function repeatable(flags: string, description: string): TypedOption<readonly string[]> {
  const option = new Option(flags, description).argParser(collected);
  repeatables.add(option);
  return option;
}

/**
 * An option that may be given several times, and shares its list with others: the list has the values of all of them in
 * the order of the command line.
 * @param list the name of the list
 */
export function sharedList<T>(
  flags: string,
  description: string,
  list: string,
  parse: Parser<T>,
): TypedOption<readonly T[]> {
  const option = new Option(flags, description);
  option.argParser((given, before: readonly T[] = []) => [...before, parse(given)]);
  option.attributeName = () => list;
  repeatables.add(option);
  return option;
}

/** Lets a variable stand for each of the options: CALVE_PART_SIZE for --part-size. */
export function withVariables<D extends Readonly<Record<string, Option>>>(declared: D): D {
  for (const option of Object.values(declared)) {
    option.env(`CALVE_${option.name().toUpperCase().replaceAll('-', '_')}`);
  }
  return declared;
}

export function isRepeatable(option: Option): boolean {
  return repeatables.has(option);
}
