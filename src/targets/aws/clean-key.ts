/** Keys and tokens without the line end that files, secrets of Kubernetes and pasted texts have at their end. */
import { CredentialsError } from './credentials-error.js';

/** Matches what may surround a key: white space, control characters and a byte order mark. */
const AROUND = /^[\s\p{Cc}]+|[\s\p{Cc}]+$/gu;

/** Returns the text without white space and control characters at both ends. */
export function trimKey(text: string): string {
  return text.replaceAll(AROUND, '');
}

/**
 * Returns a key or token that can be put into a header.
 * @param name the variable, or the file and profile, from which the key comes; the key itself is never shown
 * @throws CredentialsError that contains `name`
 */
export function cleanKey(text: string, name: string): string {
  const key = trimKey(text);
  if (!/^[\x20-\x7e]*$/.test(key)) {
    throw new CredentialsError(`${name} has a character that no key and no token has, such as a line end`);
  }
  return key;
}
