/** Loads a client of the SDK when it is first used, by the same rules for every service. */
import process from 'node:process';
import type { TargetSettings } from '../settings.js';
import { type HttpAgents, httpAgents } from './http-agents.js';
import { type ProxyRules, proxyRules } from './proxy.js';

/** A client of the SDK, and the module that has its commands. */
export interface LoadedClient<Client, Sdk> {
  readonly sdk: Sdk;
  readonly client: Client;
}

export interface ClientLoader<Client, Sdk> {
  /** Loads the client once, on the first call: that takes longer than a whole `status` command. */
  load(): Promise<LoadedClient<Client, Sdk>>;
  /** Makes the next request look up the credentials again. Requests that have started are not affected. */
  forgetCredentials(): void;
  /** Closes all connections. */
  close(): void;
}

/** Options for the network connections to a service. */
export interface LineOptions {
  readonly connectTimeoutMs: number;
  /** The longest time without a byte in either direction. */
  readonly readTimeoutMs: number;
  /** The number of concurrent requests. */
  readonly concurrency: number;
  readonly proxies: ProxyRules;
}

export interface ClientLoaderOptions<Credentials> extends LineOptions {
  readonly region: string;
  /** Null: the service's own. */
  readonly endpoint: string | null;
  /** Null: the SDK's default chain, with `profile`. */
  readonly credentials: Credentials | null;
  readonly profile: string | null;
}

/** @throws TransferError `usage` for a proxy variable whose value is not a proxy's URL */
export function lineOptions(settings: TargetSettings): LineOptions {
  const { connectTimeoutMs, readTimeoutMs, concurrency, env } = settings;
  return { connectTimeoutMs, readTimeoutMs, concurrency, proxies: proxyRules(env) };
}

const silence = (): void => undefined;
/** Without a logger the SDK prints warnings on stderr, where only calve may print. */
const silentLogger = { trace: silence, debug: silence, info: silence, warn: silence, error: silence };

function clientConfig<C>(options: ClientLoaderOptions<C>, { httpAgent, httpsAgent }: HttpAgents) {
  const { region, credentials, profile, readTimeoutMs: socketTimeout } = options;
  return {
    region,
    // Region and endpoint are already resolved (see config.ts): a variable must not send credentials elsewhere.
    ignoreConfiguredEndpointUrls: true,
    ...(credentials !== null && { credentials }),
    ...(profile !== null && { profile }),
    requestHandler: { httpAgent, httpsAgent, socketTimeout },
    // Only transfer retries: the SDK's own retry budget does not last for a long upload.
    maxAttempts: 1,
    retryMode: 'standard',
    logger: silentLogger,
  };
}

export type ClientConfig<C> = ReturnType<typeof clientConfig<C>>;

/** @param loadClient imports the SDK and creates the client; called on the first request */
export function sdkClientLoader<Client, Sdk, C>(
  options: ClientLoaderOptions<C>,
  loadClient: (config: ClientConfig<C>) => Promise<LoadedClient<Client, Sdk>>,
): ClientLoader<Client, Sdk> {
  const agents = httpAgents(options);
  let loaded: Promise<LoadedClient<Client, Sdk>> | null = null;

  function load(): Promise<LoadedClient<Client, Sdk>> {
    // Otherwise the SDK warns every user of Node 20 on stderr that its versions of 2027 will require Node 22.
    // biome-ignore lint/style/noProcessEnv: the SDK has no other switch for it
    Object.assign(process.env, { AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true' });
    return loadClient(clientConfig(options, agents));
  }

  return {
    load() {
      loaded ??= load();
      return loaded;
    },
    forgetCredentials() {
      loaded = null;
    },
    close: () => agents.destroy(),
  };
}
