/** The capabilities of a Glacier vault. Source: Amazon Glacier developer guide, "Uploading large archives in parts". */
import type { PartLimits } from '../../core/part-plan.js';
import { GIB_BYTES, MIB_BYTES } from '../../core/units.js';
import type { TargetCapabilities } from '../../transfer/ports/target.js';

const PARTS_MAX = 10_000;
const PART_SIZE_MAX_BYTES = 4 * GIB_BYTES;

const GLACIER_LIMITS: PartLimits = {
  partSizeMinBytes: MIB_BYTES,
  partSizeMaxBytes: PART_SIZE_MAX_BYTES,
  partsMax: PARTS_MAX,
  /** The service refuses an empty archive ("Invalid Content-Length: 0"). */
  sizeMinBytes: 1,
  sizeMaxBytes: PARTS_MAX * PART_SIZE_MAX_BYTES,
};

export const GLACIER_CAPABILITIES: TargetCapabilities = {
  storesObjects: false,
  limits: GLACIER_LIMITS,
  /** Source: the same guide, api-multipart-list-uploads ("limit"). */
  pageEntriesMax: 50,
  /** The service may remove an upload that was idle for this long. Source: the same guide, "Quick facts". */
  idleExpiryMs: 24 * 3_600_000,
  reportsAccount: true,
  billsParts: false,
  partsOutliveAbort: false,
  putsObjects: false,
};
