/**
 * Failures as facts. The words for people are in ui/wording, the exit numbers in cli/exit-codes; both are tables that
 * the compiler proves complete over `FailureFacts`.
 */

import type { UploadAddress } from './identity.js';
import type { NameExcess } from './name-excess.js';

export interface FailureFacts {
  /** A malformed or illegal option, argument or combination. Nothing was sent. */
  usage: { what: string; why: string; hint: string | null };
  /** The service gave no useful answer: network, throttling, 5xx. Running the command again continues. */
  unreachable: { operation: string; why: string; attempts: number; elapsedMs: number };
  /**
   * A part did not arrive while its signature was valid. `sentBytes`: the bytes that had left by then; null: unknown.
   * `fittingPartSizeBytes`: the largest part size that arrives in time at the measured rate; null: none, or unknown.
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
  /** A signal asked the program to stop. Null: the `AbortSignal` of a program that uses the library. */
  stopped: { signal: 'SIGHUP' | 'SIGINT' | 'SIGTERM' | null };
  'not-found': {
    what: 'vault' | 'bucket' | 'upload' | 'unfinished upload' | 'catalogue entry';
    name: string;
    detail: string | null;
  };
  /** Another calve works on it. `holder` names that one for people: host and process id. */
  busy: {
    what: string;
    holder: string;
    sinceMs: number | null;
    /** The manifest, if a fleet works on it. */
    manifest?: string;
  };
  refused: {
    why:
      | 'no-credentials'
      | 'wrong-credentials'
      | 'denied'
      | 'clock'
      | 'untrusted-certificate'
      | 'no-longer-supported'
      | 'wrong-region'
      | 'endpoint-unconfirmed'
      | 'quota'
      | 'too-large'
      | 'not-the-service'
      | 'rejected';
    operation: string;
    detail: string | null;
  };
  source: {
    path: string;
    why:
      | 'missing'
      | 'no-working-folder'
      | 'unreadable'
      | 'empty'
      | 'empty-stream'
      | 'folder'
      | 'folder-unreadable'
      | 'not-utf8'
      | 'not-a-path'
      | 'outside'
      | 'same-name'
      | 'no-key'
      | 'not-regular'
      | 'no-size'
      | 'changed'
      | 'other-upload'
      | 'short'
      | 'command'
      | 'no-command'
      | 'read-once'
      | 'no-resources';
    detail: string | null;
  };
  state: {
    path: string;
    /**
     * `system`: the system reported an error that says nothing about the content and may pass. `foreign`, `open`, `link`
     * and `no-access` mean that calve cannot trust or read the path. `no-spool`: the folder for large parts of a stream.
     */
    why:
      | 'damaged'
      | 'not-writable'
      | 'no-spool'
      | 'no-folder'
      | 'no-home'
      | 'foreign'
      | 'open'
      | 'link'
      | 'no-access'
      | 'newer'
      | 'older'
      | 'system';
    detail: string | null;
    /** The option that names the folder, where it is neither the state folder nor the catalogue. */
    option?: string;
  };
  /** The archive exists, but it could not be recorded. */
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
    /** A file whose name gives a key, or a description in a vault, that is too long. */
    | ({ limit: 'name' } & NameExcess)
    /** A stream that continues after the last part that an upload may have. */
    | { limit: 'stream'; partsMax: number; partSizeBytes: number }
    /**
     * A store refused a part or the whole by a limit that is its own. `partsMax`: the number of parts that it takes, where
     * its answer has it.
     */
    | {
        limit: 'store';
        why: 'part-number' | 'part-too-small' | 'too-large';
        operation: string;
        partsMax: number | null;
      };
  /** An object exists already, and the user wants it to stay. */
  exists: { url: string };
  /** The journal has the upload, but the service no longer does. `completing`: its archive may exist all the same. */
  gone: { uploadId: string; completing: { sizeBytes: number; treeHash: string | null } | null };
  /** A vault makes its inventory, which takes hours. `isNew`: this run asked for it. `startedAt`: ISO-8601 UTC. */
  'inventory-pending': { jobId: string; startedAt: string; isNew: boolean } | { jobId: null };
  /** The service no longer has archives that the catalogue has. */
  'archives-missing': { count: number };
  /** The service has archives with another size or checksum than the catalogue. */
  'archives-different': { count: number };
  /** Lines of a file that was to be imported are not archives. `line`: the first of them, counted from 1. */
  'lines-refused': {
    path: string;
    count: number;
    line: number;
    /** `torn`: the end of the line is missing. `name`: the name of the file is not one below a folder. */
    why: 'damaged' | 'newer' | 'torn' | 'name';
  };
  /** The manifest of a fleet, or the folder of its receipts. `missing`: there is no manifest. */
  manifest: {
    path: string;
    why:
      | 'missing'
      | 'unreadable'
      | 'damaged'
      | 'newer'
      | 'not-writable'
      | 'receipts-unreadable'
      | 'receipts-not-writable';
    detail: string | null;
  };
  /** The service lacks parts of a fleet's upload (`missing`), or calve lacks receipts for parts that it holds. */
  'fleet-incomplete': {
    fleet: FleetWords;
    /** The shares that lack parts or receipts, in order. */
    shards: readonly number[];
    partCount: number;
    missing: number;
    unreceipted: number;
  };
  /**
   * A machine of a fleet has read, or sent, bytes of another file. `file`: size or modification time differ. `held`: the
   * service holds a part with another checksum than the file's. `receipts`: two machines have sent different bytes.
   * `unproven`: a machine ignored the modification time. `whole`: the tree hash is not that of the manifest. `index` and
   * `shard`: the first such part.
   */
  'fleet-differs': {
    fleet: FleetWords;
    path: string;
    why: 'size' | 'file' | 'earlier' | 'held' | 'receipts' | 'unproven' | 'whole';
    index: number | null;
    shard: number | null;
    detail: string | null;
  };
  /** Standard output, or the file at `path`, is closed or full. `archiveId`: the id that could not be printed. */
  output: { detail: string; archiveId: string | null; path?: string };
  bug: { detail: string };
}

export type FailureKind = keyof FailureFacts;

/** The service's own words about a failure, for reports to its operator. They may not be printable. */
export interface ServiceResponse {
  readonly httpStatus: number | null;
  readonly code: string | null;
  readonly message: string | null;
  readonly requestId: string | null;
  readonly hostId: string | null;
  readonly resource: string | null;
  /** The reason phrase of the status line (`Not Found`), or null. */
  readonly reason?: string | null;
  /** The header `x-reserved-indicator` of Huawei OBS, which its support asks for. */
  readonly indicator?: string | null;
  /** The region that the store names as that of the bucket. */
  readonly bucketRegion?: string | null;
  /** The headers of the response, without those that may hold a secret. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** The facts that a command line of a fleet needs. */
export interface FleetWords {
  /** The manifest's path. */
  readonly manifest: string;
  /** The folders of --receipts. */
  readonly receipts: readonly string[];
  /** The endpoint, where it must be confirmed; null: it need not be. */
  readonly endpoint: string | null;
  /** The share of a run that sends. */
  readonly shard?: number;
}

/** The file, target and upload of a failure. Each caller on the way up adds the facts that it has. */
export interface FailureContext {
  file?: string;
  target?: string;
  uploadId?: string;
  /** The user's options that set properties of the object, if one of them may be why the service refused. */
  options?: readonly string[];
  /** True if running the command again continues from here. */
  resumable?: boolean;
  /** The parts of the upload that the service holds when this run ends. A total is null for a stream of unknown length. */
  held?: { parts: number; partCount: number | null; bytes: number; totalBytes: number | null };
  /** The address of an upload that may be left on the service and that no later run can continue. */
  orphan?: UploadAddress;
  /** The address of an upload that continues if a later run gets the bytes of its stream again. */
  resend?: UploadAddress;
  /** Set for the upload of a fleet, which only the commands of the fleet continue. */
  fleet?: FleetWords;
}

/**
 * The way in which the same request can be tried again. `unavailable`: later. `throttled`: later, and more slowly.
 * `pending`: later, some times, because the service may still be working on an earlier request. `resign`: at once, with a
 * new signature. `renew`: later, with credentials that were looked up again. `corrupt`: once or
 * twice more, because the bytes were damaged in transit.
 */
export type RetryClass = 'unavailable' | 'throttled' | 'pending' | 'resign' | 'renew' | 'corrupt';

export interface FailureExtras {
  readonly cause?: unknown;
  readonly service?: ServiceResponse;
  readonly retryClass?: RetryClass;
}

/** The only error that calve throws on purpose. Any other error that reaches the command is a bug. */
export class TransferError<K extends FailureKind = FailureKind> extends Error {
  override readonly name = 'TransferError';
  readonly kind: K;
  readonly facts: FailureFacts[K];
  readonly service: ServiceResponse | null;
  readonly retryClass: RetryClass | null;
  context: FailureContext = {};
  /** The delay that the service asked for before the next request; null: none. */
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

  /** Returns the same failure as one that a retry does not change. */
  asFinal(): TransferError<K> {
    const { kind, facts, service, cause } = this;
    return new TransferError(kind, facts, { cause, ...(service !== null && { service }) });
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

/** Returns true if the credentials are accepted, but do not permit this operation. */
export function isDenied(error: unknown): boolean {
  return isFailure(error, 'refused') && error.facts.why === 'denied';
}

/** Adds what the caller knows of file, target and upload to a failure. Facts that are there already stay. */
export function withContext(error: unknown, context: FailureContext): unknown {
  if (error instanceof TransferError) error.context = { ...context, ...error.context };
  return error;
}
