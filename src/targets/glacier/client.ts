/** The AWS SDK's Glacier client: made when it is first used, because loading it costs more than a whole `status`. */
import type { GlacierClient, GlacierClientConfig } from '@aws-sdk/client-glacier';
import type { Caller, Connector } from '../aws/caller.js';
import { type ConnectorOptions, sdkConnector } from '../aws/connector.js';
import type { Operation } from './failures.js';

export type Sdk = typeof import('@aws-sdk/client-glacier');
export type ClientOptions = ConnectorOptions<NonNullable<GlacierClientConfig['credentials']>>;
export type VaultCaller = Caller<GlacierClient, Sdk, Operation>;

export function glacierConnector(options: ClientOptions): Connector<GlacierClient, Sdk> {
  return sdkConnector(options, async (config) => {
    const sdk = await import('@aws-sdk/client-glacier');
    const client = new sdk.GlacierClient({
      ...config,
      // A slash at the end would double the one that each path begins with.
      ...(options.endpoint !== null && { endpoint: options.endpoint.replace(/\/+$/, '') }),
      // Both hashes of a part are known already (see send-part); the SDK would hash each body twice more.
      bodyChecksumGenerator: async () => [] as unknown as [string, string],
    });
    return { sdk, client };
  });
}
