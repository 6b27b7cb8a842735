/** Agents that open the connections to a service, keep them alive, and limit the time that opening one may take. */
import { lookup as systemLookup } from 'node:dns';
import http from 'node:http';
import https from 'node:https';
import type { LookupFunction } from 'node:net';
import process from 'node:process';
import type { Duplex } from 'node:stream';
import { formatDuration } from '../../core/units.js';
import { AnswerError, limitAnswer, refuseUpgrade, serviceLimits, TIMER_MAX_MS } from './answer-limits.js';
import { connectProxy, openTunnel, type ProxyRules, proxyHeaders } from './proxy.js';
import { type Trust, tlsOptions, watchTrust } from './trust.js';

export interface HttpAgents {
  readonly httpAgent: http.Agent;
  readonly httpsAgent: https.Agent;
  destroy(): void;
}

export interface HttpAgentOptions {
  readonly connectTimeoutMs: number;
  /** The longest time without a byte in either direction. */
  readonly readTimeoutMs: number;
  /** The number of concurrent parts. A few more connections are allowed for lists and aborts. */
  readonly concurrency: number;
  readonly proxies: ProxyRules;
  readonly trust: Trust;
}

type OnConnection = (error: Error | null, socket: Duplex) => void;

/**
 * Destroys a connection that is not ready (handshake included) in time. The SDK's own connection time-out does not clear
 * its timer when the request ends earlier, and that keeps the process running.
 */
function limitConnecting(socket: Duplex | null | undefined, readyEvent: string, timeoutMs: number): void {
  if (socket === null || socket === undefined) return;
  const timer = setTimeout(
    () => {
      socket.destroy(
        new AnswerError(`no connection within ${formatDuration(timeoutMs)} (--connect-timeout)`),
      );
    },
    Math.min(timeoutMs, TIMER_MAX_MS),
  );
  const stopTimer = (): void => clearTimeout(timer);
  socket.once(readyEvent, stopTimer);
  socket.once('close', stopTimer);
}

/** The method by which Node hands a request to an agent. The types of Node do not have it. */
interface RequestTaker {
  addRequest(request: http.ClientRequest, ...rest: unknown[]): void;
}

/** Limits the answers to all requests of an agent. */
function limitAnswers(agent: http.Agent, readTimeoutMs: number): void {
  const taker = agent as unknown as RequestTaker;
  const addRequest = taker.addRequest.bind(agent);
  taker.addRequest = (request, ...rest) => {
    refuseUpgrade(request);
    limitAnswer(request, serviceLimits(request, readTimeoutMs));
    addRequest(request, ...rest);
  };
}

interface Destination {
  readonly host?: string | null | undefined;
  readonly port?: number | string | null | undefined;
}

/** The method that Node calls for each request. Its types leave it out. */
const { addRequest } = http.Agent.prototype as unknown as {
  addRequest(this: http.Agent, request: http.ClientRequest, options: Destination): void;
};

class HttpAgent extends http.Agent {
  readonly #options: HttpAgentOptions;

  constructor(options: http.AgentOptions, agentOptions: HttpAgentOptions) {
    super(options);
    this.#options = agentOptions;
  }

  #proxyFor({ host, port }: Destination): URL | null {
    return this.#options.proxies(host ?? 'localhost', Number(port ?? 80), false);
  }

  /** Names the whole URL in a request to a proxy. Source: RFC 9112, section 3.2.2 (absolute-form). */
  addRequest(request: http.ClientRequest, options: Destination): void {
    const proxy = this.#proxyFor(options);
    if (proxy !== null) {
      request.path = `http://${request.getHeader('host')}${request.path}`;
      for (const [name, value] of Object.entries(proxyHeaders(proxy))) request.setHeader(name, value);
    }
    addRequest.call(this, request, options);
  }

  override createConnection(options: http.ClientRequestArgs, done?: OnConnection): Duplex | null | undefined {
    const proxy = this.#proxyFor(options);
    const connect = (to: Destination) => super.createConnection({ ...options, ...to }, done);
    const socket = proxy === null ? connect({}) : connectProxy(proxy, this.#options.trust, connect);
    limitConnecting(socket, 'connect', this.#options.connectTimeoutMs);
    return socket;
  }
}

class HttpsAgent extends https.Agent {
  readonly #connectTimeoutMs: number;
  readonly #proxies: ProxyRules;
  readonly #trust: Trust;

  constructor(options: https.AgentOptions, { connectTimeoutMs, proxies, trust }: HttpAgentOptions) {
    super({ ...options, ...tlsOptions(trust) });
    this.#connectTimeoutMs = connectTimeoutMs;
    this.#proxies = proxies;
    this.#trust = trust;
  }

  override createConnection(options: https.RequestOptions, done?: OnConnection): Duplex | null | undefined {
    const to = { host: options.host ?? 'localhost', port: Number(options.port ?? 443) };
    const proxy = this.#proxies(to.host, to.port, true);
    if (proxy === null) return this.#connect(options, done);
    openTunnel(proxy, to, { timeoutMs: this.#connectTimeoutMs, trust: this.#trust }).then(
      (socket) => done?.(null, this.#connect({ ...options, socket } as https.RequestOptions) as Duplex),
      (error: Error) => done?.(error, null as unknown as Duplex),
    );
    return undefined;
  }

  #connect(options: https.RequestOptions, done?: OnConnection): Duplex | null | undefined {
    const socket = super.createConnection(options, done);
    limitConnecting(socket, 'secureConnect', this.#connectTimeoutMs);
    watchTrust(socket);
    return socket;
  }
}

/**
 * Resolves names below `localhost` to this machine, which few resolvers do: a server on this machine may expect the
 * bucket in the host name. Source: RFC 6761, section 6.3.
 */
const lookup: LookupFunction = (hostname, options, done) => {
  if (!hostname.endsWith('.localhost')) return systemLookup(hostname, options, done);
  const address = { address: '127.0.0.1', family: 4 };
  process.nextTick(() => (options.all === true ? done(null, [address]) : done(null, '127.0.0.1', 4)));
};

export function httpAgents(agentOptions: HttpAgentOptions): HttpAgents {
  const { concurrency, readTimeoutMs } = agentOptions;
  const options = { keepAlive: true, maxSockets: concurrency + 4, lookup };
  const httpAgent = new HttpAgent(options, agentOptions);
  const httpsAgent = new HttpsAgent(options, agentOptions);
  for (const agent of [httpAgent, httpsAgent]) limitAnswers(agent, readTimeoutMs);
  return {
    httpAgent,
    httpsAgent,
    destroy() {
      httpAgent.destroy();
      httpsAgent.destroy();
    },
  };
}
