/** Finds the proxy of a connection, by the variables that curl and the AWS CLI use, and opens tunnels. */
import http from 'node:http';
import https from 'node:https';
import { BlockList, isIP, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect as connectTls } from 'node:tls';
import { TransferError } from '../../core/failures.js';
import { formatDuration } from '../../core/units.js';
import { type Trust, tlsOptions, watchTrust } from './trust.js';

/**
 * Returns the proxy to use for a host; null for a direct connection.
 * @throws TransferError `usage`, for plain http
 */
export type ProxyRules = (host: string, port: number, isEncrypted: boolean) => URL | null;

type Env = Readonly<Record<string, string | undefined>>;

interface Variable {
  readonly name: string;
  readonly value: string;
}

/** Returns the first variable that is set, with its name. Lower case has priority, as in curl. */
function firstOf(env: Env, names: readonly string[]): Variable | null {
  for (const name of names.flatMap((each) => [each.toLowerCase(), each])) {
    const value = env[name];
    if (value !== undefined) return { name, value: value.trim() };
  }
  return null;
}

function isDecodable({ username, password }: URL): boolean {
  try {
    return decodeURIComponent(username + password) !== null;
  } catch {
    return false;
  }
}

function proxyOf(variable: Variable | null): URL | null {
  return variable === null || variable.value === '' ? null : parseProxy(variable);
}

function parseProxy({ name, value }: Variable): URL {
  const text = value.includes('://') ? value : `http://${value}`;
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || url.hostname === '' || !/^https?:$/.test(url.protocol) || !isDecodable(url)) {
    // The message does not show the value, which may contain a password.
    const why = 'it is not the URL of a proxy that speaks http or https';
    throw new TransferError('usage', { what: name, why, hint: `set ${name}=http://HOST:PORT, or unset it` });
  }
  return url;
}

/** Returns true if the host is an address in the range of the entry: `10.0.0.0/8`, `fd00::/8`. */
function matchesRange(entry: string, host: string): boolean {
  const [, address = '', bits = ''] = /^\[?([\da-f.:]+)\]?\/(\d{1,3})$/.exec(entry) ?? [];
  const family = isIP(address);
  if (family === 0 || isIP(host) !== family || Number(bits) > (family === 4 ? 32 : 128)) return false;
  const type = family === 4 ? 'ipv4' : 'ipv6';
  const range = new BlockList();
  range.addSubnet(address, Number(bits), type);
  return range.check(host, type);
}

/**
 * Returns true if an entry of NO_PROXY matches the host. `example.com`, `.example.com` and `*.example.com` match that host
 * and all hosts below it; with `:PORT` at the end the entry matches that port only.
 */
function matches(entry: string, host: string, port: number): boolean {
  if (entry === '*' || matchesRange(entry, host)) return true;
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
 * Reads the rules: HTTPS_PROXY, otherwise ALL_PROXY, except for the hosts in NO_PROXY. For plain http, which needs
 * `--allow-http`, it is http_proxy, in lower case only, as for curl.
 * @throws TransferError `usage`, which names the variable and never shows its value
 */
export function proxyRules(env: Env): ProxyRules {
  const proxy = proxyOf(firstOf(env, ['HTTPS_PROXY', 'ALL_PROXY']));
  const forPlainHttp =
    firstOf({ http_proxy: env['http_proxy'] }, ['http_proxy']) ?? firstOf(env, ['ALL_PROXY']);
  const entries = (firstOf(env, ['NO_PROXY'])?.value ?? '').toLowerCase().split(/[\s,]+/);
  return (host, port, isEncrypted) => {
    const name = host
      .toLowerCase()
      .replace(/^\[(.*)\]$/, '$1')
      .replace(/\.$/, '');
    if (isThisMachine(name) || entries.some((entry) => matches(entry, name, port))) return null;
    return isEncrypted ? proxy : proxyOf(forPlainHttp);
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

function addressOf({ hostname, port, protocol }: URL): { readonly host: string; readonly port: number } {
  const ownPort = protocol === 'https:' ? 443 : 80;
  return { host: hostname.replace(/^\[(.*)\]$/, '$1'), port: port === '' ? ownPort : Number(port) };
}

/** Returns the headers with which the proxy knows the user. */
export function proxyHeaders({ username, password }: URL): Readonly<Record<string, string>> {
  const user = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return user === ':' ? {} : { 'proxy-authorization': `Basic ${Buffer.from(user).toString('base64')}` };
}

/** Connects to the proxy itself, which forwards requests of plain http. */
export function connectProxy(
  proxy: URL,
  trust: Trust,
  connectPlain: (to: { host: string; port: number }) => Duplex | null | undefined,
): Duplex | null | undefined {
  const to = addressOf(proxy);
  if (proxy.protocol === 'http:') return connectPlain(to);
  const servername = isIP(to.host) === 0 ? to.host : '';
  const socket = connectTls({ ...to, servername, ...tlsOptions(trust) });
  watchTrust(socket);
  return socket;
}

/**
 * Opens a tunnel to a host through the proxy.
 * @throws Error with a `code`: the network's own, PROXY_REFUSED, or ETIMEDOUT
 */
export function openTunnel(
  proxy: URL,
  to: { readonly host: string; readonly port: number },
  { timeoutMs, trust }: { readonly timeoutMs: number; readonly trust: Trust },
): Promise<Socket> {
  const authority = `${to.host.includes(':') ? `[${to.host}]` : to.host}:${to.port}`;
  const headers = { host: authority, ...proxyHeaders(proxy) };
  const { request } = proxy.protocol === 'https:' ? https : http;
  return new Promise((resolve, reject) => {
    const connectRequest = request({
      hostname: addressOf(proxy).host,
      port: addressOf(proxy).port,
      method: 'CONNECT',
      path: authority,
      headers,
      agent: false,
      signal: AbortSignal.timeout(timeoutMs),
      ...(proxy.protocol === 'https:' && tlsOptions(trust)),
    });
    connectRequest.once('socket', watchTrust);
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
        fail(`no connection within ${formatDuration(timeoutMs)} (--connect-timeout)`, 'ETIMEDOUT', error);
      else fail(error.message, error.code ?? 'ECONNRESET', error);
    });
    connectRequest.end();
  });
}
