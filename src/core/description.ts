/** Glacier's archive description: the only name an archive has in its vault. */
import { TransferError } from './failures.js';
import type { NameExcess } from './name-excess.js';

/** Source: Amazon Glacier developer guide, api-multipart-initiate-upload. */
const DESCRIPTION_MAX_BYTES = 1024;

/** Tells whether the service takes this text: at most 1,024 characters from 0x20 to 0x7E. */
export function isLegalDescription(text: string): boolean {
  return /^[\x20-\x7e]*$/.test(text) && text.length <= DESCRIPTION_MAX_BYTES;
}

/**
 * Checks a description before anything is sent. Removes outer spaces, because the service drops leading ones
 * and HTTP drops trailing ones: the journal and the vault would have different descriptions.
 * @throws TransferError `usage` for characters outside 0x20–0x7E, or more than 1,024
 */
export function checkDescription(text: string): string {
  if (isLegalDescription(text)) return text.trim();
  const tooLong = text.length > DESCRIPTION_MAX_BYTES;
  throw new TransferError('usage', {
    what: '--description',
    why: tooLong
      ? `it has ${text.length} characters, and a vault accepts at most ${DESCRIPTION_MAX_BYTES}`
      : 'a vault accepts only printable ASCII (0x20 to 0x7E)',
    hint: tooLong
      ? 'shorten it'
      : 'omit the option: calve then encodes a file name that is not ASCII in a form that other tools can read',
  });
}

/** The form `YYYYMMDDTHHMMSSZ` has four digits for the year, and file systems have times far beyond. */
const FIRST_MTIME_MS = Date.parse('0000-01-01T00:00:00.000Z');
const LAST_MTIME_MS = Date.parse('9999-12-31T23:59:59.000Z');

/**
 * Returns the description of a file for which the user gave none: its base name. A name that is not printable
 * ASCII is encoded in the `mt2` form of mtglacier, which keeps any name: `mt2 ` and the base64url of a JSON
 * object with `filename` and `mtime` (`YYYYMMDDTHHMMSSZ`). A time outside the years 0 to 9999 becomes the nearest
 * one within them.
 */
export function describeFile(baseName: string, mtimeMs: number): string {
  if (isLegalDescription(baseName) && baseName.trim() === baseName) return baseName;
  const mtime = new Date(Math.min(Math.max(mtimeMs, FIRST_MTIME_MS), LAST_MTIME_MS))
    .toISOString()
    .replace(/\.\d{3}Z$/, 'Z')
    .replace(/[-:]/g, '');
  return `mt2 ${Buffer.from(JSON.stringify({ mtime, filename: baseName }), 'utf8').toString('base64url')}`;
}

/** Returns by how much the description of a file would be too long; null if it is not. */
export function descriptionExcess(name: string): NameExcess | null {
  const { length } = describeFile(name, 0);
  if (length <= DESCRIPTION_MAX_BYTES) return null;
  return { thing: 'description', length, max: DESCRIPTION_MAX_BYTES, unit: 'characters' };
}

/**
 * Returns the file name in a description of the `mt2` form; any other text as it is.
 * Source: MetaData.pm of mtglacier, "mt2".
 */
export function readableDescription(description: string): string {
  const [, encoded] = /^mt2 ([\w-]+)$/.exec(description) ?? [];
  if (encoded === undefined) return description;
  try {
    const json = new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(encoded, 'base64url'));
    const { filename } = JSON.parse(json) as { readonly filename?: unknown };
    return typeof filename === 'string' && filename !== '' ? filename : description;
  } catch {
    // Another program's text that only looks like this form.
    return description;
  }
}
