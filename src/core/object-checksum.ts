/** The checksum of an object in a bucket. */

/** A checksum of a whole object, as stores show it. */
export interface ObjectChecksum {
  readonly algorithm: 'SHA256' | 'CRC32';
  /** `FULL_OBJECT`: of all bytes. `COMPOSITE`: of the checksums of the parts. */
  readonly type: 'FULL_OBJECT' | 'COMPOSITE';
  /** Base64; of the type `COMPOSITE` with `-` and the number of parts. */
  readonly value: string;
}
