/** `s3://BUCKET/KEY`: a bucket of S3, or of a store that speaks its protocol. */
import { lineOptions } from '../aws/client-loader.js';
import type { OpenedTarget, ServiceEndpoint, TargetSettings } from '../settings.js';
import { isPathStyle } from './addressing.js';
import { S3_DIALECT } from './dialect.js';
import { parseRequestHeaders } from './request-headers.js';
import { bucketTarget } from './target.js';

export async function openS3(
  settings: TargetSettings,
  { region, endpoint }: ServiceEndpoint,
): Promise<OpenedTarget> {
  const { url, profile, object } = settings;
  const { pathStyle } = object;
  const target = bucketTarget({
    dialect: S3_DIALECT,
    bucket: url.container,
    key: url.key,
    url: url.url,
    region,
    endpoint,
    endpointForState: endpoint,
    credentials: settings.credentials ?? null,
    profile,
    pathStyle: pathStyle || isPathStyle(endpoint),
    object,
    requestHeaders: parseRequestHeaders(object.requestHeaders),
    ...(await lineOptions(settings, profile)),
  });
  return { target, connection: { accountId: '-', profile, pathStyle } };
}
