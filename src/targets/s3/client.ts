/** The AWS SDK's S3 client: made when it is first used, because loading it costs more than a whole `status`. */
import type { S3Client, S3ClientConfig } from '@aws-sdk/client-s3';
import type { Caller, Connector } from '../aws/caller.js';
import { type ConnectorOptions, sdkConnector } from '../aws/connector.js';
import type { Operation } from './failures.js';
import { addHeaders, type RequestHeaders } from './request-headers.js';

export type Sdk = typeof import('@aws-sdk/client-s3');
export type BucketCaller = Caller<S3Client, Sdk, Operation>;

export interface ClientOptions extends ConnectorOptions<NonNullable<S3ClientConfig['credentials']>> {
  /** Whether the bucket goes into the path instead of the host. */
  readonly pathStyle: boolean;
  /** What the user wants sent besides. Values are secret (customer keys). */
  readonly requestHeaders: RequestHeaders;
}

export function s3Connector(options: ClientOptions): Connector<S3Client, Sdk> {
  const { endpoint, pathStyle, requestHeaders } = options;
  return sdkConnector(options, async (config) => {
    const sdk = await import('@aws-sdk/client-s3');
    const client = new sdk.S3Client({
      ...config,
      ...(endpoint !== null && { endpoint }),
      forcePathStyle: pathStyle,
      // Each part brings its own hashes (see send-part); the SDK's default CRC is unknown to most compatible stores.
      requestChecksumCalculation: 'WHEN_REQUIRED',
      responseChecksumValidation: 'WHEN_REQUIRED',
      // It costs a connection and a round trip for each part, and compatible stores that never answer it 6 seconds.
      expectContinueHeader: false,
    });
    addHeaders(client, requestHeaders);
    return { sdk, client };
  });
}
