/** Glacier's archive description: the only name an archive has in its vault. */
import { TransferError } from './failures.js';

/** Source: Amazon Glacier developer guide, api-multipart-initiate-upload. */
const DESCRIPTION_MAX_BYTES = 1024;

/** Whether the service takes this text: characters 0x20 to 0x7E, at most 1,024 of them. */
export function isLegalDescription(text: string): boolean {
  return /^[\x20-\x7e]*$/.test(text) && text.length <= DESCRIPTION_MAX_BYTES;
}

/**
 * A given description, checked before anything is sent. Outer spaces go: the service drops the leading ones, and
 * HTTP the trailing ones, so the journal and the vault would not agree on them.
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

/**
 * The description of a file that was given none: its base name; where that is not printable ASCII, the `mt2` form
 * that mtglacier made common: `mt2 ` and the base64url of a JSON object with `filename` and `mtime`
 * (`YYYYMMDDTHHMMSSZ`), so that any name survives in a vault.
 */
export function describeFile(baseName: string, mtimeMs: number): string {
  if (isLegalDescription(baseName) && baseName.trim() === baseName) return baseName;
  const mtime = new Date(mtimeMs)
    .toISOString()
    .replace(/\.\d{3}Z$/, 'Z')
    .replace(/[-:]/g, '');
  return `mt2 ${Buffer.from(JSON.stringify({ mtime, filename: baseName }), 'utf8').toString('base64url')}`;
}
