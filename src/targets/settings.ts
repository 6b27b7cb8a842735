/** What every target is opened with. */
import type { TargetUrl } from '../core/target-url.js';
import type { Target, TargetConnection } from '../transfer/ports.js';

export interface TargetSettings {
  readonly url: TargetUrl;
  /** As given on the command line or in CALVE_…; null: ask the environment and the profile. */
  readonly region: string | null;
  readonly endpoint: string | null;
  readonly profile: string | null;
  /** Whether the profile was named by flag, for this target: a variable of its own is set for others, too. */
  readonly isProfileNamed: boolean;
  /** 12 digits, or `-`: the account of the credentials. */
  readonly accountId: string;
  readonly allowHttp: boolean;
  /** Data folder of `local://`. */
  readonly localDir: string;
  readonly connectTimeoutMs: number;
  readonly readTimeoutMs: number;
  readonly concurrency: number;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly object: ObjectSettings;
}

/** What is said of objects; vaults have none of it. */
export interface ObjectSettings {
  readonly pathStyle: boolean;
  /** `NAME=VALUE` each. The values may be secret. */
  readonly requestHeaders: readonly string[];
  readonly sse: string | null;
  readonly sseKmsKeyId: string | null;
  readonly tagging: string | null;
}

export interface OpenedTarget {
  readonly target: Target;
  readonly recipe: TargetConnection;
}

/** @throws TransferError `usage` (no region, bad endpoint), `refused`, `state` */
export type OpenTarget = (settings: TargetSettings) => Promise<OpenedTarget>;
