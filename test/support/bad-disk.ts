/**
 * Loaded before the program (`node --import`), in each of its threads: reads of the file that is archived come in small
 * pieces, or fail from a place on, as they do on network file systems and dying disks. BAD_DISK says how.
 */
import fs, { type ReadPosition } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import process from 'node:process';

export interface BadDisk {
  /** No read gives more than this. */
  readonly pieceBytes?: number;
  /** Reads that begin at this byte or behind fail with EIO. */
  readonly failsFromByte?: number;
}

/** The environment of a program whose file lies on such a disk. */
export function badDiskEnv(how: BadDisk): Record<string, string> {
  return { NODE_OPTIONS: `--import=${import.meta.url}`, BAD_DISK: JSON.stringify(how) };
}

function install({ pieceBytes = Number.POSITIVE_INFINITY, failsFromByte }: BadDisk): void {
  const { readSync } = fs;
  type Words = [number, NodeJS.ArrayBufferView, number, number, ReadPosition | null];
  const read = (...[fd, buffer, offset, length, position]: Words): number => {
    // Only the source is read at positions; modules and state are read from where they stand.
    if (typeof position !== 'number') return readSync(fd, buffer, offset, length, position);
    if (failsFromByte !== undefined && position >= failsFromByte) {
      throw Object.assign(new Error('EIO: i/o error, read'), { code: 'EIO', errno: -5, syscall: 'read' });
    }
    return readSync(fd, buffer, offset, Math.min(length, pieceBytes), position);
  };
  fs.readSync = read as typeof fs.readSync;
  syncBuiltinESMExports();
}

const wish = process.env['BAD_DISK'];
if (wish !== undefined) install(JSON.parse(wish) as BadDisk);
