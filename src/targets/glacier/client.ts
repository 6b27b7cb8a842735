/** The AWS SDK's Glacier client: made when it is first used, because loading it costs more than a whole `status`. */
import process from 'node:process';
import type { GlacierClient, GlacierClientConfig } from '@aws-sdk/client-glacier';
import type { Caller, Connection as ConnectionTo, Connector } from '../aws/caller.js';
import { httpAgents } from '../aws/http-agents.js';
import type { ProxyRules } from '../aws/proxy.js';

import type { Operation } from './failures.js';

export type Sdk = typeof import('@aws-sdk/client-glacier');
type Credentials = NonNullable<GlacierClientConfig['credentials']>;

export interface ClientOptions {
  readonly region: string;
  /** Null: the service's own. */
  readonly endpoint: string | null;
  /** Null: the SDK's default chain, with `profile`. */
  readonly credentials: Credentials | null;
  readonly profile: string | null;
  readonly connectTimeoutMs: number;
  /** How long no byte may move in either direction. */
  readonly readTimeoutMs: number;
  readonly concurrency: number;
  readonly proxies: ProxyRules;
}

export type VaultCaller = Caller<GlacierClient, Sdk, Operation>;
type Connection = ConnectionTo<GlacierClient, Sdk>;

const silence = (): void => undefined;
/** The SDK warns on the console where it has no logger, and stderr belongs to calve. */
const silentLogger = { trace: silence, debug: silence, info: silence, warn: silence, error: silence };

async function loadSdk(): Promise<Sdk> {
  // Otherwise the SDK tells every user of Node 20 on stderr that its versions of 2027 will want Node 22.
  // biome-ignore lint/style/noProcessEnv: the SDK has no other switch for it
  Object.assign(process.env, { AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true' });
  return await import('@aws-sdk/client-glacier');
}

export function glacierConnector(options: ClientOptions): Connector<GlacierClient, Sdk> {
  const agents = httpAgents(options);
  let connection: Promise<Connection> | null = null;

  async function open(): Promise<Connection> {
    const sdk = await loadSdk();
    const client = new sdk.GlacierClient({
      region: options.region,
      // A slash at the end would double the one that each path begins with.
      ...(options.endpoint !== null && { endpoint: options.endpoint.replace(/\/+$/, '') }),
      // Region and endpoint are resolved before (see aws-config): a variable must not lead credentials elsewhere.
      ignoreConfiguredEndpointUrls: true,
      ...(options.credentials !== null && { credentials: options.credentials }),
      ...(options.profile !== null && { profile: options.profile }),
      requestHandler: {
        httpAgent: agents.httpAgent,
        httpsAgent: agents.httpsAgent,
        socketTimeout: options.readTimeoutMs,
      },
      // One retry policy decides, and it is transfer's: the SDK's own budget runs dry within a long upload.
      maxAttempts: 1,
      retryMode: 'standard',
      logger: silentLogger,
      // Both hashes of a part are known already (see send-part); the SDK would hash each body twice more.
      bodyChecksumGenerator: async () => [] as unknown as [string, string],
    });
    return { sdk, client };
  }

  return {
    isEncrypted: options.endpoint === null || options.endpoint.startsWith('https:'),
    connect() {
      connection ??= open();
      return connection;
    },
    forgetCredentials() {
      connection = null;
    },
    close: () => agents.destroy(),
  };
}
