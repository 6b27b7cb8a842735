/** `s3://BUCKET/KEY`: a bucket of S3, or of a store that speaks its protocol. */
import { resolveAwsEndpoint } from '../aws/config.js';
import { lineOptions } from '../aws/connector.js';
import type { OpenedTarget, TargetSettings } from '../settings.js';
import { isPathStyle } from './addressing.js';
import { S3_DIALECT } from './dialect.js';
import { parseRequestHeaders } from './request-headers.js';
import { bucketTarget } from './target.js';

export async function openS3(settings: TargetSettings): Promise<OpenedTarget> {
  const { url, profile, object } = settings;
  const { pathStyle } = object;
  const { region, endpoint } = await resolveAwsEndpoint(settings, 's3');
  const target = bucketTarget({
    dialect: S3_DIALECT,
    bucket: url.container,
    key: url.key,
    url: url.url,
    region,
    endpoint,
    endpointForState: endpoint,
    credentials: null,
    profile,
    pathStyle: pathStyle || isPathStyle(endpoint),
    object,
    requestHeaders: parseRequestHeaders(object.requestHeaders),
    ...lineOptions(settings),
  });
  const recipe = { url: url.url, region, endpoint, accountId: '-', profile, localDir: null, pathStyle };
  return { target, recipe };
}
