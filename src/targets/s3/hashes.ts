/** Hashes in the forms that S3's protocol has them in. */
import { createHash } from 'node:crypto';

/**
 * Without the quotes that an ETag has on the wire, and without the `W/` that a proxy which may compress puts before it;
 * null where there is none.
 */
export function bareEtag(etag: string | undefined): string | null {
  const bare = etag?.trim().replace(/^(?:W\/)?"(.*)"$/, '$1') ?? '';
  return bare === '' ? null : bare;
}

export function isMd5(etag: string): boolean {
  return /^[0-9a-f]{32}$/.test(etag);
}

export function base64OfHex(hex: string): string {
  return Buffer.from(hex, 'hex').toString('base64');
}

/** The hex of a SHA-256 in base64; null for anything else (a composite's `-3` at the end included). */
export function sha256OfBase64(base64: string | undefined): string | null {
  return /^[A-Za-z0-9+/]{43}=$/.test(base64 ?? '')
    ? Buffer.from(base64 ?? '', 'base64').toString('hex')
    : null;
}

/**
 * The hash of hashes that names a whole made of parts: the digest of the parts' digests, and their number.
 * Source: Amazon S3 user guide, "Checking object integrity" (composite checksums; multipart ETags are such of MD5).
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
