/** The only list of targets: scheme → how it is opened, and what is known of it without asking. */
import type { PartLimits } from '../core/part-plan.js';
import type { Scheme } from '../core/target-url.js';
import { resolveAwsEndpoint } from './aws/config.js';
import { GLACIER_IDLE_EXPIRY_MS, GLACIER_LIMITS, GLACIER_PAGE_ENTRIES_MAX } from './glacier/limits.js';
import { checkObsClass, OBS_DIALECT } from './obs/dialect.js';
import { resolveObsEndpoint } from './obs/endpoint.js';
import { S3_DIALECT } from './s3/dialect.js';
import { S3_LIMITS, S3_PAGE_ENTRIES_MAX } from './s3/limits.js';
import { parseRequestHeaders } from './s3/request-headers.js';
import { checkS3Class } from './s3/storage-class.js';
import type { OpenTarget, TargetSettings } from './settings.js';

/** What is particular to objects. */
interface ObjectKind {
  /** One spelling of a storage class. @throws TransferError `usage` */
  readonly checkStorageClass: (given: string) => string;
  /** Null: as the bucket says. */
  readonly defaultStorageClass: string | null;
  /** Whether parts are sent with their MD5. */
  readonly sendsMd5: boolean;
}

interface TargetKind {
  readonly limits: PartLimits;
  readonly pageEntriesMax: number;
  /** How long the service keeps an idle upload; null: until aborted. */
  readonly idleExpiryMs: number | null;
  /** Null for vaults. */
  readonly object: ObjectKind | null;
  /** The endpoint that is configured (null: the service's own), without a request. @throws TransferError `usage` */
  readonly check: (settings: TargetSettings) => Promise<{ readonly endpoint: string | null }>;
  /** Loads the client too, which only commands that speak to a service should pay for. */
  readonly open: OpenTarget;
}

export const TARGETS: { readonly [S in Scheme]: TargetKind } = {
  glacier: {
    limits: GLACIER_LIMITS,
    pageEntriesMax: GLACIER_PAGE_ENTRIES_MAX,
    idleExpiryMs: GLACIER_IDLE_EXPIRY_MS,
    object: null,
    check: (settings) => resolveAwsEndpoint(settings, 'glacier'),
    open: async (settings) => (await import('./glacier/open.js')).openGlacier(settings),
  },
  local: {
    limits: GLACIER_LIMITS,
    pageEntriesMax: GLACIER_PAGE_ENTRIES_MAX,
    idleExpiryMs: null,
    object: null,
    check: async () => ({ endpoint: null }),
    open: async (settings) => (await import('./local/open.js')).openLocal(settings),
  },
  s3: {
    limits: S3_LIMITS,
    pageEntriesMax: S3_PAGE_ENTRIES_MAX,
    idleExpiryMs: null,
    object: { checkStorageClass: checkS3Class, ...S3_DIALECT },
    check: async (settings) => {
      parseRequestHeaders(settings.object.requestHeaders);
      return resolveAwsEndpoint(settings, 's3');
    },
    open: async (settings) => (await import('./s3/open.js')).openS3(settings),
  },
  obs: {
    limits: S3_LIMITS,
    pageEntriesMax: S3_PAGE_ENTRIES_MAX,
    idleExpiryMs: null,
    object: { checkStorageClass: checkObsClass, ...OBS_DIALECT },
    check: async (settings) => {
      parseRequestHeaders(settings.object.requestHeaders);
      return resolveObsEndpoint(settings);
    },
    open: async (settings) => (await import('./obs/open.js')).openObs(settings),
  },
};
