/** Turns errors of the disk into failures of kind `state`. */
import { type FailureFacts, TransferError } from '../core/failures.js';
import { systemCode, systemMessage } from '../core/system-errors.js';

type Why = FailureFacts['state']['why'];

export function stateFailure(
  why: Why,
  path: string,
  detail: string,
  cause?: unknown,
): TransferError<'state'> {
  return new TransferError('state', { path, why, detail }, { cause });
}

/** Returns `ENOSPC: no space left on device`, without the call and the path that Node appends. */
function osReason(error: unknown): string {
  return systemMessage(error).replace(/, \w+( '.*)?$/s, '');
}

/** The system lacks something or the disk fails: neither free space nor permissions help. */
const PASSING = new Set(['EMFILE', 'ENFILE', 'ENOMEM', 'EAGAIN', 'EINTR', 'EIO', 'ETIMEDOUT', 'ESTALE']);

function isPassing(error: unknown): boolean {
  return PASSING.has(systemCode(error) ?? '');
}

function reasonOfWriting(error: unknown): Why {
  if (isPassing(error)) return 'system';
  return systemCode(error) === 'ENOTDIR' ? 'no-folder' : 'not-writable';
}

/**
 * Runs work that changes the disk.
 * @throws TransferError `state` with `path` and the system's reason, for every error of the system: `system` for one
 * that may pass, `no-folder` when a part of the path is not a folder, else `not-writable`
 */
export async function writing<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (systemCode(error) === null) throw error;
    throw stateFailure(reasonOfWriting(error), path, osReason(error), error);
  }
}

const UNREADABLE: ReadonlyMap<string, Why> = new Map([
  ['EACCES', 'no-access'],
  ['EPERM', 'no-access'],
  ['ENOTDIR', 'no-folder'],
  ['ELOOP', 'no-folder'],
]);

/** Turns an error of reading into a failure; null when the path does not exist. Any error that is not the system's is thrown. */
export function readFailure(path: string, error: unknown): TransferError<'state'> | null {
  const code = systemCode(error);
  if (code === null) throw error;
  if (code === 'ENOENT') return null;
  return stateFailure(UNREADABLE.get(code) ?? 'system', path, osReason(error), error);
}

/**
 * Runs work that only reads.
 * @returns the result of the work, or `missing` when the path does not exist
 * @throws TransferError `state`: `no-access` when reading is not allowed, `no-folder` when a part of the path
 * is not a folder, `system` for any other error of the system: it says nothing about the content
 */
export async function reading<T, M>(path: string, missing: M, work: () => Promise<T>): Promise<T | M> {
  try {
    return await work();
  } catch (error) {
    const failure = readFailure(path, error);
    if (failure === null) return missing;
    throw failure;
  }
}
