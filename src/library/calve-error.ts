/** The one error that the functions of the library throw. */
import type { FailureFacts, FailureKind, ServiceResponse } from '../core/failures.js';

/** The file, target and upload of a failure, and what to do. Null where it does not apply. */
export interface CalveErrorDetails {
  readonly hint: string | null;
  readonly exitCode: number;
  readonly file: string | null;
  readonly target: string | null;
  readonly uploadId: string | null;
  readonly resumable: boolean;
  readonly service: ServiceResponse | null;
  readonly cause: unknown;
}

/** An error of each kind, so that the compiler knows the facts after `error.kind` was compared. */
export type AnyCalveError = { [K in FailureKind]: CalveError<K> }[FailureKind];

/**
 * A failure. Its message has the words that the command line prints; `kind` and `facts` are for programs. The error of an
 * `AbortSignal` has the kind `stopped`, the name `AbortError`, and the reason of the signal as its cause.
 */
export class CalveError<K extends FailureKind = FailureKind> extends Error {
  override readonly name: 'CalveError' | 'AbortError';
  /** `ABORT_ERR` for `stopped`, as errors of Node have it; else null. */
  readonly code: 'ABORT_ERR' | null;
  readonly kind: K;
  readonly facts: FailureFacts[K];
  /** The thing to do about it, often a command line. */
  readonly hint: string | null;
  /** The exit number with which `calve` would end. */
  readonly exitCode: number;
  readonly file: string | null;
  readonly target: string | null;
  readonly uploadId: string | null;
  /** True if the same call, or `resume`, continues from here. */
  readonly resumable: boolean;
  /** The answer of the service, in its own words; null if it did not answer. */
  readonly service: ServiceResponse | null;

  constructor(kind: K, facts: FailureFacts[K], message: string, details: CalveErrorDetails) {
    const { cause, ...others } = details;
    super(message, cause === undefined || cause === null ? undefined : { cause });
    const isAbort = kind === 'stopped';
    this.name = isAbort ? 'AbortError' : 'CalveError';
    this.code = isAbort ? 'ABORT_ERR' : null;
    this.kind = kind;
    this.facts = facts;
    this.hint = others.hint;
    this.exitCode = others.exitCode;
    this.file = others.file;
    this.target = others.target;
    this.uploadId = others.uploadId;
    this.resumable = others.resumable;
    this.service = others.service;
  }

  /** Returns true for a CalveError, and with `kind` only for one of that kind. */
  static is(error: unknown): error is AnyCalveError;
  static is<K extends FailureKind>(error: unknown, kind: K): error is CalveError<K>;
  static is(error: unknown, kind?: FailureKind): boolean {
    return error instanceof CalveError && (kind === undefined || error.kind === kind);
  }
}
