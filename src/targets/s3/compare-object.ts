/** Compares an object with the parts that were sent, by the strongest proof that the store gives. */
import { foldCrc32 } from '../../core/crc32.js';
import type { ObjectChecksum } from '../../core/object-checksum.js';
import type { RecordedPart } from '../../transfer/ports/state.js';
import { base64OfHex, compositeOf, isMd5 } from './hashes.js';

/** The statements of a store about the content of an object. */
export interface ContentProof {
  /** Without its quotes; null: none. */
  readonly etag: string | null;
  /** Null: the store gave none. */
  readonly checksum: ObjectChecksum | null;
  /** True if it is encrypted with keys of the store's key service or of the customer: its ETag is then not an MD5. */
  readonly isKeyEncrypted: boolean;
}

/** The parts of an object, in order. */
export interface SentParts {
  readonly parts: readonly RecordedPart[];
  readonly sizeBytes: number;
  readonly partSizeBytes: number;
}

export type Comparison =
  | { readonly result: 'same' }
  | { readonly result: 'different'; readonly expected: string; readonly got: string }
  /** The store gives nothing that can be compared with the bytes. */
  | { readonly result: 'unknown' };

/** The fields of a response that have the checksum of an object. */
interface Checksums {
  readonly ChecksumSHA256?: string | undefined;
  readonly ChecksumCRC32?: string | undefined;
}

/** Reads the checksum of an object that calve can compare; null: none. */
export function readChecksum({ ChecksumSHA256, ChecksumCRC32 }: Checksums): ObjectChecksum | null {
  const value = ChecksumSHA256 ?? ChecksumCRC32;
  if (value === undefined) return null;
  const algorithm = ChecksumSHA256 === undefined ? 'CRC32' : 'SHA256';
  return { algorithm, type: /-\d+$/.test(value) ? 'COMPOSITE' : 'FULL_OBJECT', value };
}

/**
 * Compares by the checksum, or else by the ETag. A CRC-32 is short, so the ETag is compared beside it. Stores other than S3
 * and OBS may compute the ETag of the whole by a rule of their own, so that an ETag of the usual form that is not ours
 * proves nothing there. The number of parts in it does.
 * @param hasKnownEtags true for a service that documents its ETags as the MD5 of the parts' MD5s
 */
export function compareObject(proof: ContentProof, sent: SentParts, hasKnownEtags: boolean): Comparison {
  const byChecksum = compareChecksum(proof.checksum, sent);
  const isProven = byChecksum.result === 'same' && proof.checksum?.algorithm === 'SHA256';
  if (isProven || byChecksum.result === 'different') return byChecksum;
  const byEtag = compareEtag(proof, sent.parts, hasKnownEtags);
  return byEtag.result === 'unknown' ? byChecksum : byEtag;
}

function compareChecksum(shown: ObjectChecksum | null, sent: SentParts): Comparison {
  const expected = shown === null ? null : expectedChecksum(shown, sent);
  if (shown === null || expected === null) return { result: 'unknown' };
  // A store may name the composite CRC-32 without the number of parts.
  const composite = expectedChecksum({ algorithm: shown.algorithm, type: 'COMPOSITE' }, sent)?.value;
  if (shown.algorithm === 'CRC32' && `${shown.value}-${sent.parts.length}` === composite) {
    return { result: 'same' };
  }
  return compareText(expected.value, shown.value);
}

function compareEtag(
  proof: ContentProof,
  parts: readonly RecordedPart[],
  hasKnownEtags: boolean,
): Comparison {
  const etag = expectedEtag(parts);
  const partCount = /^[0-9a-f]{32}-(\d+)$/.exec(proof.etag ?? '')?.[1];
  if (etag === null || proof.etag === null || partCount === undefined || proof.isKeyEncrypted)
    return { result: 'unknown' };
  const isOtherRule = !hasKnownEtags && Number(partCount) === parts.length && etag !== proof.etag;
  return isOtherRule ? { result: 'unknown' } : compareText(etag, proof.etag);
}

function compareText(expected: string, got: string): Comparison {
  return expected === got ? { result: 'same' } : { result: 'different', expected, got };
}

/** Returns the ETag of an object made of these parts; null if an ETag of a part is not an MD5. */
function expectedEtag(parts: readonly RecordedPart[]): string | null {
  const etags = parts.map(({ etag = '' }) => etag);
  return etags.every(isMd5) ? compositeOf('md5', etags, 'hex') : null;
}

/**
 * Returns the checksum of an object made of these parts; null if a part has no hash for it. SHA-256 has no checksum of
 * all bytes that follows from the parts.
 */
export function expectedChecksum(
  { algorithm, type }: Pick<ObjectChecksum, 'algorithm' | 'type'>,
  { parts, sizeBytes, partSizeBytes }: SentParts,
): ObjectChecksum | null {
  const isSha256 = algorithm === 'SHA256';
  const hashes = parts.map(({ linearHash, crc32 }) => (isSha256 ? linearHash : crc32) ?? null);
  if (!hashes.every((hash) => hash !== null)) return null;
  if (isSha256 || type === 'COMPOSITE') {
    const value = compositeOf(isSha256 ? 'sha256' : 'crc32', hashes, 'base64');
    return { algorithm, type: 'COMPOSITE', value };
  }
  return { algorithm, type, value: base64OfHex(foldCrc32(hashes, { sizeBytes, partSizeBytes })) };
}
