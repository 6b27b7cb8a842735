/** What every target is opened with. */
import type { TargetUrl } from '../core/target-url.js';
import type { Target, TargetRecipe } from '../transfer/ports.js';

export interface TargetSettings {
  readonly url: TargetUrl;
  /** As given on the command line or in CALVE_…; null: ask the environment and the profile. */
  readonly region: string | null;
  readonly endpoint: string | null;
  readonly profile: string | null;
  /** 12 digits, or `-`: the account of the credentials. */
  readonly accountId: string;
  readonly allowHttp: boolean;
  /** Data folder of `local://`. */
  readonly localDir: string;
  readonly connectTimeoutMs: number;
  readonly readTimeoutMs: number;
  readonly concurrency: number;
  readonly env: Readonly<Record<string, string | undefined>>;
}

export interface OpenedTarget {
  readonly target: Target;
  readonly recipe: TargetRecipe;
}

/** @throws TransferError `usage` (no region, bad endpoint), `refused`, `state` */
export type OpenTarget = (settings: TargetSettings) => Promise<OpenedTarget>;
