/** `glacier://VAULT`: a vault of the credentials' account. */
import { lineOptions } from '../aws/client-loader.js';
import type { OpenedTarget, ServiceEndpoint, TargetSettings } from '../settings.js';
import { GLACIER_CAPABILITIES } from './capabilities.js';
import { glacierTarget } from './target.js';

export async function openGlacier(
  settings: TargetSettings,
  { region, endpoint }: ServiceEndpoint,
): Promise<OpenedTarget> {
  const { url, profile, accountId } = settings;
  const target = glacierTarget({
    vault: url.container,
    url: url.url,
    region,
    endpoint,
    endpointForState: endpoint,
    accountId,
    credentials: settings.credentials ?? null,
    profile,
    capabilities: GLACIER_CAPABILITIES,
    mayCreateVault: false,
    ...(await lineOptions(settings, profile)),
  });
  return { target, connection: { accountId, profile, pathStyle: false } };
}
