/** What a Glacier vault takes. Source: Amazon Glacier developer guide, "Uploading large archives in parts". */
import type { PartLimits } from '../../core/part-plan.js';
import { GIB_BYTES, MIB_BYTES } from '../../core/units.js';

const PARTS_MAX = 10_000;
const PART_SIZE_MAX_BYTES = 4 * GIB_BYTES;

export const GLACIER_LIMITS: PartLimits = {
  partSizeMinBytes: MIB_BYTES,
  partSizeMaxBytes: PART_SIZE_MAX_BYTES,
  partsMax: PARTS_MAX,
  /** The service refuses an empty archive ("Invalid Content-Length: 0"). */
  sizeMinBytes: 1,
  sizeMaxBytes: PARTS_MAX * PART_SIZE_MAX_BYTES,
};

/** Entries on a page of a list. Source: the same guide, api-multipart-list-uploads ("limit"). */
export const GLACIER_PAGE_ENTRIES_MAX = 50;

/** An upload that was idle for this long may be dropped at any time. Source: the same guide, "Quick facts". */
export const GLACIER_IDLE_EXPIRY_MS = 24 * 3_600_000;
