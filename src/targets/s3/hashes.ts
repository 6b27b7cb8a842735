/** Converts hashes to and from the forms that S3's protocol uses. */
import { createHash } from 'node:crypto';

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

/** Converts a SHA-256 from base64 to hex; null for anything else, a composite checksum (`…-3`) included. */
export function sha256OfBase64(base64: string | undefined): string | null {
  return /^[A-Za-z0-9+/]{43}=$/.test(base64 ?? '')
    ? Buffer.from(base64 ?? '', 'base64').toString('hex')
    : null;
}

/**
 * Returns the composite hash of an object made of parts: the digest of the parts' digests, and the number of parts.
 * Source: Amazon S3 user guide, "Checking object integrity" (composite checksums; multipart ETags are those of MD5).
 */
export function compositeOf(
  algorithm: 'md5' | 'sha256',
  partHashesHex: readonly string[],
  encoding: 'hex' | 'base64',
): string {
  const hash = createHash(algorithm);
  for (const hex of partHashesHex) hash.update(Buffer.from(hex, 'hex'));
  return `${hash.digest(encoding)}-${partHashesHex.length}`;
}
