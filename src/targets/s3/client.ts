/** Loads the S3 client of the AWS SDK. */
import type { S3Client, S3ClientConfig } from '@aws-sdk/client-s3';
import type { Caller } from '../aws/caller.js';
import { type ClientLoader, type ClientLoaderOptions, sdkClientLoader } from '../aws/client-loader.js';
import type { Operation } from './failures.js';
import { addHeaders, type RequestHeaders } from './request-headers.js';
import { hideUnreadHeaders } from './response-headers.js';

export type Sdk = typeof import('@aws-sdk/client-s3');
export type BucketCaller = Caller<S3Client, Sdk, Operation>;

export interface ClientOptions extends ClientLoaderOptions<NonNullable<S3ClientConfig['credentials']>> {
  /** True if the bucket goes into the path instead of the host name. */
  readonly pathStyle: boolean;
  /** Additional headers that the user sets. The values may be secret (customer keys). */
  readonly requestHeaders: RequestHeaders;
}

export function s3ClientLoader(options: ClientOptions): ClientLoader<S3Client, Sdk> {
  const { endpoint, pathStyle, requestHeaders } = options;
  return sdkClientLoader(options, async (config) => {
    const sdk = await import('@aws-sdk/client-s3');
    const client = new sdk.S3Client({
      ...config,
      ...(endpoint !== null && { endpoint }),
      forcePathStyle: pathStyle,
      // Each part has its own hashes (see send-part.ts); most compatible stores do not know the SDK's default CRC.
      requestChecksumCalculation: 'WHEN_REQUIRED',
      responseChecksumValidation: 'WHEN_REQUIRED',
      // It takes a connection and a round trip for each part, and 6 seconds with stores that never respond to it.
      expectContinueHeader: false,
    });
    addHeaders(client, requestHeaders);
    hideUnreadHeaders(client);
    return { sdk, client };
  });
}
