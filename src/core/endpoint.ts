/** Checks the endpoints and regions that users give, before any credential is used with them. */
import { TransferError } from './failures.js';

function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d{1,3}){3}$/.test(hostname);
}

function refuse(endpoint: string, why: string, hint: string | null): never {
  throw new TransferError('usage', { what: `endpoint ${endpoint}`, why, hint });
}

/**
 * Returns the endpoint in one spelling, without a trailing slash (the client would double it).
 * Refuses user info and queries.
 * @param allowHttp true when plain http is allowed to other machines
 * @throws TransferError `usage`
 */
export function checkEndpoint(endpoint: string, allowHttp: boolean): string {
  if (!URL.canParse(endpoint)) refuse(endpoint, 'it is not a URL', 'write one such as https://host:port');
  const url = new URL(endpoint);
  if (url.protocol !== 'https:' && url.protocol !== 'http:') {
    // `localhost:8080` is a URL as well, of the scheme `localhost`.
    const hint = endpoint.includes('://') ? null : `name the scheme too, for example https://${endpoint}`;
    refuse(endpoint, `its scheme is ${url.protocol}, and the service needs https`, hint);
  }
  if (url.username !== '' || url.password !== '') {
    refuse('with user info', 'credentials belong in the environment or a profile, not in a URL', null);
  }
  if (url.search !== '' || url.hash !== '') refuse(endpoint, 'an endpoint cannot have a query', null);
  if (url.protocol === 'http:' && !isLoopback(url.hostname) && !allowHttp) {
    refuse(
      endpoint,
      'plain http would send your archive over the network unencrypted',
      'use https, or --allow-http',
    );
  }
  return url.href.replace(/\/+$/, '');
}

/** Tells whether an endpoint can only reach this machine. */
export function isLoopbackEndpoint(endpoint: string): boolean {
  return URL.canParse(endpoint) && isLoopback(new URL(endpoint).hostname);
}

/**
 * Allows only the characters of a host label: a region becomes part of a host name, and must not change the host.
 * @throws TransferError `usage`
 */
export function checkRegionName(region: string): string {
  if (/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/i.test(region)) return region;
  return refuseRegion(region, 'a region is written in letters, digits and hyphens');
}

/**
 * Refuses capitals unless the user names the endpoint: stores of others have regions such as RegionOne.
 * @param endpoint null: the service's own
 * @throws TransferError `usage`
 */
export function checkRegion(region: string, endpoint: string | null): string {
  const name = checkRegionName(region);
  if (endpoint !== null || name === name.toLowerCase()) return name;
  return refuseRegion(region, 'a region of the service itself is written in lower-case letters');
}

function refuseRegion(region: string, why: string): never {
  const hint = 'name one such as eu-west-1';
  throw new TransferError('usage', { what: `region ${region}`, why, hint });
}
