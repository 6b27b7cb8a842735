/** How any of the SDK's clients is made: once, when it is first used, by the same rules for every service. */
import process from 'node:process';
import type { TargetSettings } from '../settings.js';
import type { Connection, Connector } from './caller.js';
import { type HttpAgents, httpAgents } from './http-agents.js';
import { type ProxyRules, proxyRules } from './proxy.js';

/** What concerns the line to a service. */
export interface LineOptions {
  readonly connectTimeoutMs: number;
  /** How long no byte may move in either direction. */
  readonly readTimeoutMs: number;
  /** Requests at once. */
  readonly concurrency: number;
  readonly proxies: ProxyRules;
}

export interface ConnectorOptions<Credentials> extends LineOptions {
  readonly region: string;
  /** Null: the service's own. */
  readonly endpoint: string | null;
  /** Null: the SDK's default chain, with `profile`. */
  readonly credentials: Credentials | null;
  readonly profile: string | null;
}

/** @throws TransferError `usage` for a proxy that is none */
export function lineOptions(settings: TargetSettings): LineOptions {
  const { connectTimeoutMs, readTimeoutMs, concurrency, env } = settings;
  return { connectTimeoutMs, readTimeoutMs, concurrency, proxies: proxyRules(env) };
}

const silence = (): void => undefined;
/** The SDK warns on the console where it has no logger, and stderr belongs to calve. */
const silentLogger = { trace: silence, debug: silence, info: silence, warn: silence, error: silence };

function clientConfig<C>(options: ConnectorOptions<C>, { httpAgent, httpsAgent }: HttpAgents) {
  const { region, credentials, profile, readTimeoutMs: socketTimeout } = options;
  return {
    region,
    // Region and endpoint are resolved before (see config): a variable must not lead credentials elsewhere.
    ignoreConfiguredEndpointUrls: true,
    ...(credentials !== null && { credentials }),
    ...(profile !== null && { profile }),
    requestHandler: { httpAgent, httpsAgent, socketTimeout },
    // One retry policy decides, and it is transfer's: the SDK's own budget runs dry within a long upload.
    maxAttempts: 1,
    retryMode: 'standard',
    logger: silentLogger,
  };
}

export type ClientConfig<C> = ReturnType<typeof clientConfig<C>>;

/** @param load loads the SDK and makes the client: neither is done before the first request */
export function sdkConnector<Client, Sdk, C>(
  options: ConnectorOptions<C>,
  load: (config: ClientConfig<C>) => Promise<Connection<Client, Sdk>>,
): Connector<Client, Sdk> {
  const agents = httpAgents(options);
  let connection: Promise<Connection<Client, Sdk>> | null = null;

  function connect(): Promise<Connection<Client, Sdk>> {
    // Otherwise the SDK tells every user of Node 20 on stderr that its versions of 2027 will want Node 22.
    // biome-ignore lint/style/noProcessEnv: the SDK has no other switch for it
    Object.assign(process.env, { AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true' });
    return load(clientConfig(options, agents));
  }

  return {
    isEncrypted: options.endpoint === null || options.endpoint.startsWith('https:'),
    connect() {
      connection ??= connect();
      return connection;
    },
    forgetCredentials() {
      connection = null;
    },
    close: () => agents.destroy(),
  };
}
