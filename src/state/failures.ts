/** Turns errors of the disk into failures of kind `state`. */
import { type FailureFacts, TransferError } from '../core/failures.js';

type Why = FailureFacts['state']['why'];

export function stateFailure(
  why: Why,
  path: string,
  detail: string,
  cause?: unknown,
): TransferError<'state'> {
  return new TransferError('state', { path, why, detail }, { cause });
}

/** Returns the operating system's code of an error (`ENOENT`), or null for any other error. */
export function osCode(error: unknown): string | null {
  const code = error instanceof Error && 'code' in error ? error.code : null;
  return typeof code === 'string' ? code : null;
}

/** Returns `ENOSPC: no space left on device`, without the call and the path that Node appends. */
function osReason(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.replace(/, \w+( '.*)?$/s, '');
}

/**
 * Runs work that changes the disk.
 * @throws TransferError `state` `not-writable` with `path` and the system's
 * reason, for every error of the system
 */
export async function writing<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (osCode(error) === null) throw error;
    throw stateFailure('not-writable', path, osReason(error), error);
  }
}

const UNREADABLE: ReadonlyMap<string, Why> = new Map([
  ['EACCES', 'no-access'],
  ['EPERM', 'no-access'],
  ['ENOTDIR', 'no-folder'],
  ['ELOOP', 'no-folder'],
]);

/**
 * Runs work that only reads.
 * @returns the result of the work, or `missing` when the path does not exist
 * @throws TransferError `state`: `no-access` when reading is not allowed, `no-folder` when a part of the path
 * is not a folder, `damaged` for any other error of the system
 */
export async function reading<T, M>(path: string, missing: M, work: () => Promise<T>): Promise<T | M> {
  try {
    return await work();
  } catch (error) {
    const code = osCode(error);
    if (code === null) throw error;
    if (code === 'ENOENT') return missing;
    throw stateFailure(UNREADABLE.get(code) ?? 'damaged', path, osReason(error), error);
  }
}
