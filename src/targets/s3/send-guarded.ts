/** Sends a part, and sends it once more in another way if the store does not take it, or does not confirm its checksum. */
import { isFailure } from '../../core/failures.js';
import type { PartReceipt } from '../../transfer/ports/target.js';
import { UnconfirmedPartError } from './described-part.js';
import { isRefusedForChecksums } from './failures.js';
import type { KnownUploads } from './known-uploads.js';
import type { PartGuard } from './part-guard.js';
import type { UploadChecksum, UploadProperties } from './upload-properties.js';

/** For credentials that may not list, so that nothing says which of the two an upload has. */
const OTHER_CHECKSUM: { readonly [A in UploadChecksum['algorithm']]: UploadChecksum } = {
  CRC32: { algorithm: 'SHA256', type: 'COMPOSITE' },
  SHA256: { algorithm: 'CRC32', type: null },
};

/**
 * Returns true if the reason may be that the signature does not cover the bytes: a policy can forbid that, and a store
 * may not know it. Source: Amazon S3, "Signature Version 4 policy keys": s3:x-amz-content-sha256.
 */
export function isRefusedAsUnsigned(error: unknown): boolean {
  if (isFailure(error, 'checksum')) return error.service?.code === 'XAmzContentSHA256Mismatch';
  if (!isFailure(error, 'refused')) return false;
  const { why } = error.facts;
  return why === 'denied' || why === 'rejected' || error.service?.code === 'SignatureDoesNotMatch';
}

/** Returns the properties with which the part is sent again; null: the failure is final. */
function changedBy(
  error: unknown,
  upload: UploadProperties,
  { isSigned }: PartGuard,
): UploadProperties | null {
  const { checksum, isGuess } = upload;
  if (isGuess === true && checksum !== null && isRefusedForChecksums(error)) {
    return { ...upload, checksum: OTHER_CHECKSUM[checksum.algorithm] };
  }
  const mustSign = !isSigned && (error instanceof UnconfirmedPartError || isRefusedAsUnsigned(error));
  return mustSign ? { ...upload, mustSign } : null;
}

/**
 * A store that does not confirm the checksum of a part may not have compared it: the part counts only when it was sent
 * with its bytes under the signature. What the store has taken is remembered for the other parts of the upload.
 */
export async function sendGuarded(
  uploads: KnownUploads,
  { uploadId, upload }: { readonly uploadId: string; readonly upload: UploadProperties },
  send: (upload: UploadProperties, guard: PartGuard) => Promise<PartReceipt>,
): Promise<PartReceipt> {
  const guard = uploads.guardOf(upload);
  try {
    return await send(upload, guard);
  } catch (error) {
    const changed = changedBy(error, upload, guard);
    if (changed === null) throw error;
    const receipt = await send(changed, uploads.guardOf(changed));
    uploads.set(uploadId, changed);
    return receipt;
  }
}
