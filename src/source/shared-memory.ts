/** Allocates the memory that threads read files into. */

/**
 * The kernel copies to an address within a page. On AMD processors (Zen 3) its copy instruction needs three times as long
 * if the destination begins at the same place of its page as the source, or a few bytes behind it; files are read from
 * the beginning of a page. Source: glibc bug 30994; docs/benchmarks.md has a measurement.
 */
const WITHIN_PAGE_BYTES = 2048;

/** Returns memory that all threads see, for reading files into it. */
export function sharedBytes(sizeBytes: number): Uint8Array {
  return new Uint8Array(new SharedArrayBuffer(WITHIN_PAGE_BYTES + sizeBytes), WITHIN_PAGE_BYTES);
}
