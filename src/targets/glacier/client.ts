/** Loads the Glacier client of the AWS SDK. */
import type { GlacierClient, GlacierClientConfig } from '@aws-sdk/client-glacier';
import type { Caller } from '../aws/caller.js';
import { type ClientLoader, type ClientLoaderOptions, sdkClientLoader } from '../aws/client-loader.js';
import type { Operation } from './failures.js';

export type Sdk = typeof import('@aws-sdk/client-glacier');
export type ClientOptions = ClientLoaderOptions<NonNullable<GlacierClientConfig['credentials']>>;
export type VaultCaller = Caller<GlacierClient, Sdk, Operation>;

export function glacierClientLoader(options: ClientOptions): ClientLoader<GlacierClient, Sdk> {
  return sdkClientLoader(options, async (config) => {
    const sdk = await import('@aws-sdk/client-glacier');
    const client = new sdk.GlacierClient({
      ...config,
      // Each path starts with a slash, so one at the end of the endpoint would be doubled.
      ...(options.endpoint !== null && { endpoint: options.endpoint.replace(/\/+$/, '') }),
      // Both hashes of a part are already known (see send-part.ts); the SDK would hash each body twice more.
      bodyChecksumGenerator: async () => [] as unknown as [string, string],
    });
    return { sdk, client };
  });
}
