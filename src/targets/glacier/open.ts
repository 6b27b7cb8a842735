/** `glacier://VAULT`: a vault of the credentials' account. */
import { resolveAwsEndpoint } from '../aws/config.js';
import { lineOptions } from '../aws/connector.js';
import type { OpenedTarget, TargetSettings } from '../settings.js';
import { GLACIER_IDLE_EXPIRY_MS } from './limits.js';
import { glacierTarget } from './target.js';

export async function openGlacier(settings: TargetSettings): Promise<OpenedTarget> {
  const { url, profile, accountId } = settings;
  const { region, endpoint } = await resolveAwsEndpoint(settings, 'glacier');
  const target = glacierTarget({
    vault: url.container,
    url: url.url,
    region,
    endpoint,
    endpointForState: endpoint,
    accountId,
    credentials: null,
    profile,
    idleExpiryMs: GLACIER_IDLE_EXPIRY_MS,
    mayCreateVault: false,
    ...lineOptions(settings),
  });
  return { target, recipe: { url: url.url, region, endpoint, accountId, profile, localDir: null } };
}
