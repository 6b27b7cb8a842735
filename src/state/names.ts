/** Names of files and locks. Sixteen digits find a file; the full values inside it decide. */
import { hash } from 'node:crypto';
import { sourceName, type UploadIdentity } from '../core/identity.js';

/** Returns the first 16 hex digits of the SHA-256: short enough for names and lines, and long enough to be unique. */
export function digits16(data: string | Buffer): string {
  return hash('sha256', data, 'hex').slice(0, 16);
}

/** A file's path is absolute, so that no stream has the same name. */
function canonical({ source, target }: UploadIdentity): string {
  return JSON.stringify([sourceName(source), target.url, target.region, target.endpoint, target.account]);
}

export function identityDigits(identity: UploadIdentity): string {
  return digits16(canonical(identity));
}

export function isSameIdentity(a: UploadIdentity, b: UploadIdentity): boolean {
  return canonical(a) === canonical(b);
}

/** `<identity>-<id>`: how the files of one upload or archive begin. */
export function recordName(identity: UploadIdentity, id: string): string {
  return `${identityDigits(identity)}-${digits16(id)}`;
}

/** Returns a test for the names of the records of an identity. */
export function nameHasIdentity(identity: UploadIdentity): (name: string) => boolean {
  const beginning = `${identityDigits(identity)}-`;
  return (name) => name.startsWith(beginning);
}

/** Returns the names of the records of an identity, without a look at the others. */
export function namesOfIdentity(sorted: readonly string[], identity: UploadIdentity): string[] {
  const beginning = `${identityDigits(identity)}-`;
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if ((sorted[middle] ?? '') < beginning) low = middle + 1;
    else high = middle;
  }
  let end = low;
  while (sorted[end]?.startsWith(beginning)) end += 1;
  return sorted.slice(low, end);
}

/** Returns a test for the names of the records of an upload or archive. */
export function nameHasId(id: string, extension: string): (name: string) => boolean {
  const end = `-${digits16(id)}${extension}`;
  return (name) => name.endsWith(end);
}

/** Returns true if a folder entry is a record. Anything else (a stray temporary file, notes) is left alone. */
export function isRecordName(name: string, extension: string): boolean {
  return /^[0-9a-f]{16}-[0-9a-f]{16}$/.test(name.slice(0, 33)) && name.slice(33) === extension;
}
