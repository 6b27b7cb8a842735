/**
 * The vault emulator for the tests of other programs: one call starts it, one ends it. docs/emulator.md describes it.
 */
import type { AccessKey, Duration, Size } from './options.js';

/** The options of `calve emulator`, in camelCase. An option that is undefined or null is absent. */
export interface EmulatorOptions {
  /** Vaults to create. */
  readonly vaults?: readonly string[] | null | undefined;
  /** Each is `KIND[@OPERATION][:WHEN]`, for example `throttle@upload-part:3`. */
  readonly faults?: readonly string[] | null | undefined;
  /** Default: 0, any free port. The host is always 127.0.0.1. */
  readonly port?: number | null | undefined;
  /** Folder that keeps the vaults. Default: a temporary one, which `close` removes. */
  readonly dataDir?: string | null | undefined;
  /** The key that is accepted. Default: a public one. */
  readonly credentials?: Pick<AccessKey, 'accessKeyId' | 'secretAccessKey'> | null | undefined;
  /** `lenient` accepts every signature. Default: `verify`. */
  readonly signature?: 'verify' | 'lenient' | null | undefined;
  /** Time after which an idle upload expires. Default: 24 h. */
  readonly uploadTtl?: Duration | null | undefined;
  /** Time for which a signature is valid. Default: 5 min. */
  readonly signatureWindow?: Duration | null | undefined;
  /** Delay before every answer. Default: none. */
  readonly latency?: Duration | null | undefined;
  /** Bytes a second that all connections together may send. Default: no limit. */
  readonly bandwidth?: Size | null | undefined;
}

/** A server that runs in this process. It keeps the process alive until it is closed. */
export interface Emulator {
  /** `http://127.0.0.1:PORT` */
  readonly url: string;
  readonly port: number;
  /** A region, for clients that need one. The emulator accepts any. */
  readonly region: string;
  readonly accountId: string;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
  /** Ends all connections, and removes the temporary folder. Idempotent. */
  close(): Promise<void>;
  /** `close`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Starts a vault emulator on loopback. It listens when this resolves.
 * @throws CalveError `usage` for an illegal option or a port that cannot be used; `state` for a folder that cannot be used
 */
export async function startEmulator(options: EmulatorOptions = {}): Promise<Emulator> {
  const { openEmulator } = await import('./open-emulator.js');
  return openEmulator(options);
}
