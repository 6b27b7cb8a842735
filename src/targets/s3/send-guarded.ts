/** Sends a part, and sends it once more in another way if the store does not take or confirm its checksum. */
import type { PartReceipt } from '../../transfer/ports/target.js';
import { isRefusedForChecksums } from './failures.js';
import { UnconfirmedPartError } from './send-part.js';
import type { UploadChecksum, UploadProperties } from './upload-properties.js';

/** For credentials that may not list, so that nothing says which of the two an upload has. */
const OTHER_CHECKSUM: { readonly [A in UploadChecksum['algorithm']]: UploadChecksum } = {
  CRC32: { algorithm: 'SHA256', type: 'COMPOSITE' },
  SHA256: { algorithm: 'CRC32', type: null },
};

/** Returns the properties with which the part is sent again; null: the failure is final. */
function changedBy(error: unknown, upload: UploadProperties): UploadProperties | null {
  if (error instanceof UnconfirmedPartError) return { ...upload, mustSign: true };
  const { checksum, isGuess } = upload;
  if (isGuess !== true || checksum === null || !isRefusedForChecksums(error)) return null;
  return { ...upload, checksum: OTHER_CHECKSUM[checksum.algorithm] };
}

/**
 * A store that does not confirm the checksum of a part may not have compared it: the part counts only when it was sent
 * with its bytes under the signature.
 * @param onChange called with the properties with which the store has taken the part, for the other parts
 */
export async function sendGuarded(
  upload: UploadProperties,
  send: (upload: UploadProperties) => Promise<PartReceipt>,
  onChange: (changed: UploadProperties) => void,
): Promise<PartReceipt> {
  try {
    return await send(upload);
  } catch (error) {
    const changed = changedBy(error, upload);
    if (changed === null) throw error;
    const receipt = await send(changed);
    onChange(changed);
    return receipt;
  }
}
