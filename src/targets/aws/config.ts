/**
 * Resolves region and endpoint in the order of the AWS tools: flag, environment, profile. The client receives the result,
 * so that the journal can record it and the endpoint is checked before credentials are sent to it.
 * Source: AWS SDKs and tools reference guide, "Service-specific endpoints" and "AWS Region".
 */
import { checkEndpoint, checkRegion } from '../../core/endpoint.js';
import { TransferError } from '../../core/failures.js';
import type { ServiceEndpoint, TargetSettings } from '../settings.js';

type Profile = Readonly<Record<string, string | undefined>>;

interface ConfigFiles {
  readonly profile: Profile;
  readonly services: Profile;
}

/**
 * Returns the region and the configured endpoint, without a request.
 * @param service the service's name in variables and config keys: `glacier`, `s3`
 * @throws TransferError `usage`: no region anywhere, a malformed region or endpoint
 */
export async function resolveAwsEndpoint(
  settings: TargetSettings,
  service: string,
): Promise<ServiceEndpoint> {
  const { env } = settings;
  let files: ConfigFiles | null = null;
  const fromFiles = async (): Promise<ConfigFiles> => {
    files ??= await readConfigFiles(settings);
    return files;
  };
  const region =
    settings.region ??
    // An empty variable counts as unset, as in the AWS tools.
    (env['AWS_REGION'] || env['AWS_DEFAULT_REGION'] || (await fromFiles()).profile['region']);
  if (region === undefined || region === '') {
    throw new TransferError('usage', {
      what: settings.url.url,
      why: 'no region is named',
      hint: 'set --region, AWS_REGION, or a region in your AWS profile',
    });
  }
  const endpoint = settings.endpoint ?? (await configuredEndpoint(env, service, fromFiles));
  return {
    region: checkRegion(region),
    endpoint: endpoint === null ? null : checkEndpoint(endpoint, settings.allowHttp),
  };
}

async function configuredEndpoint(
  env: TargetSettings['env'],
  service: string,
  fromFiles: () => Promise<ConfigFiles>,
): Promise<string | null> {
  if (env['AWS_IGNORE_CONFIGURED_ENDPOINT_URLS']?.toLowerCase() === 'true') return null;
  const fromEnv = env[`AWS_ENDPOINT_URL_${service.toUpperCase()}`] || env['AWS_ENDPOINT_URL'];
  if (fromEnv) return fromEnv;
  const { profile, services } = await fromFiles();
  return services[`${service}.endpoint_url`] || profile['endpoint_url'] || null;
}

async function readConfigFiles(settings: TargetSettings): Promise<ConfigFiles> {
  const { loadSharedConfigFiles } = await import('@smithy/core/config');
  const { configFile, credentialsFile } = await loadSharedConfigFiles();
  const name = settings.profile ?? (settings.env['AWS_PROFILE'] || 'default');
  const profile: Profile = { ...credentialsFile[name], ...configFile[name] };
  const section = profile['services'];
  return { profile, services: (section && configFile[`services.${section}`]) || {} };
}
