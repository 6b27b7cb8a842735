/** The proxy that a connection over TLS goes through, by the variables that curl and the AWS CLI know. */
import http from 'node:http';
import https from 'node:https';
import type { Socket } from 'node:net';
import { TransferError } from '../../core/failures.js';

/** Which proxy leads to a host; null where none is wanted. */
export type ProxyRules = (host: string, port: number) => URL | null;

type Env = Readonly<Record<string, string | undefined>>;

/** The first that is set, with its name; small letters win, as in curl. */
function firstOf(
  env: Env,
  names: readonly string[],
): { readonly name: string; readonly value: string } | null {
  for (const name of names.flatMap((each) => [each.toLowerCase(), each])) {
    const value = env[name];
    if (value !== undefined) return { name, value: value.trim() };
  }
  return null;
}

function parseProxy({ name, value }: { readonly name: string; readonly value: string }): URL {
  const text = value.includes('://') ? value : `http://${value}`;
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || url.hostname === '' || !/^https?:$/.test(url.protocol)) {
    // The value may hold a password.
    const why = 'it is not the URL of a proxy that speaks http or https';
    throw new TransferError('usage', { what: name, why, hint: `set ${name}=http://HOST:PORT, or unset it` });
  }
  return url;
}

/** `example.com`, `.example.com`, `*.example.com`: the host and what is below it; `:PORT` at the end: there alone. */
function covers(entry: string, host: string, port: number): boolean {
  if (entry === '*') return true;
  const [, name = '', only] = /^(?:\*?\.)?(\[.*\]|[^:]*?|.*:.*:.*)(?::(\d+))?$/.exec(entry) ?? [];
  const bare = name.replace(/^\[(.*)\]$/, '$1');
  if (bare === '' || (only !== undefined && Number(only) !== port)) return false;
  return host === bare || host.endsWith(`.${bare}`);
}

/** No proxy leads to this machine itself. */
function isThisMachine(host: string): boolean {
  return host === '::1' || /^127\./.test(host) || host === 'localhost' || host.endsWith('.localhost');
}

/**
 * HTTPS_PROXY, else ALL_PROXY, but for the hosts in NO_PROXY.
 * @throws TransferError `usage` that names the variable, and never shows its value
 */
export function proxyRules(env: Env): ProxyRules {
  const given = firstOf(env, ['HTTPS_PROXY', 'ALL_PROXY']);
  if (given === null || given.value === '') return () => null;
  const proxy = parseProxy(given);
  const entries = (firstOf(env, ['NO_PROXY'])?.value ?? '').toLowerCase().split(/[\s,]+/);
  return (host, port) => {
    const name = host
      .toLowerCase()
      .replace(/^\[(.*)\]$/, '$1')
      .replace(/\.$/, '');
    return isThisMachine(name) || entries.some((entry) => covers(entry, name, port)) ? null : proxy;
  };
}

/** What keeps a proxy from leading on; `code` is what the failure is known by. */
function tunnelError(proxy: URL, why: string, code: string, cause?: unknown): Error {
  return Object.assign(new Error(`the proxy ${proxy.host}: ${why}`, { cause }), { code });
}

/** Statuses that trying again does not help. */
const REFUSALS: readonly number[] = [401, 403, 407];

/** The code of an error that says that the proxy wants other credentials, or does not lead there for us. */
export const PROXY_REFUSED = 'EPROXY';

/**
 * A connection through the proxy, of which the other end is the host.
 * @throws Error with a `code`: the network's own, PROXY_REFUSED, or ETIMEDOUT
 */
export function openTunnel(
  proxy: URL,
  to: { readonly host: string; readonly port: number },
  timeoutMs: number,
): Promise<Socket> {
  const authority = `${to.host.includes(':') ? `[${to.host}]` : to.host}:${to.port}`;
  const user = `${decodeURIComponent(proxy.username)}:${decodeURIComponent(proxy.password)}`;
  const headers = {
    host: authority,
    ...(user !== ':' && { 'proxy-authorization': `Basic ${Buffer.from(user).toString('base64')}` }),
  };
  const { request } = proxy.protocol === 'https:' ? https : http;
  return new Promise((resolve, reject) => {
    const asked = request({
      hostname: proxy.hostname.replace(/^\[(.*)\]$/, '$1'),
      port: proxy.port === '' ? undefined : Number(proxy.port),
      method: 'CONNECT',
      path: authority,
      headers,
      agent: false,
      signal: AbortSignal.timeout(timeoutMs),
    });
    const fail = (why: string, code: string, cause?: unknown): void => {
      asked.destroy();
      reject(tunnelError(proxy, why, code, cause));
    };
    const judge = (status: number | undefined, words: string | undefined): void => {
      const code = REFUSALS.includes(status ?? 0) ? PROXY_REFUSED : 'ECONNREFUSED';
      fail(`it answered ${status} ${words ?? ''} to CONNECT ${authority}`, code);
    };
    asked.once('connect', ({ statusCode, statusMessage }, socket: Socket) => {
      if (statusCode !== undefined && statusCode >= 200 && statusCode < 300) return resolve(socket);
      socket.destroy();
      judge(statusCode, statusMessage);
    });
    asked.once('response', ({ statusCode, statusMessage }) => judge(statusCode, statusMessage));
    asked.once('error', (error: NodeJS.ErrnoException) => {
      if (error.name === 'AbortError' || error.name === 'TimeoutError')
        fail(`no connection within ${timeoutMs} ms`, 'ETIMEDOUT', error);
      else fail(error.message, error.code ?? 'ECONNRESET', error);
    });
    asked.end();
  });
}
