/** `obs://BUCKET/KEY`: a bucket of Huawei OBS, by S3's protocol and the same client. */
import { TransferError } from '../../core/failures.js';
import { cleanKey } from '../aws/clean-key.js';
import { lineOptions } from '../aws/client-loader.js';
import { CredentialsError } from '../aws/credentials-error.js';
import { refusedFailure } from '../aws/failures.js';
import { parseRequestHeaders } from '../s3/request-headers.js';
import { bucketTarget } from '../s3/target.js';
import type { OpenedTarget, ServiceEndpoint, TargetSettings } from '../settings.js';
import { OBS_DIALECT } from './dialect.js';
import { ownEndpoint } from './endpoint.js';

interface ObsCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

/** @throws TransferError `refused` (`no-credentials`): the AWS credentials are never used unless their profile is named */
function obsCredentials({ env }: TargetSettings): ObsCredentials {
  const [accessKeyId, secretAccessKey, sessionToken] = [
    readKey(env, 'OBS_ACCESS_KEY_ID'),
    readKey(env, 'OBS_SECRET_ACCESS_KEY'),
    readKey(env, 'OBS_SECURITY_TOKEN'),
  ];
  if (accessKeyId !== '' && secretAccessKey !== '') {
    const pair = { accessKeyId, secretAccessKey };
    return sessionToken === '' ? pair : { ...pair, sessionToken };
  }
  const missing = accessKeyId === '' ? 'OBS_ACCESS_KEY_ID' : 'OBS_SECRET_ACCESS_KEY';
  const isHalf = accessKeyId !== secretAccessKey;
  throw new TransferError('refused', {
    why: 'no-credentials',
    operation: 'open the bucket',
    detail: isHalf ? `${missing} is not set, although the other one is` : null,
  });
}

function readKey(env: TargetSettings['env'], variable: string): string {
  try {
    return cleanKey(env[variable] ?? '', variable);
  } catch (error) {
    if (!(error instanceof CredentialsError)) throw error;
    throw refusedFailure('open the bucket', 'no-credentials', error.message);
  }
}

export async function openObs(
  settings: TargetSettings,
  { region, endpoint }: ServiceEndpoint,
): Promise<OpenedTarget> {
  const { url, object } = settings;
  const { pathStyle } = object;
  const profile = settings.isProfileNamed ? settings.profile : null;
  const target = bucketTarget({
    dialect: OBS_DIALECT,
    bucket: url.container,
    key: url.key,
    url: url.url,
    region,
    endpoint: endpoint ?? ownEndpoint(region),
    endpointForState: endpoint,
    credentials: settings.credentials ?? (profile === null ? obsCredentials(settings) : null),
    profile,
    pathStyle,
    object,
    requestHeaders: parseRequestHeaders(object.requestHeaders),
    ...(await lineOptions(settings, profile ?? undefined)),
  });
  return { target, connection: { accountId: '-', profile, pathStyle } };
}
