/**
 * The options of the library: those of the commands, in camelCase, with the same rules and defaults. An option that is
 * undefined or null is absent.
 */
import type { TransferEvent } from '../transfer/events.js';

/** Bytes as a number, or a text as on the command line: `64M`, `5GiB`. Units are binary. */
export type Size = number | string;
/** Milliseconds as a number, or a text as on the command line: `10s`, `12h`. */
export type Duration = number | string;

/** A key of the service. A token that is undefined, null or empty is absent. */
export interface AccessKey {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string | null | undefined;
  readonly expiration?: Date | null | undefined;
}

/** A key, or a function that looks one up, which is called again before the key expires. */
export type GivenCredentials = AccessKey | (() => AccessKey | Promise<AccessKey>);

// The next three need neither the types of Node nor those of a browser.

/** A `URL`. */
export interface FileUrl {
  readonly href: string;
  readonly protocol: string;
}

/** A `ReadableStream` of the web, for example the body of a `Response`. */
export interface WebStream {
  readonly locked: boolean;
  getReader(): {
    read(): Promise<{ readonly done: boolean; readonly value?: Uint8Array | string | undefined }>;
    cancel(): Promise<unknown>;
  };
}

/** An `AbortSignal`. */
export interface StopSignal {
  readonly aborted: boolean;
  readonly reason: unknown;
  addEventListener(type: 'abort', listener: () => void, options?: { readonly once?: boolean }): void;
  removeEventListener(type: 'abort', listener: () => void): void;
}

/** A file (a path, or a `file:` URL), or bytes that come once. Text chunks are sent as UTF-8. */
export type Source = string | FileUrl | Uint8Array | AsyncIterable<Uint8Array | string> | WebStream;

export interface CallOptions {
  /** Stops the call, which rejects with a CalveError of kind `stopped`. What was sent is kept, so that it can continue. */
  readonly signal?: StopSignal | null | undefined;
  /**
   * Hears what happens. An error that it throws stops the call, which rejects with that error; so does a promise that it
   * returns and that rejects. A call waits for such promises before it resolves.
   */
  readonly onEvent?: ((event: TransferEvent) => unknown) | null | undefined;
}

/** The folders of this machine. The default is that of the command line, so that both share their state. */
export interface FolderOptions {
  /** Folder of the unfinished uploads. */
  readonly stateDir?: string | null | undefined;
  /** Folder of the catalogue: the ids of all archives. */
  readonly catalogue?: string | null | undefined;
  /** Accept folders that your own groups may write to. */
  readonly trustGroup?: boolean | null | undefined;
}

export interface ServiceOptions {
  /** Default: AWS_REGION, or the profile. */
  readonly region?: string | null | undefined;
  /** AWS profile. Default: AWS_PROFILE. */
  readonly profile?: string | null | undefined;
  /** A key, or a function that looks one up. Default: where the AWS tools look, or the variables of OBS. */
  readonly credentials?: GivenCredentials | null | undefined;
  /** Another server that speaks the same protocol. */
  readonly endpointUrl?: string | null | undefined;
  /** Owner of the vault: 12 digits, or `-` for your own account. */
  readonly accountId?: string | null | undefined;
  /** Put the bucket into the path, not the host. */
  readonly pathStyle?: boolean | null | undefined;
  /** `NAME=VALUE`, sent with requests to S3 and OBS. */
  readonly requestHeader?: string | readonly string[] | null | undefined;
  /** Allow plain http to another machine. */
  readonly allowHttp?: boolean | null | undefined;
  /** Accept any certificate: others may read and change what is sent. */
  readonly noVerifyTls?: boolean | null | undefined;
  /** Data folder of `local://` vaults. */
  readonly localDir?: string | null | undefined;
  /** Most attempts of one request. Default: 10. */
  readonly maxAttempts?: number | null | undefined;
  /** First back-off, doubled each time up to 60 s. Default: 1 s. */
  readonly retryDelay?: Duration | null | undefined;
  /** Time that a call waits when the connection is lost. Default: 1 h. */
  readonly giveUpAfter?: Duration | null | undefined;
  /** Time limit for a connection. Default: 10 s. */
  readonly connectTimeout?: Duration | null | undefined;
  /** Time limit while no byte moves. Default: 60 s. */
  readonly readTimeout?: Duration | null | undefined;
}

/** Every function takes these, so that a program can give the same ones to all. */
export interface PlaceOptions extends CallOptions, FolderOptions, ServiceOptions {}

export interface LockOptions {
  /** Time to wait for the lock of another calve. Default: reject with `busy` at once. */
  readonly lockWait?: Duration | null | undefined;
}

export interface TransferOptions extends LockOptions {
  /** Number of parts sent at the same time, 1 to 64. Default: 4. */
  readonly concurrency?: number | null | undefined;
  /** Processors to use for hashing and sending. Default: all. */
  readonly threads?: number | null | undefined;
  /** Most bytes a second over all parts. */
  readonly limitRate?: Size | null | undefined;
}

/** Options for objects only. */
export interface ObjectOptions {
  readonly storageClass?: string | null | undefined;
  readonly sse?: 'AES256' | 'aws:kms' | 'aws:kms:dsse' | 'kms' | null | undefined;
  readonly sseKmsKeyId?: string | null | undefined;
  /** URL-encoded tags, for example `kind=backup&host=nas`. */
  readonly tagging?: string | null | undefined;
  /** Keep an object that exists already: the call rejects with `exists`. */
  readonly noOverwrite?: boolean | null | undefined;
  /** Make an object of a stream that has no bytes. */
  readonly allowEmpty?: boolean | null | undefined;
}

interface PartSizeOption {
  /** A power of two from 1 MiB (objects: 8 MiB) to 4 GiB, or `auto`. Default: `auto`. */
  readonly partSize?: Size | null | undefined;
}

interface NameOption {
  /** Name of a stream, as a file has one. */
  readonly name?: string | null | undefined;
}

export interface UploadOptions
  extends PlaceOptions,
    TransferOptions,
    ObjectOptions,
    PartSizeOption,
    NameOption {
  /** Most parts of an upload, for stores that take fewer than 10,000. */
  readonly maxParts?: number | null | undefined;
  /** Smallest size of a stream: sets the part size, and a shorter stream is a failure. */
  readonly expectedSize?: Size | null | undefined;
  /** Description of an archive in a vault. Default: the name of the file. */
  readonly description?: string | null | undefined;
  /** Create a new upload, even if one is unfinished or the file is archived. */
  readonly fresh?: boolean | null | undefined;
}

export interface ResumeOptions extends PlaceOptions, TransferOptions, PartSizeOption, NameOption {
  /** The upload on the service that the bytes belong to. */
  readonly uploadId?: string | null | undefined;
}

/** Exactly one of `uploadId`, `olderThan` and `all`. */
export interface AbortOptions extends PlaceOptions, LockOptions {
  readonly uploadId?: string | readonly string[] | null | undefined;
  /** Abort uploads without activity for this time. */
  readonly olderThan?: Duration | null | undefined;
  /** Abort all uploads to the target. */
  readonly all?: boolean | null | undefined;
  /** Delete the local record of an upload that is gone, although its archive may exist. */
  readonly dropRecord?: boolean | null | undefined;
}

export interface ListPartsOptions extends PlaceOptions {
  readonly uploadId: string;
}

export interface VerifyOptions extends PlaceOptions {
  /** Compare with this archive. Default: the newest of the file. */
  readonly archiveId?: string | null | undefined;
}

export interface AuditOptions extends PlaceOptions {
  /** Add archives that only the service knows to the catalogue. */
  readonly import?: boolean | null | undefined;
}
