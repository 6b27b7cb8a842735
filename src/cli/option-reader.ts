/** Options as typed values. What was given wrongly is named as it was given: as a flag or as a variable. */
import type { Command } from 'commander';
import { isFailure, TransferError } from '../core/failures.js';
import { parseDurationMs, parseSizeBytes } from '../core/units.js';

const SIZE_RULE = 'a size is an integer and an optional K, M, G or T (or KiB, MiB, GiB, TiB), and not 0';
const DURATION_RULE = 'a time is an integer and a unit: ms, s, m, h, d or w; and not 0';

export interface OptionReader {
  /** Whether the user named it, by flag or by variable. */
  given(name: string): boolean;
  /** Whether the user named it on the command line: a variable may be set for other targets. */
  flagged(name: string): boolean;
  flag(name: string): boolean;
  /** Whether a `--no-…` option was given; `name` is what it takes away. */
  off(name: string): boolean;
  text(name: string): string | null;
  texts(name: string): readonly string[];
  sizeBytes(name: string): number | null;
  durationMs(name: string): number | null;
  count(name: string, min: number, max: number): number | null;
  choice<T extends string>(name: string, choices: readonly T[]): T | null;
  /** A path or an id, which are never empty: a script's unset variable must not become the working folder. */
  named(name: string, thing: 'folder' | 'upload' | 'archive' | 'profile'): string | null;
  /** What a rule of core's makes of the text. Its refusal names the option as it was given. */
  checked(name: string, rule: (given: string) => string): string | null;
  /** @throws TransferError `usage` that names the option as it was given */
  refuse(name: string, why: string, hint?: string): never;
}

export function optionReader(command: Command): OptionReader {
  const values = command.optsWithGlobals<Record<string, unknown>>();
  const text = (name: string): string | null => (typeof values[name] === 'string' ? values[name] : null);

  const spelling = (name: string, isShown = true): string => {
    const option = command.options.find((each) => each.attributeName() === name);
    const isVariable = command.getOptionValueSource(name) === 'env';
    const flag = isVariable ? option?.envVar : option?.long;
    const value = isShown ? (text(name) ?? '') : '';
    if (value === '') return flag ?? name;
    return `${flag}${isVariable ? '=' : ' '}${value}`;
  };
  const refuse = (name: string, why: string, hint?: string): never => {
    const help = `calve ${command.name()} --help lists its options`;
    throw new TransferError('usage', { what: spelling(name), why, hint: hint ?? help });
  };
  const parsed = <T>(name: string, parse: (given: string) => T | null, rule: string): T | null => {
    const given = text(name);
    return given === null ? null : (parse(given) ?? refuse(name, rule));
  };

  return {
    given: (name) => command.getOptionValueSource(name) !== undefined && values[name] !== undefined,
    flagged: (name) => command.getOptionValueSource(name) === 'cli',
    flag: (name) => values[name] === true,
    off: (name) => values[name] === false,
    text,
    texts: (name) => (Array.isArray(values[name]) ? (values[name] as string[]) : []),
    sizeBytes: (name) => parsed(name, parseSizeBytes, SIZE_RULE),
    durationMs: (name) => parsed(name, parseDurationMs, DURATION_RULE),
    count: (name, min, max) => {
      const inRange = (given: string): number | null => {
        const n = /^\d{1,15}$/.test(given) ? Number(given) : Number.NaN;
        return n >= min && n <= max ? n : null;
      };
      return parsed(name, inRange, `it takes a whole number from ${min} to ${max}`);
    },
    choice: (name, choices) => {
      const given = text(name);
      if (given === null) return null;
      return choices.find((each) => each === given) ?? refuse(name, `it is one of ${choices.join(', ')}`);
    },
    named: (name, thing) => parsed(name, (given) => (given === '' ? null : given), `it names no ${thing}`),
    checked: (name, rule) => {
      const given = text(name);
      try {
        return given === null ? null : rule(given);
      } catch (error) {
        if (!isFailure(error, 'usage')) throw error;
        const { what, why, hint } = error.facts;
        // A rule that does not show the text has its reason: a secret, or a thousand characters.
        throw new TransferError('usage', { what: spelling(name, what.includes(given ?? '')), why, hint });
      }
    },
    refuse,
  };
}
