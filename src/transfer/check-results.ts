/** The results of `check`, as facts. The words are in ui/wording/checks. */
import type { TransferError } from '../core/failures.js';

/** In the order in which they run. `container`: the vault or the bucket. */
export const CHECKS = [
  ...(['credentials', 'container', 'clock', 'list-uploads', 'list-parts', 'write'] as const),
  ...(['state', 'catalogue', 'spool'] as const),
] as const;
export type CheckName = (typeof CHECKS)[number];

/** `skipped`: it was not asked for, or an earlier check failed that it builds on. */
type CheckStatus = 'ok' | 'warning' | 'failed' | 'skipped';

/** The reason of a result, without words. */
export type CheckWhy =
  | 'found'
  | 'created-later'
  | 'account-unknown'
  | 'clock-right'
  | 'clock-differs'
  | 'clock-unknown'
  | 'allowed'
  | 'denied'
  | 'unclear'
  | 'created-and-aborted'
  | 'not-asked'
  | 'needs-earlier'
  | 'writable'
  | 'enough-space'
  | 'little-space'
  | 'failure';

/** The facts of all checks; null where a check has none. */
export interface CheckFacts {
  readonly accessKeyId: string | null;
  readonly account: string | null;
  readonly arn: string | null;
  /** ISO-8601 UTC. */
  readonly expiresAt: string | null;
  /** The service's clock minus the clock of this machine. */
  readonly clockOffsetMs: number | null;
  readonly path: string | null;
  readonly freeBytes: number | null;
  /** The largest part of a stream for which there is room. */
  readonly partSizeBytes: number | null;
}

export interface CheckResult extends CheckFacts {
  readonly check: CheckName;
  readonly status: CheckStatus;
  readonly why: CheckWhy;
  /** Set where the status is `failed`. */
  readonly failure: TransferError | null;
}

export const NO_FACTS: CheckFacts = {
  accessKeyId: null,
  account: null,
  arn: null,
  expiresAt: null,
  clockOffsetMs: null,
  path: null,
  freeBytes: null,
  partSizeBytes: null,
};
