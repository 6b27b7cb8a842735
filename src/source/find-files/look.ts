/** Looks at one path of a walk or a list: is it a file, a folder, or something that no archive is made of? */
import type { Stats } from 'node:fs';
import { lstat, stat } from 'node:fs/promises';
import { TransferError } from '../../core/failures.js';
import type { SkippedCounts } from '../../transfer/events.js';
import { sourceFailure } from '../open-file.js';
import type { Filter } from './filters.js';

/** A file to send. `name`: its path below the target, with `/` between the parts. `path`: absolute. */
export interface FoundFile {
  readonly path: string;
  readonly name: string;
}

/** A file or folder that cannot be sent. The others are. */
export interface FailedFile {
  readonly path: string;
  readonly error: TransferError;
}

export type Found = FoundFile | FailedFile;

export interface FindOptions {
  readonly includes: Filter;
  readonly followLinks: boolean;
  readonly oneFileSystem: boolean;
  /** Counts for the notice at the end. */
  readonly skipped: SkippedCounts;
  /** Its reason is thrown when it is aborted. */
  readonly signal: AbortSignal;
}

export type FileKind = 'file' | 'folder' | keyof SkippedCounts;

/** @throws an error of the system */
export async function kindOf(path: string | Buffer, followLinks: boolean): Promise<FileKind> {
  return kindOfStats(await (followLinks ? stat(path) : lstat(path)));
}

function kindOfStats(stats: Stats): FileKind {
  if (stats.isFile()) return 'file';
  if (stats.isDirectory()) return 'folder';
  if (stats.isSymbolicLink()) return 'links';
  if (stats.isFIFO()) return 'pipes';
  return stats.isSocket() ? 'sockets' : 'devices';
}

/** Returns the `source` failure for a system error of a folder. */
export function folderFailure(path: string, error: unknown): TransferError<'source'> {
  const failure = sourceFailure(path, error);
  const { why, detail } = failure.facts;
  if (why !== 'unreadable') return failure;
  return new TransferError('source', { path, why: 'folder-unreadable', detail }, { cause: error });
}
