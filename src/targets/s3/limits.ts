/**
 * What a bucket takes. Source: Amazon S3 user guide, "Amazon S3 multipart upload limits" (10,000 parts of 5 MiB to
 * 5 GiB); powers of two within that, so that a part's tree hash is a node of the object's, as in a vault.
 */
import type { PartLimits } from '../../core/part-plan.js';
import { GIB_BYTES, MIB_BYTES } from '../../core/units.js';

const PARTS_MAX = 10_000;
const PART_SIZE_MAX_BYTES = 4 * GIB_BYTES;

export const S3_LIMITS: PartLimits = {
  partSizeMinBytes: 8 * MIB_BYTES,
  partSizeMaxBytes: PART_SIZE_MAX_BYTES,
  partsMax: PARTS_MAX,
  sizeMinBytes: 0,
  /** Below the 48.8 TiB that an object may have. */
  sizeMaxBytes: PARTS_MAX * PART_SIZE_MAX_BYTES,
};

/** Entries on a page of a list. Source: Amazon S3 API reference, ListParts and ListMultipartUploads. */
export const S3_PAGE_ENTRIES_MAX = 1000;
