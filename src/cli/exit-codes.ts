/** The one table of exit numbers. Scripts depend on them for years; --help and the README print them. */
import { type FailureFacts, type FailureKind, isFailure, TransferError } from '../core/failures.js';

export const EXIT_ROWS = [
  { code: 0, meaning: 'done; also if a resume without names has nothing to do' },
  { code: 1, meaning: 'a bug in calve (--debug prints the stack)' },
  {
    code: 2,
    meaning: 'usage: an option, an argument or a combination of them is not valid; nothing was sent',
  },
  { code: 3, meaning: 'stopped before the end, state kept: run the command again to continue' },
  { code: 10, meaning: 'not found: vault, bucket, upload or catalogue entry' },
  { code: 11, meaning: 'busy: another calve works on this upload' },
  {
    code: 12,
    meaning: 'refused: credentials, permission, an account that cannot use vaults, or the request itself',
  },
  {
    code: 13,
    meaning:
      'the file or stream is missing, unreadable, empty, short, not regular, changed or badly named; its command failed; state is unusable',
  },
  {
    code: 14,
    meaning: 'a checksum still does not match after retries, or an audit finds an archive with other content',
  },
  {
    code: 15,
    meaning: 'a limit of the service would be exceeded: too many parts, too large, or too long a name',
  },
  {
    code: 16,
    meaning:
      'the service no longer has the upload, and calve created no other one; or an audit misses an archive',
  },
  { code: 17, meaning: 'the object exists, and --no-overwrite keeps it' },
  { code: 129, meaning: 'stopped by SIGHUP; state kept' },
  { code: 130, meaning: 'stopped by SIGINT; state kept' },
  { code: 143, meaning: 'stopped by SIGTERM; state kept' },
] as const;

export type ExitCode = (typeof EXIT_ROWS)[number]['code'];

const SIGNAL_EXIT = {
  SIGHUP: 129,
  SIGINT: 130,
  SIGTERM: 143,
} as const satisfies Record<NonNullable<FailureFacts['stopped']['signal']>, ExitCode>;

const KIND_EXIT = {
  usage: 2,
  unreachable: 3,
  'too-slow': 3,
  stopped: 130,
  'not-found': 10,
  busy: 11,
  refused: 12,
  source: 13,
  state: 13,
  unrecorded: 13,
  'lines-refused': 13,
  output: 13,
  checksum: 14,
  limit: 15,
  gone: 16,
  'inventory-pending': 3,
  manifest: 13,
  'fleet-incomplete': 3,
  'fleet-differs': 13,
  'archives-missing': 16,
  'archives-different': 14,
  exists: 17,
  bug: 1,
} as const satisfies Record<FailureKind, ExitCode>;

/** Returns the exit number of an error. Anything that is not a TransferError is a bug in calve. */
export function exitCodeOf(error: unknown): ExitCode {
  if (!(error instanceof TransferError)) return 1;
  if (isFailure(error, 'stopped')) {
    const { signal } = error.facts;
    return SIGNAL_EXIT[signal ?? 'SIGINT'];
  }
  return KIND_EXIT[(error as TransferError).kind];
}

/** Returns true for failures that the next file would have as well: the first of these ends a run with several files. */
export function stopsTheRun(error: unknown): boolean {
  const code = exitCodeOf(error);
  if (code === 12 || code === 1 || code >= 128) return true;
  return isFailure(error, 'not-found') && ['vault', 'bucket'].includes(error.facts.what);
}
