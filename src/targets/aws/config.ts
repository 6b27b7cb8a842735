/**
 * Resolves region and endpoint in the order of the AWS tools: flag, environment, profile. The client receives the result,
 * so that the journal can record it and the endpoint is checked before credentials are sent to it.
 * Source: AWS SDKs and tools reference guide, "Service-specific endpoints" and "AWS Region".
 */
import { checkEndpoint, checkRegion } from '../../core/endpoint.js';
import { TransferError } from '../../core/failures.js';
import type { ServiceEndpoint, TargetSettings } from '../settings.js';
import { CredentialsError } from './credentials-error.js';
import { refusedFailure } from './failures.js';
import { type Profile, readProfile } from './profiles.js';

/**
 * Returns the region and the configured endpoint, without a request.
 * @param service the service's name in variables and config keys: `glacier`, `s3`
 * @throws TransferError `usage`: no region anywhere, a malformed region or endpoint; `refused`: no such profile
 */
export async function resolveAwsEndpoint(
  settings: TargetSettings,
  service: string,
): Promise<ServiceEndpoint> {
  const { env } = settings;
  let files: Profile | null = null;
  const fromFiles = async (): Promise<Profile> => {
    files ??= await profileOf(settings);
    return files;
  };
  const named =
    settings.region ??
    // An empty variable counts as unset, as in the AWS tools.
    (env['AWS_REGION'] || env['AWS_DEFAULT_REGION'] || (await fromFiles()).section['region']);
  const configured = settings.endpoint ?? (await configuredEndpoint(env, service, fromFiles));
  const region = named?.trim() || (service === 's3' ? regionOfOtherStore(configured) : null);
  if (region === null) {
    throw new TransferError('usage', {
      what: settings.url.url,
      why: 'no region is named',
      hint: 'set --region, AWS_REGION, or a region in your AWS profile',
    });
  }
  const endpoint = configured === null ? null : checkEndpoint(configured, settings.allowHttp);
  return { region: checkRegion(region, endpoint), endpoint };
}

/**
 * Returns the region for a store that is not Amazon's: most have none, and take the default of the tools. Null for an
 * endpoint of Amazon, whose region must be right.
 */
function regionOfOtherStore(endpoint: string | null): string | null {
  if (endpoint === null || !URL.canParse(endpoint)) return null;
  const isAmazon = /\.(amazonaws\.com(\.cn)?|api\.aws)\.?$/.test(new URL(endpoint).hostname);
  return isAmazon ? null : 'us-east-1';
}

async function configuredEndpoint(
  env: TargetSettings['env'],
  service: string,
  fromFiles: () => Promise<Profile>,
): Promise<string | null> {
  if (env['AWS_IGNORE_CONFIGURED_ENDPOINT_URLS']?.toLowerCase() === 'true') return null;
  const fromEnv = env[`AWS_ENDPOINT_URL_${service.toUpperCase()}`] || env['AWS_ENDPOINT_URL'];
  if (fromEnv) return fromEnv;
  const { section, services } = await fromFiles();
  return services[`${service}.endpoint_url`] || section['endpoint_url'] || null;
}

/** @throws TransferError `refused` if a profile is named that does not exist */
async function profileOf({ profile, env }: TargetSettings): Promise<Profile> {
  try {
    return await readProfile(profile, env);
  } catch (error) {
    if (!(error instanceof CredentialsError)) throw error;
    throw refusedFailure('read the profile', 'no-credentials', error.message);
  }
}
