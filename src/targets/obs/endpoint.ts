/** Resolves region and endpoint of a bucket of OBS. The region and the endpoint of AWS are not used. */
import { checkEndpoint, checkRegion } from '../../core/endpoint.js';
import { TransferError } from '../../core/failures.js';
import type { TargetUrl } from '../../core/target-url.js';
import type { ServiceEndpoint, TargetSettings } from '../settings.js';

/** Matches the service's own endpoints, which contain their region: `obs.ap-southeast-1.myhuaweicloud.com`. */
const OWN_ENDPOINT = /^obs\.([a-z0-9-]+)\.myhuaweicloud\.(com|eu)$/;

/** Returns the service's own endpoint. Source: Huawei Cloud, "Regions and Endpoints" (Dublin is under .eu). */
export function ownEndpoint(region: string): string {
  return `https://obs.${region}.myhuaweicloud.${/^eu-west-10\d$/.test(region) ? 'eu' : 'com'}`;
}

/** @throws TransferError `usage`: no region, a malformed region, a bucket with dots that no certificate covers */
export function resolveObsEndpoint(settings: TargetSettings): ServiceEndpoint {
  const { url, allowHttp } = settings;
  checkDots(url, settings.object.pathStyle);
  const endpoint = settings.endpoint === null ? null : checkEndpoint(settings.endpoint, allowHttp);
  const endpointRegion = endpoint === null ? undefined : OWN_ENDPOINT.exec(new URL(endpoint).hostname)?.[1];
  const region = settings.region ?? endpointRegion;
  if (region === undefined) {
    throw new TransferError('usage', {
      what: url.url,
      why: 'no region is named (AWS_REGION applies only to AWS)',
      hint: 'set --region, for example --region ap-southeast-1',
    });
  }
  return { region: checkRegion(region, endpoint), endpoint };
}

function checkDots({ container, url }: TargetUrl, pathStyle: boolean): void {
  if (pathStyle || !container.includes('.')) return;
  throw new TransferError('usage', {
    what: url,
    why: "the dots in the bucket's name would make a host name that the service's certificate does not cover, and OBS accepts the bucket only in the host name",
    hint: 'if a private endpoint accepts it in the path, set --path-style and --endpoint-url',
  });
}
