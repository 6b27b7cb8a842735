/** `list-parts`: the parts of one upload, with their ranges where these are known. */
import { everyPartsPage, listAllParts } from './list.js';
import { comparePartSizes } from './parts/part-sizes.js';
import type { PartsPage, Target } from './ports/target.js';

/**
 * Yields the parts page by page. A bucket's list is read to its end first, because a part of any page may show that the
 * parts have different sizes, so that no range is known.
 */
export async function* listPartsPages(
  target: Target,
  uploadId: string,
  signal: AbortSignal,
): AsyncGenerator<PartsPage> {
  if (!target.capabilities.storesObjects) return yield* everyPartsPage(target, uploadId, signal);
  const { upload, parts } = await listAllParts(target, uploadId, signal);
  const hasRanges = comparePartSizes(parts, upload.partSizeBytes) === 'one';
  yield { ...upload, partSizeBytes: hasRanges ? upload.partSizeBytes : null, parts };
}
