/** The settings for opening a target, which are the same for every service. */

import type { TargetConnection } from '../core/identity.js';
import type { TargetUrl } from '../core/target-url.js';
import type { Target } from '../transfer/ports/target.js';

export interface TargetSettings {
  readonly url: TargetUrl;
  /** The value from the command line or CALVE_…; null: read the environment and the profile. */
  readonly region: string | null;
  readonly endpoint: string | null;
  readonly profile: string | null;
  /** Those that a program gave; absent: the places of the AWS tools, or the variables of OBS. */
  readonly credentials?: GivenCredentials;
  /** True when a flag named the profile, for this target. A variable may have been set for other targets. */
  readonly isProfileNamed: boolean;
  /** 12 digits, or `-`: the account of the credentials. */
  readonly accountId: string;
  readonly allowHttp: boolean;
  /** False if the user wants no verification of certificates. */
  readonly verifyTls: boolean;
  /** Data folder of `local://`. */
  readonly localDir: string;
  readonly connectTimeoutMs: number;
  readonly readTimeoutMs: number;
  readonly concurrency: number;
  /** The number of processors that calve may use. */
  readonly threads: number;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly object: ObjectSettings;
}

/** An access key, with the token of a session if it has one. */
export interface AccessKey {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
  readonly expiration?: Date;
}

/** A key, or a function that looks one up, which is called again before the key expires. */
export type GivenCredentials = AccessKey | (() => Promise<AccessKey>);

/** Settings for objects only. */
export interface ObjectSettings {
  readonly pathStyle: boolean;
  /** Each is `NAME=VALUE`. The values may be secret. */
  readonly requestHeaders: readonly string[];
  readonly sse: string | null;
  readonly sseKmsKeyId: string | null;
  readonly tagging: string | null;
}

/** The region and the endpoint of a service, after flags, environment and profile were read. */
export interface ServiceEndpoint {
  readonly region: string;
  /** Null: the service's own. */
  readonly endpoint: string | null;
}

export interface OpenedTarget {
  readonly target: Target;
  readonly connection: TargetConnection;
}

/** Opens a target without a request. @throws TransferError `usage`, `refused`, `state` */
export type OpenTarget = (settings: TargetSettings, endpoint: ServiceEndpoint) => Promise<OpenedTarget>;
