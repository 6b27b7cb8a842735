/** Is this still the file that was read before? */

/** What a file system tells of a file without reading it. Nanoseconds are decimal strings: they exceed 2^53. */
export interface Fingerprint {
  readonly sizeBytes: number;
  readonly mtimeNs: string;
  readonly ctimeNs: string;
  readonly device: string;
  readonly inode: string;
}

/**
 * `same`: recorded hashes may be trusted. `touched`: only ctime, device or inode differ (a chmod, a rename, a copy
 * that kept its times, a remount): the bytes must be read again and compared. `changed`: size or mtime differ.
 */
export type Sameness = 'same' | 'touched' | 'changed';

export function compareFingerprints(before: Fingerprint, now: Fingerprint): Sameness {
  if (before.sizeBytes !== now.sizeBytes || before.mtimeNs !== now.mtimeNs) return 'changed';
  const untouched =
    before.ctimeNs === now.ctimeNs && before.device === now.device && before.inode === now.inode;
  return untouched ? 'same' : 'touched';
}
