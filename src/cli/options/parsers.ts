/**
 * Turns the text of an option into its value. What these throw is given to commander, and usage-error.ts puts the name
 * of the flag or the variable in front.
 */
import { InvalidArgumentError } from 'commander';
import { parseDurationMs, parseSizeBytes } from '../../core/units.js';

/** @throws InvalidArgumentError with the reason */
export type Parser<T> = (text: string) => T;

function refuse(why: string): never {
  throw new InvalidArgumentError(why);
}

export const sizeBytes: Parser<number> = (text) =>
  parseSizeBytes(text) ??
  refuse('a size is an integer and an optional K, M, G or T (or KiB, MiB, GiB, TiB), and not 0');

export const durationMs: Parser<number> = (text) =>
  parseDurationMs(text) ?? refuse('a time is an integer and a unit: ms, s, m, h, d or w; and not 0');

export function wholeNumber(min: number, max: number): Parser<number> {
  return (text) => {
    const n = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
    return n >= min && n <= max ? n : refuse(`it takes a whole number from ${min} to ${max}`);
  };
}

/** Refuses an empty name: a script's unset variable must not become the working folder. */
export function nameOf(
  thing: 'folder' | 'list' | 'file' | 'path' | 'upload' | 'archive' | 'profile',
): Parser<string> {
  return (text) => (text === '' ? refuse(`it names no ${thing}`) : text);
}

export const accountNumber: Parser<string> = (text) =>
  /^(-|\d{12})$/.test(text) ? text : refuse('an account number is 12 digits, or -');

/** Source: Amazon S3 API reference, CreateMultipartUpload (x-amz-tagging): URL query parameters. */
export const tags: Parser<string> = (text) => {
  const pairs = text.split('&');
  const isTag = (pair: string): boolean => /^[^=&\s]+=[^=&\s]*$/.test(pair) && /^[\x21-\x7e]+$/.test(pair);
  if (pairs.length <= 10 && pairs.every(isTag)) return text;
  return refuse('tags are written as KEY=VALUE&KEY2=VALUE2, URL-encoded, and at most 10 are allowed');
};

/** Adds the value to those that were given before. */
export function collected(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, text];
}
