/** Loads a client of the SDK when it is first used, by the same rules for every service. */
import process from 'node:process';
import type { TargetSettings } from '../settings.js';
import { credentialChain } from './credential-chain.js';
import { type CredentialSource, HeldCredentials, type LookUp } from './credentials.js';
import { type HttpAgents, httpAgents } from './http-agents.js';
import { type ProxyRules, proxyRules } from './proxy.js';
import { type Handler, handlerWithThreads, SendingThreads } from './sending-threads.js';
import { readTrust, type Trust } from './trust.js';

/** A client of the SDK, and the module that has its commands. */
export interface LoadedClient<Client, Sdk> {
  readonly sdk: Sdk;
  readonly client: Client;
}

export interface ClientLoader<Client, Sdk> {
  /** Loads the client once, on the first call: that takes longer than a whole `status` command. */
  load(): Promise<LoadedClient<Client, Sdk>>;
  /** Null if the credentials were given, and cannot change. */
  readonly credentials: HeldCredentials | null;
  /** Closes all connections, and ends the threads. */
  close(): Promise<void>;
}

/** Options for the network connections to a service. */
export interface LineOptions {
  readonly connectTimeoutMs: number;
  /** The longest time without a byte in either direction. */
  readonly readTimeoutMs: number;
  /** The number of concurrent requests. */
  readonly concurrency: number;
  readonly proxies: ProxyRules;
  readonly trust: Trust;
  /** The number of processors that calve may use. */
  readonly threads: number;
  /** The module that sending threads run; default: calve's own. */
  readonly workerPath?: string;
  /** The time between two looks at the sending threads; default: one second. */
  readonly watchIntervalMs?: number;
}

export interface ClientLoaderOptions<Credentials> extends LineOptions {
  readonly region: string;
  /** Null: the service's own. */
  readonly endpoint: string | null;
  /** Null: those that the AWS tools would find, with `profile`. */
  readonly credentials: Credentials | null;
  readonly profile: string | null;
  readonly env: TargetSettings['env'];
}

/**
 * @param profile the profile of the target, whose `ca_bundle` counts; undefined: the target has none
 * @throws TransferError `usage` for a proxy variable whose value is not a proxy's URL, and for a file of certificates
 *   that cannot be used
 */
export async function lineOptions(
  settings: TargetSettings,
  profile: string | null | undefined,
): Promise<LineOptions & Pick<TargetSettings, 'env'>> {
  const { connectTimeoutMs, readTimeoutMs, concurrency, threads, env } = settings;
  const trust = await readTrust(settings, profile);
  const proxies = proxyRules(env);
  return { connectTimeoutMs, readTimeoutMs, concurrency, proxies, trust, threads, env };
}

const silence = (): void => undefined;
/** Without a logger the SDK prints warnings on stderr, where only calve may print. */
const silentLogger = { trace: silence, debug: silence, info: silence, warn: silence, error: silence };

function clientConfig<C>(
  { region, profile }: ClientLoaderOptions<C>,
  credentials: C | LookUp,
  { httpAgent, httpsAgent }: HttpAgents,
) {
  return {
    region,
    // Region and endpoint are already resolved (see config.ts): a variable must not send credentials elsewhere.
    ignoreConfiguredEndpointUrls: true,
    credentials,
    ...(profile !== null && { profile }),
    // The agents have the time limits (see answer-limits.ts).
    requestHandler: { httpAgent, httpsAgent, socketTimeout: 0, logger: silentLogger },
    // Only transfer retries: the SDK's own retry budget does not last for a long upload.
    maxAttempts: 1,
    retryMode: 'standard',
    logger: silentLogger,
  };
}

/** Returns the place of the credentials; null if the credentials themselves are given. */
function sourceOf<C>({
  credentials,
  profile,
  env,
  readTimeoutMs,
}: ClientLoaderOptions<C>): CredentialSource | null {
  if (credentials === null) return credentialChain({ profile, env, readTimeoutMs });
  if (typeof credentials !== 'function') return null;
  return { lookUp: credentials as unknown as LookUp, canChange: true, nameOf: (part) => part };
}

interface SdkClient {
  readonly config: { requestHandler: Handler };
}

export type ClientConfig<C> = ReturnType<typeof clientConfig<C>>;

/** @param loadClient imports the SDK and creates the client; called on the first request */
export function sdkClientLoader<Client extends SdkClient, Sdk, C>(
  options: ClientLoaderOptions<C>,
  loadClient: (config: ClientConfig<C>) => Promise<LoadedClient<Client, Sdk>>,
): ClientLoader<Client, Sdk> {
  const agents = httpAgents(options);
  const threads = new SendingThreads(options);
  const source = sourceOf(options);
  const credentials = source === null ? null : new HeldCredentials(source);
  let loaded: Promise<LoadedClient<Client, Sdk>> | null = null;

  async function load(): Promise<LoadedClient<Client, Sdk>> {
    // Otherwise the SDK warns every user of Node 20 on stderr that its versions of 2027 will require Node 22.
    // biome-ignore lint/style/noProcessEnv: the SDK has no other switch for it
    Object.assign(process.env, { AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true' });
    const config = clientConfig(options, credentials?.provider ?? (options.credentials as C), agents);
    const loadedClient = await loadClient(config);
    const { config: resolved } = loadedClient.client;
    resolved.requestHandler = handlerWithThreads(resolved.requestHandler, threads);
    return loadedClient;
  }

  return {
    credentials,
    load() {
      loaded ??= load();
      return loaded;
    },
    async close() {
      agents.destroy();
      await threads.close();
    },
  };
}
