/** Files that change in ways that their size and time do not show. */
import { renameSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import type { Rig } from './rig.js';

/** Replaces the file by one with the same size and mtime: only reading shows that its bytes are different. */
export function replaceKeepingTimes(bench: Rig, bytes: Buffer): void {
  const { atime, mtime } = statSync(bench.file);
  utimesSync(bench.file, atime, mtime);
  const twin = `${bench.file}.twin`;
  writeFileSync(twin, bytes);
  utimesSync(twin, atime, mtime);
  renameSync(twin, bench.file);
}

/** Sets mtime to a whole millisecond, so that `utimes` can set exactly the same time again. */
export function roundTimes(bench: Rig): void {
  utimesSync(bench.file, new Date(1_700_000_000_000), new Date(1_700_000_000_000));
}

/** Returns a copy with one bit changed. */
export function flipped(bytes: Buffer, at: number): Buffer {
  const other = Buffer.from(bytes);
  other[at] = (other[at] ?? 0) ^ 1;
  return other;
}
