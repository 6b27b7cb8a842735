/** Decides what guards the bytes of a part on their way, and which hashes that takes (docs/objects.md has the table). */
import type { PartHash } from '../../transfer/ports/source.js';
import type { Dialect } from './dialect.js';
import type { UploadChecksum, UploadProperties } from './upload-properties.js';

export interface PartGuard {
  /** The checksum that is sent with the part. */
  readonly checksum: UploadChecksum['algorithm'] | null;
  /** True if the signature covers the SHA-256 of the bytes; else `UNSIGNED-PAYLOAD` is signed. */
  readonly isSigned: boolean;
}

/** A connection to a store. */
export interface Line {
  readonly dialect: Dialect;
  /** True for TLS with a certificate that is verified: nothing on the way can change a request. */
  readonly isSafe: boolean;
}

/**
 * Returns the checksums that an upload is created with, the first that the store does not refuse; null: none. Where the
 * signature covers the bytes their SHA-256 is known, and serves as the checksum, too.
 */
export function askedChecksums({ dialect, isSafe }: Line): readonly (UploadChecksum | null)[] {
  if (!dialect.asksForChecksums) return [null];
  const sha256: UploadChecksum = { algorithm: 'SHA256', type: 'COMPOSITE' };
  return isSafe ? [{ algorithm: 'CRC32', type: 'FULL_OBJECT' }, sha256, null] : [sha256, null];
}

/**
 * Returns the guard of a part. The bytes go unsigned only over a safe line to a store that compares a checksum or, on OBS,
 * the Content-MD5 of each part.
 */
export function partGuard({ dialect, isSafe }: Line, upload: UploadProperties): PartGuard {
  const checksum = upload.checksum?.algorithm ?? null;
  const isCompared = (checksum === 'CRC32' && upload.isGuess !== true) || dialect.sendsMd5;
  const isUnsigned = isSafe && isCompared && checksum !== 'SHA256' && upload.mustSign !== true;
  return { checksum, isSigned: !isUnsigned };
}

/** Returns the hashes that a part with this guard is sent with. */
export function guardHashes({ checksum, isSigned }: PartGuard, withMd5: boolean): readonly PartHash[] {
  return [
    ...(isSigned || checksum === 'SHA256' ? (['sha256'] as const) : []),
    ...(checksum === 'CRC32' ? (['crc32'] as const) : []),
    ...(withMd5 ? (['md5'] as const) : []),
  ];
}
