/** Converts hashes to and from the forms that S3's protocol uses. */
import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { crc32Hex } from '../../core/crc32.js';

/** Node accepts no longer headers, and a list that has longer ETags has none that could be sent back. */
const ETAG_MAX_LENGTH = 16 * 1024;

/**
 * Returns an ETag without its quotes, and without the `W/` that a proxy adds if it may compress; null without an ETag.
 */
export function bareEtag(etag: string | undefined): string | null {
  const bare = etag?.trim().replace(/^(?:W\/)?"(.*)"$/, '$1') ?? '';
  return bare === '' || bare.length > ETAG_MAX_LENGTH ? null : bare;
}

export function isMd5(etag: string): boolean {
  return /^[0-9a-f]{32}$/.test(etag);
}

export function base64OfHex(hex: string): string {
  return Buffer.from(hex, 'hex').toString('base64');
}

/** Converts a hash from base64 to hex; null for one of another length, or a composite checksum (`…-3`). */
export function hexOfBase64(base64: string | undefined, sizeBytes: number): string | null {
  const bytes = Buffer.from(base64 ?? '', 'base64');
  return bytes.length === sizeBytes && bytes.toString('base64') === base64 ? bytes.toString('hex') : null;
}

/**
 * Returns the composite hash of an object made of parts: the digest of the parts' digests, and the number of parts.
 * Source: Amazon S3 user guide, "Checking object integrity" (composite checksums; multipart ETags are those of MD5).
 */
export function compositeOf(
  algorithm: 'md5' | 'sha256' | 'crc32',
  partHashesHex: readonly string[],
  encoding: 'hex' | 'base64',
): string {
  const digests = Buffer.from(partHashesHex.join(''), 'hex');
  const hex =
    algorithm === 'crc32' ? crc32Hex(crc32(digests)) : createHash(algorithm).update(digests).digest('hex');
  return `${encoding === 'hex' ? hex : base64OfHex(hex)}-${partHashesHex.length}`;
}
