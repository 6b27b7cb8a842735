/**
 * What can go wrong, as facts. Words for people live in ui/wording, exit numbers in cli/exit-codes; both are tables
 * that the compiler proves complete over `FailureFacts`.
 */

import type { UploadAddress } from './identity.js';

export interface FailureFacts {
  /** A malformed or never-legal option, argument or combination. Nothing was sent. */
  usage: { what: string; why: string; hint: string | null };
  /** The service could not be made to answer: network, throttling, 5xx. Running it again goes on. */
  unreachable: { operation: string; why: string; attempts: number; elapsedMs: number };
  /**
   * A part did not arrive within the time that its signature holds. `sentBytes`: how much of it had left by then, null
   * where nobody can say. `fittingPartSizeBytes`: the largest part that this line carries in time; null: none, or not
   * known yet.
   */
  'too-slow': {
    index: number;
    sizeBytes: number;
    elapsedMs: number;
    partTimeMs: number;
    sentBytes: number | null;
    bytesPerSecond: number | null;
    fittingPartSizeBytes: number | null;
  };
  /** A signal asked us to stop. */
  stopped: { signal: 'SIGHUP' | 'SIGINT' | 'SIGTERM' };
  'not-found': {
    what: 'vault' | 'bucket' | 'upload' | 'unfinished upload' | 'catalogue entry';
    name: string;
    detail: string | null;
  };
  /** Another calve works on it. `holder` is how it names itself, for people: host and process id. */
  busy: { what: string; holder: string; sinceMs: number | null };
  refused: {
    why:
      | 'no-credentials'
      | 'wrong-credentials'
      | 'denied'
      | 'clock'
      | 'no-longer-supported'
      | 'wrong-region'
      | 'endpoint-unconfirmed'
      | 'rejected';
    operation: string;
    detail: string | null;
  };
  source: {
    path: string;
    why:
      | 'missing'
      | 'unreadable'
      | 'empty'
      | 'folder'
      | 'not-regular'
      | 'changed'
      | 'other-upload'
      | 'short'
      | 'command'
      | 'no-command'
      | 'read-once';
    detail: string | null;
  };
  state: {
    path: string;
    why: 'damaged' | 'not-writable' | 'no-folder' | 'foreign' | 'newer' | 'older';
    detail: string | null;
  };
  /** The archive exists, but writing that down failed. */
  unrecorded: { archiveId: string; path: string; detail: string };
  checksum: { what: 'part' | 'archive' | 'file'; index: number | null; expected: string; got: string };
  limit:
    | { limit: 'size'; sizeBytes: number; maxBytes: number }
    | {
        limit: 'parts';
        partCount: number;
        partsMax: number;
        partSizeBytes: number;
        fittingPartSizeBytes: number;
      }
    /** A stream that goes on when no further part may be sent. */
    | { limit: 'stream'; partsMax: number; partSizeBytes: number };
  /** There is an object already, and it was asked to stay. */
  exists: { url: string };
  /** Gone on the service while our journal vouches for it. `completing`: the archive may exist all the same. */
  gone: { uploadId: string; completing: { sizeBytes: number; treeHash: string | null } | null };
  /** A closed or full stdout, with the id that could not be printed. */
  output: { detail: string; archiveId: string | null };
  bug: { detail: string };
}

export type FailureKind = keyof FailureFacts;

/** What a service said with its refusal, for reports to its operator. Never trusted to be printable. */
export interface ServiceAnswer {
  readonly httpStatus: number | null;
  readonly code: string | null;
  readonly message: string | null;
  readonly requestId: string | null;
  readonly hostId: string | null;
  readonly resource: string | null;
}

/** Where it happened, filled in on the way up by whoever knows. */
export interface FailureContext {
  file?: string;
  target?: string;
  uploadId?: string;
  /** Whether running it again goes on from here. */
  resumable?: boolean;
  /** The address of an upload that may be left on the service and that no later run can continue. */
  orphan?: UploadAddress;
}

/**
 * Whether trying the same request again can help, and how.
 * `unavailable`: later. `throttled`: later, and slower. `resign`: at once with a new signature. `corrupt`: the bytes
 * were damaged on the way: once or twice more.
 */
export type RetryClass = 'unavailable' | 'throttled' | 'resign' | 'corrupt';

export interface FailureExtras {
  readonly cause?: unknown;
  readonly service?: ServiceAnswer;
  readonly retryClass?: RetryClass;
}

/** The one error that travels through calve. Anything else that arrives at the top is a bug. */
export class TransferError<K extends FailureKind = FailureKind> extends Error {
  override readonly name = 'TransferError';
  readonly kind: K;
  readonly facts: FailureFacts[K];
  readonly service: ServiceAnswer | null;
  readonly retryClass: RetryClass | null;
  context: FailureContext = {};
  /** How long the service asked to be left alone; null where it did not. */
  retryAfterMs: number | null = null;

  constructor(kind: K, facts: FailureFacts[K], extras: FailureExtras = {}) {
    super(
      `${kind} ${JSON.stringify(facts)}`,
      extras.cause === undefined ? undefined : { cause: extras.cause },
    );
    this.kind = kind;
    this.facts = facts;
    this.service = extras.service ?? null;
    this.retryClass = extras.retryClass ?? null;
  }
}

/**
 * Returns a failure of another kind, or with other facts, that keeps what the service said of the first one.
 * @param cause the first failure
 */
export function wrapFailure<K extends FailureKind>(
  cause: TransferError,
  kind: K,
  facts: FailureFacts[K],
): TransferError<K> {
  return new TransferError(kind, facts, {
    cause,
    ...(cause.service !== null && { service: cause.service }),
  });
}

export function isFailure<K extends FailureKind>(error: unknown, kind: K): error is TransferError<K> {
  return error instanceof TransferError && error.kind === kind;
}

/** The same failure, with what the caller knows of file, target and upload; what is already known stays. */
export function withContext(error: unknown, context: FailureContext): unknown {
  if (error instanceof TransferError) error.context = { ...context, ...error.context };
  return error;
}
