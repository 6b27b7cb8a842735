/** Allocates the memory into which files are read. */

/**
 * The kernel copies to an address within a page. On AMD processors (Zen 3) its copy instruction needs three times as long
 * if the destination begins at the same place of its page as the source, or a few bytes behind it; files are read from
 * the beginning of a page. Source: glibc bug 30994; docs/benchmarks.md has a measurement.
 */
const WITHIN_PAGE_BYTES = 2048;

/** Returns memory that all threads see. */
export function sharedBytes(sizeBytes: number): Uint8Array {
  return new Uint8Array(new SharedArrayBuffer(WITHIN_PAGE_BYTES + sizeBytes), WITHIN_PAGE_BYTES);
}

/** Returns memory of this thread, whose contents are undefined. */
export function ownBytes(sizeBytes: number): Uint8Array {
  return Buffer.allocUnsafeSlow(WITHIN_PAGE_BYTES + sizeBytes).subarray(WITHIN_PAGE_BYTES);
}
