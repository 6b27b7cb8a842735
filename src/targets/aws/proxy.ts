/** Finds the proxy for connections over TLS, by the variables that curl and the AWS CLI use, and opens tunnels. */
import http from 'node:http';
import https from 'node:https';
import type { Socket } from 'node:net';
import { TransferError } from '../../core/failures.js';

/** Returns the proxy to use for a host; null for a direct connection. */
export type ProxyRules = (host: string, port: number) => URL | null;

type Env = Readonly<Record<string, string | undefined>>;

/** Returns the first variable that is set, with its name. Lower case has priority, as in curl. */
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
    // The message does not show the value, which may contain a password.
    const why = 'it is not the URL of a proxy that speaks http or https';
    throw new TransferError('usage', { what: name, why, hint: `set ${name}=http://HOST:PORT, or unset it` });
  }
  return url;
}

/**
 * Returns true if an entry of NO_PROXY matches the host. `example.com`, `.example.com` and `*.example.com` match that host
 * and all hosts below it; with `:PORT` at the end the entry matches that port only.
 */
function matches(entry: string, host: string, port: number): boolean {
  if (entry === '*') return true;
  const [, name = '', onlyPort] = /^(?:\*?\.)?(\[.*\]|[^:]*?|.*:.*:.*)(?::(\d+))?$/.exec(entry) ?? [];
  const bare = name.replace(/^\[(.*)\]$/, '$1');
  if (bare === '' || (onlyPort !== undefined && Number(onlyPort) !== port)) return false;
  return host === bare || host.endsWith(`.${bare}`);
}

/** Returns true for names and addresses of this machine, which are never reached through a proxy. */
function isThisMachine(host: string): boolean {
  return host === '::1' || /^127\./.test(host) || host === 'localhost' || host.endsWith('.localhost');
}

/**
 * Reads the rules: HTTPS_PROXY, otherwise ALL_PROXY, except for the hosts in NO_PROXY.
 * @throws TransferError `usage`, which names the variable and never shows its value
 */
export function proxyRules(env: Env): ProxyRules {
  const variable = firstOf(env, ['HTTPS_PROXY', 'ALL_PROXY']);
  if (variable === null || variable.value === '') return () => null;
  const proxy = parseProxy(variable);
  const entries = (firstOf(env, ['NO_PROXY'])?.value ?? '').toLowerCase().split(/[\s,]+/);
  return (host, port) => {
    const name = host
      .toLowerCase()
      .replace(/^\[(.*)\]$/, '$1')
      .replace(/\.$/, '');
    return isThisMachine(name) || entries.some((entry) => matches(entry, name, port)) ? null : proxy;
  };
}

/** Creates the error for a tunnel that the proxy did not open; `code` identifies the failure. */
function tunnelError(proxy: URL, why: string, code: string, cause?: unknown): Error {
  return Object.assign(new Error(`the proxy ${proxy.host}: ${why}`, { cause }), { code });
}

/** Statuses for which a retry does not help. */
const REFUSALS: readonly number[] = [401, 403, 407];

/** The error code for a proxy that requires other credentials, or does not allow the connection. */
export const PROXY_REFUSED = 'EPROXY';

/**
 * Opens a tunnel to a host through the proxy.
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
    const connectRequest = request({
      hostname: proxy.hostname.replace(/^\[(.*)\]$/, '$1'),
      port: proxy.port === '' ? undefined : Number(proxy.port),
      method: 'CONNECT',
      path: authority,
      headers,
      agent: false,
      signal: AbortSignal.timeout(timeoutMs),
    });
    const fail = (why: string, code: string, cause?: unknown): void => {
      connectRequest.destroy();
      reject(tunnelError(proxy, why, code, cause));
    };
    const refuse = (status: number | undefined, text: string | undefined): void => {
      const code = REFUSALS.includes(status ?? 0) ? PROXY_REFUSED : 'ECONNREFUSED';
      fail(`it answered ${status} ${text ?? ''} to CONNECT ${authority}`, code);
    };
    connectRequest.once('connect', ({ statusCode, statusMessage }, socket: Socket) => {
      if (statusCode !== undefined && statusCode >= 200 && statusCode < 300) return resolve(socket);
      socket.destroy();
      refuse(statusCode, statusMessage);
    });
    connectRequest.once('response', ({ statusCode, statusMessage }) => refuse(statusCode, statusMessage));
    connectRequest.once('error', (error: NodeJS.ErrnoException) => {
      if (error.name === 'AbortError' || error.name === 'TimeoutError')
        fail(`no connection within ${timeoutMs} ms`, 'ETIMEDOUT', error);
      else fail(error.message, error.code ?? 'ECONNRESET', error);
    });
    connectRequest.end();
  });
}
