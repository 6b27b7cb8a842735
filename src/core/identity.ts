/** The values that say which upload is which: where the bytes come from, and where they go. */

/** The origin of an upload's bytes. A stream comes once; a file can be read again. */
export type SourceIdentity =
  | {
      readonly kind: 'file';
      /** Real path, with links resolved. */
      readonly path: string;
    }
  | { readonly kind: 'stream'; readonly name: string };

/** The word for standard input on a command line, and the name of a stream that nobody named. */
export const STANDARD_INPUT_WORD = '-';

export const UNNAMED_STREAM: SourceIdentity = { kind: 'stream', name: STANDARD_INPUT_WORD };

/** @param name the name that the user gave; null: none */
export function streamIdentity(name: string | null): SourceIdentity {
  return name === null ? UNNAMED_STREAM : { kind: 'stream', name };
}

/** Returns true for the name that sourceName gives to a stream that nobody named. */
export function isStandardInput(name: string): boolean {
  return name === STANDARD_INPUT_WORD;
}

/** Returns true for the name that sourceName gives to any stream: the path of a file is absolute. */
export function isStream(name: string): boolean {
  return !name.startsWith('/');
}

/** Returns the path or the name, for people and for JSON. */
export function sourceName(source: SourceIdentity): string {
  return source.kind === 'file' ? source.path : source.name;
}

/** The place of an archive: one vault, or one object of a bucket, of one account, region and endpoint. */
export interface TargetIdentity {
  /** One spelling: `glacier://photos`, `s3://bucket/key`. */
  readonly url: string;
  readonly region: string | null;
  /** The endpoint that the user named (for `local://` the data folder); null: the service's own. */
  readonly endpoint: string | null;
  /** Account number as the service gave it; null where it does not say (buckets, or no right to describe the vault). */
  readonly account: string | null;
}

/** Two uploads with the same identity are the same upload: this source to this target. */
export interface UploadIdentity {
  readonly source: SourceIdentity;
  readonly target: TargetIdentity;
}

/** The facts that a later run needs, besides the identity, to reach the service again. Never credentials. */
export interface TargetConnection {
  /** `-` is the account of the credentials. */
  readonly accountId: string;
  readonly profile: string | null;
  /** True when the bucket's name goes into the path instead of the host. Always false for vaults. */
  readonly pathStyle: boolean;
}

/** Everything that names an upload on its service again, for example in a command line. */
export interface UploadAddress {
  readonly uploadId: string;
  readonly target: TargetIdentity;
  readonly connection: TargetConnection;
}

/** Returns true when both name the same vault or object of the same account, region and endpoint. */
export function isSameTarget(a: TargetIdentity, b: TargetIdentity): boolean {
  return a.url === b.url && a.region === b.region && a.endpoint === b.endpoint && a.account === b.account;
}
