/** The AWS SDK's S3 client: made when it is first used, because loading it costs more than a whole `status`. */
import process from 'node:process';
import type { S3Client, S3ClientConfig } from '@aws-sdk/client-s3';
import type { Caller, Connection, Connector } from '../aws/caller.js';
import { httpAgents } from '../aws/http-agents.js';
import type { ProxyRules } from '../aws/proxy.js';
import type { Operation } from './failures.js';
import { addHeaders, type RequestHeaders } from './request-headers.js';

export type Sdk = typeof import('@aws-sdk/client-s3');
export type BucketCaller = Caller<S3Client, Sdk, Operation>;
type Credentials = NonNullable<S3ClientConfig['credentials']>;

export interface ClientOptions {
  readonly region: string;
  /** Null: the service's own. */
  readonly endpoint: string | null;
  /** Null: the SDK's default chain, with `profile`. */
  readonly credentials: Credentials | null;
  readonly profile: string | null;
  /** Whether the bucket goes into the path instead of the host. */
  readonly pathStyle: boolean;
  /** What the user wants sent besides. Values are secret (customer keys). */
  readonly requestHeaders: RequestHeaders;
  readonly connectTimeoutMs: number;
  /** How long no byte may move in either direction. */
  readonly readTimeoutMs: number;
  readonly concurrency: number;
  readonly proxies: ProxyRules;
}

const silence = (): void => undefined;
/** The SDK warns on the console where it has no logger, and stderr belongs to calve. */
const silentLogger = { trace: silence, debug: silence, info: silence, warn: silence, error: silence };

async function loadSdk(): Promise<Sdk> {
  // Otherwise the SDK tells every user of Node 20 on stderr that its versions of 2027 will want Node 22.
  // biome-ignore lint/style/noProcessEnv: the SDK has no other switch for it
  Object.assign(process.env, { AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true' });
  return await import('@aws-sdk/client-s3');
}

export function s3Connector(options: ClientOptions): Connector<S3Client, Sdk> {
  const agents = httpAgents(options);
  let connection: Promise<Connection<S3Client, Sdk>> | null = null;

  async function open(): Promise<Connection<S3Client, Sdk>> {
    const sdk = await loadSdk();
    const client = new sdk.S3Client({
      region: options.region,
      ...(options.endpoint !== null && { endpoint: options.endpoint }),
      // Region and endpoint are resolved before (see aws/config): a variable must not lead credentials elsewhere.
      ignoreConfiguredEndpointUrls: true,
      ...(options.credentials !== null && { credentials: options.credentials }),
      ...(options.profile !== null && { profile: options.profile }),
      forcePathStyle: options.pathStyle,
      requestHandler: {
        httpAgent: agents.httpAgent,
        httpsAgent: agents.httpsAgent,
        socketTimeout: options.readTimeoutMs,
      },
      // One retry policy decides, and it is transfer's: the SDK's own budget runs dry within a long upload.
      maxAttempts: 1,
      retryMode: 'standard',
      logger: silentLogger,
      // Each part brings its own hashes (see send-part); the SDK's default CRC is unknown to most compatible stores.
      requestChecksumCalculation: 'WHEN_REQUIRED',
      responseChecksumValidation: 'WHEN_REQUIRED',
      // It costs a connection and a round trip for each part, and compatible stores that never answer it 6 seconds.
      expectContinueHeader: false,
    });
    addHeaders(client, options.requestHeaders);
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
