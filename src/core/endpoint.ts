/** Where requests may be sent: endpoints as given by people, checked before any credential is used on them. */
import { TransferError } from './failures.js';

function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d{1,3}){3}$/.test(hostname);
}

function refuse(endpoint: string, why: string, hint: string | null): never {
  throw new TransferError('usage', { what: `endpoint ${endpoint}`, why, hint });
}

/**
 * One spelling of an endpoint: no trailing slash (the client would double it), user info and query refused.
 * @param allowHttp whether plain http may leave this machine
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

/** Whether an endpoint can only reach this machine. */
export function isLoopbackEndpoint(endpoint: string): boolean {
  return URL.canParse(endpoint) && isLoopback(new URL(endpoint).hostname);
}

/**
 * A region goes into a host name, so that only a host label's characters pass: a region can't lead elsewhere.
 * @throws TransferError `usage`
 */
export function checkRegion(region: string): string {
  if (/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(region)) return region;
  throw new TransferError('usage', {
    what: `region ${region}`,
    why: 'a region is written in lower-case letters, digits and hyphens',
    hint: 'name one such as eu-west-1',
  });
}
