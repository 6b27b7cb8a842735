/**
 * The refusals of stores whose limits are below those of S3. Sending the same part again, or completing again, fails in
 * the same way forever: the file needs a new upload with parts of another size.
 */
import { type FailureFacts, isFailure, wrapFailure } from '../../core/failures.js';
import type { Operation } from './failures.js';

type StoreLimit = Extract<FailureFacts['limit'], { limit: 'store' }>;

/**
 * Matches the words for a part number that the store does not take. Scaleway, which takes 1,000 parts, answers
 * `InvalidArgument: Part number must be an integer between 1 and 1000, inclusive`; others have codes of their own.
 * Source: tus/tus-node-server issue 711; Amazon S3 API reference, "List of error codes" (TooManyParts).
 */
const PART_NUMBER = /^TooManyParts\b|^InvalidPartNumber\b|^Invalid(Argument|Request)\b.*\bpart ?numbers?\b/i;

/** Matches the largest part number in such a message. */
const LARGEST = /\bbetween 1 and (\d{1,3}(?:,\d{3})+|\d+)/i;

/** Returns the same failure, or a failure of kind `limit` if a limit of this store is its reason. */
export function asStoreLimit(failure: unknown, { name, sent }: Operation): unknown {
  if (!isFailure(failure, 'refused') && !isFailure(failure, 'checksum')) return failure;
  const { code = null, message = null } = failure.service ?? {};
  const limit = (why: StoreLimit['why'], partsMax: number | null = null): unknown =>
    wrapFailure(failure, 'limit', { limit: 'store', why, operation: name, partsMax });
  if (name === 'PutObject' && code === 'EntityTooLarge') return limit('too-large');
  if (name !== 'UploadPart' && name !== 'CompleteMultipartUpload') return failure;
  if (code === 'EntityTooSmall') return limit('part-too-small');
  if (code === 'EntityTooLarge') return limit('too-large');
  if (!PART_NUMBER.test(`${code} ${message}`)) return failure;
  const partsMax = readLargest(message);
  const number = (sent?.index ?? -1) + 1;
  // A number within the limit was refused for another reason.
  if (name === 'UploadPart' && number <= (partsMax ?? 1)) return failure;
  return limit('part-number', partsMax);
}

/** Returns the largest part number that the message names; null: it names none. */
function readLargest(message: string | null): number | null {
  const largest = LARGEST.exec(message ?? '')?.[1];
  return largest === undefined ? null : Number(largest.replaceAll(',', ''));
}
