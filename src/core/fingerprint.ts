/** Tells whether a file is still the one that was read before. */

/**
 * Facts that a file system knows without reading the file. Nanoseconds are decimal
 * strings, because they exceed 2^53.
 */
export interface Fingerprint {
  readonly sizeBytes: number;
  readonly mtimeNs: string;
  readonly ctimeNs: string;
  readonly device: string;
  readonly inode: string;
}

/**
 * `same`: the recorded hashes are valid. `touched`: only ctime, device or inode differ (a chmod, a
 * rename, a copy with the same times, a remount), so the bytes must be read again and compared.
 * `changed`: size or mtime differ.
 */
export type Sameness = 'same' | 'touched' | 'changed';

export function compareFingerprints(before: Fingerprint, now: Fingerprint): Sameness {
  if (before.sizeBytes !== now.sizeBytes || before.mtimeNs !== now.mtimeNs) return 'changed';
  const untouched =
    before.ctimeNs === now.ctimeNs && before.device === now.device && before.inode === now.inode;
  return untouched ? 'same' : 'touched';
}
