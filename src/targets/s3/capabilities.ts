/**
 * The capabilities of a bucket. Source: Amazon S3 user guide, "Amazon S3 multipart upload limits" (10,000 parts of 5 MiB to
 * 5 GiB); powers of two within that, so that a part's tree hash is a node of the object's, as in a vault.
 */
import type { PartLimits } from '../../core/part-plan.js';
import { GIB_BYTES, MIB_BYTES } from '../../core/units.js';
import type { TargetCapabilities } from '../../transfer/ports/target.js';

const PARTS_MAX = 10_000;
const PART_SIZE_MAX_BYTES = 4 * GIB_BYTES;

const S3_LIMITS: PartLimits = {
  partSizeMinBytes: 8 * MIB_BYTES,
  partSizeMaxBytes: PART_SIZE_MAX_BYTES,
  partsMax: PARTS_MAX,
  sizeMinBytes: 0,
  /** Below the 48.8 TiB that an object may have. */
  sizeMaxBytes: PARTS_MAX * PART_SIZE_MAX_BYTES,
};

export const S3_CAPABILITIES: TargetCapabilities = {
  storesObjects: true,
  limits: S3_LIMITS,
  /** Source: Amazon S3 API reference, ListParts and ListMultipartUploads. */
  pageEntriesMax: 1000,
  idleExpiryMs: null,
  reportsAccount: false,
  billsParts: true,
  partsOutliveAbort: true,
  putsObjects: true,
};
