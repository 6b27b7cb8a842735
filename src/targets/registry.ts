/** The only list of targets: scheme → how it is opened, and what is known of it without asking. */
import type { PartLimits } from '../core/part-plan.js';
import type { Scheme } from '../core/target-url.js';
import { resolveAwsPlace } from './aws-config.js';
import { GLACIER_IDLE_EXPIRY_MS, GLACIER_LIMITS, GLACIER_PAGE_ENTRIES_MAX } from './glacier/limits.js';
import type { OpenTarget, TargetSettings } from './settings.js';

interface TargetKind {
  readonly limits: PartLimits;
  readonly pageEntriesMax: number;
  /** How long the service keeps an idle upload; null: until aborted. */
  readonly idleExpiryMs: number | null;
  /** Region and endpoint, without a request. @throws TransferError `usage` */
  readonly check: (settings: TargetSettings) => Promise<void>;
  /** Loads the client too, which only commands that speak to a service should pay for. */
  readonly open: OpenTarget;
}

export const TARGETS = {
  glacier: {
    limits: GLACIER_LIMITS,
    pageEntriesMax: GLACIER_PAGE_ENTRIES_MAX,
    idleExpiryMs: GLACIER_IDLE_EXPIRY_MS,
    check: async (settings) => void (await resolveAwsPlace(settings, 'glacier')),
    open: async (settings) => (await import('./glacier/open.js')).openGlacier(settings),
  },
  local: {
    limits: GLACIER_LIMITS,
    pageEntriesMax: GLACIER_PAGE_ENTRIES_MAX,
    idleExpiryMs: null,
    check: async () => undefined,
    open: async (settings) => (await import('./local/open.js')).openLocal(settings),
  },
} as const satisfies Record<Scheme, TargetKind>;
