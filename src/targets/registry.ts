/** Lists the targets: the capabilities of each scheme, and the function that opens it. */
import type { Scheme } from '../core/target-url.js';
import type { TargetCapabilities } from '../transfer/ports/target.js';
import { resolveAwsEndpoint } from './aws/config.js';
import { GLACIER_CAPABILITIES } from './glacier/capabilities.js';
import { LOCAL_CAPABILITIES, LOCAL_ENDPOINT } from './local/capabilities.js';
import { checkObsClass, OBS_DIALECT } from './obs/dialect.js';
import { resolveObsEndpoint } from './obs/endpoint.js';
import { S3_CAPABILITIES } from './s3/capabilities.js';
import { S3_DIALECT } from './s3/dialect.js';
import { checkS3Class } from './s3/storage-class.js';
import type { OpenTarget, ServiceEndpoint, TargetSettings } from './settings.js';

/** The rules that only objects have. */
interface ObjectKind {
  /** Returns the standard spelling of a storage class. @throws TransferError `usage` */
  readonly checkStorageClass: (given: string) => string;
  /** Null: the bucket's own. */
  readonly defaultStorageClass: string | null;
}

interface TargetKind {
  readonly capabilities: TargetCapabilities;
  /** Null for vaults. */
  readonly object: ObjectKind | null;
  /** Finds region and endpoint by flags, environment and profile, without a request. @throws TransferError `usage` */
  readonly resolve: (settings: TargetSettings) => Promise<ServiceEndpoint>;
  /** Loads the client too, which only commands that send requests should pay for. */
  readonly open: OpenTarget;
}

export const TARGETS: { readonly [S in Scheme]: TargetKind } = {
  glacier: {
    capabilities: GLACIER_CAPABILITIES,
    object: null,
    resolve: (settings) => resolveAwsEndpoint(settings, 'glacier'),
    open: async (...args) => (await import('./glacier/open.js')).openGlacier(...args),
  },
  local: {
    capabilities: LOCAL_CAPABILITIES,
    object: null,
    resolve: async () => LOCAL_ENDPOINT,
    open: async (settings) => (await import('./local/open.js')).openLocal(settings),
  },
  s3: {
    capabilities: S3_CAPABILITIES,
    object: { checkStorageClass: checkS3Class, ...S3_DIALECT },
    resolve: (settings) => resolveAwsEndpoint(settings, 's3'),
    open: async (...args) => (await import('./s3/open.js')).openS3(...args),
  },
  obs: {
    capabilities: S3_CAPABILITIES,
    object: { checkStorageClass: checkObsClass, ...OBS_DIALECT },
    resolve: async (settings) => resolveObsEndpoint(settings),
    open: async (...args) => (await import('./obs/open.js')).openObs(...args),
  },
};
