/** Compares an object with the parts that were sent, by the strongest proof that the store gives. */
import type { RecordedPart } from '../../transfer/ports/state.js';
import { compositeOf, isMd5 } from './hashes.js';

/** The statements of a store about the content of an object. */
export interface ContentProof {
  /** Without its quotes; null: none. */
  readonly etag: string | null;
  /** The SHA-256 over the checksums of the parts, in base64 with `-N`; null: the store gave none. */
  readonly checksum: string | null;
  /** True if it is encrypted with keys of the store's key service or of the customer: its ETag is then not an MD5. */
  readonly isKeyEncrypted: boolean;
}

export type Comparison =
  | { readonly result: 'same' }
  | { readonly result: 'different'; readonly expected: string; readonly got: string }
  /** The store gives nothing that can be compared with the bytes. */
  | { readonly result: 'unknown' };

/**
 * Compares by the checksum, or else by the ETag. Stores other than S3 and OBS may compute the ETag of the whole by a rule
 * of their own, so that an ETag of the usual form that is not ours proves nothing there. The number of parts in it does.
 * @param hasKnownEtags true for a service that documents its ETags as the MD5 of the parts' MD5s
 */
export function compareObject(
  proof: ContentProof,
  parts: readonly RecordedPart[],
  hasKnownEtags: boolean,
): Comparison {
  const checksum = expectedChecksum(parts);
  if (checksum !== null && proof.checksum !== null) return compareText(checksum, proof.checksum);
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

function expectedChecksum(parts: readonly RecordedPart[]): string | null {
  const hashes = parts.map(({ linearHash }) => linearHash);
  return hashes.every((hash) => hash !== null) ? compositeOf('sha256', hashes, 'base64') : null;
}
