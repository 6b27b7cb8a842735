/**
 * The dialect of Huawei OBS, which uses S3's protocol. It has none of the newer checksums and detects damaged parts by MD5.
 * Source: Huawei OBS API reference, "Uploading Parts" and "Introduction to Storage Classes".
 */
import { TransferError } from '../../core/failures.js';
import type { Dialect } from '../s3/dialect.js';

/** OBS's own names for storage classes, with their names in S3's protocol. */
const CLASSES = {
  STANDARD: 'STANDARD',
  WARM: 'STANDARD_IA',
  COLD: 'GLACIER',
  DEEP_ARCHIVE: 'DEEP_ARCHIVE',
} as const;

const OWN_NAMES = new Map<string, string>(Object.entries(CLASSES).map(([own, wire]) => [wire, own]));
const WIRE_NAMES = new Map<string, string>(Object.entries(CLASSES));

export const OBS_DIALECT: Dialect = {
  asksForChecksums: false,
  sendsMd5: true,
  hasAwsCredentials: false,
  documentsEtags: true,
  // Each bucket has its own default class.
  defaultStorageClass: null,
  wireClass: (name) => WIRE_NAMES.get(name) ?? name,
  ownClass: (wire) => OWN_NAMES.get(wire) ?? wire,
};

/** Returns OBS's own name for a class, given by that name or by S3's. @throws TransferError `usage` */
export function checkObsClass(given: string): string {
  const own = OBS_DIALECT.ownClass(given);
  if (WIRE_NAMES.has(own)) return own;
  throw new TransferError('usage', {
    what: `--storage-class ${given}`,
    why: 'OBS accepts STANDARD, WARM, COLD and DEEP_ARCHIVE, or the names that S3 has for these classes',
    hint: 'COLD and DEEP_ARCHIVE are the cheapest classes',
  });
}
