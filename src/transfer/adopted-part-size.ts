/** The part size of a stream's upload that this machine does not know, from the parts that the service lists. Pure. */
import { TransferError } from '../core/failures.js';
import { isLegalPartSize, type PartLimits, planStream, unsupportedPartSize } from '../core/part-plan.js';
import { formatSize, formatSizeOption } from '../core/units.js';
import type { ListedParts } from './list.js';
import { comparePartSizes, differentPartSizes } from './parts/part-sizes.js';

export interface WantedPartSize {
  readonly uploadId: string;
  /** The user's, in bytes; null: none. */
  readonly partSizeBytes: number | null;
  /** True if a size that is not the upload's is refused. */
  readonly isPartSizeTyped: boolean;
  /** That of the journal; undefined: there is none. */
  readonly recordedBytes: number | undefined;
}

/**
 * Returns the part size of an upload. A vault reports it. In a bucket the first of several parts shows it; a single part
 * may be the last one, and shorter than the others.
 * @throws TransferError `usage` if the parts have different sizes, or a size that calve does not use, or not the given one
 */
export function adoptedPartSize(
  { upload, parts }: ListedParts,
  { uploadId, partSizeBytes: given, isPartSizeTyped, recordedBytes }: WantedPartSize,
  limits: PartLimits,
): number {
  const shown = upload.partSizeBytes;
  const isNumbered = parts.some(({ index }) => index !== undefined);
  const isSure = shown !== null && (recordedBytes !== undefined || !isNumbered || parts.length > 1);
  if (shown === null || !isSure) return recordedBytes ?? given ?? guess(shown, limits);
  if (recordedBytes === undefined && comparePartSizes(parts, shown) === 'different') {
    throw differentPartSizes(uploadId, parts);
  }
  if (!isLegalPartSize(shown, limits)) throw unsupportedPartSize(uploadId, shown, limits);
  if (isPartSizeTyped && given !== null && given !== shown) {
    throw new TransferError('usage', {
      what: `--part-size ${formatSizeOption(given)}`,
      why: `the upload has parts of ${formatSize(shown)}, which cannot be changed after it was created`,
      hint: 'omit the option',
    });
  }
  return shown;
}

/** @param shown the size that a single part has, rounded up where it is the first; null: there is no part */
function guess(shown: number | null, limits: PartLimits): number {
  if (shown !== null && isLegalPartSize(shown, limits)) return shown;
  return planStream(null, 'auto', limits).partSizeBytes;
}
