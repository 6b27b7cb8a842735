/** A Glacier REST server on loopback: the same protocol, its archives in a folder. docs/emulator.md describes it. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { answer, splitUrl } from './dispatch.js';
import { Pacer, paced } from './faults/bandwidth.js';
import { type FaultKind, FaultPlan, parseFaultSpec } from './faults/fault-plan.js';
import { misbehave } from './faults/inject-fault.js';
import type { Reply, Service } from './handlers/api-request.js';
import type { AuthRules } from './http/authenticate.js';
import { Exchange } from './http/http-exchange.js';
import { ServiceError } from './http/service-error.js';
import { findRoute, type Operation, type Route } from './operations.js';
import { closeStore, openStore } from './store/store.js';
import { createVault, isVaultName } from './store/vaults.js';

export interface EmulatorOptions {
  /** All state lives here; several servers may share it. */
  readonly dataDir: string;
  /** 0, the default: any. The host is always 127.0.0.1. */
  readonly port?: number;
  /** Created at the start where they are missing. */
  readonly vaults?: readonly string[];
  /** Default: DEMO_CREDENTIALS. */
  readonly accessKeyId?: string;
  readonly secretAccessKey?: string;
  /** `lenient` serves anyone. Default: verify. */
  readonly signature?: 'verify' | 'lenient';
  /** An upload idle for this long is gone. Default: 24 hours; null: never. */
  readonly uploadTtlMs?: number | null;
  /** How old a signature may be, judged after the body is in. Default: 5 minutes. */
  readonly signatureWindowMs?: number;
  /** Every answer takes this much longer. Default: 0. */
  readonly latencyMs?: number;
  /** How fast streamed bodies are read, by all connections together. Default: null, as fast as they come. */
  readonly bandwidthBytesPerSecond?: number | null;
  /** `KIND[@OPERATION][:WHEN]`, see docs/emulator.md. */
  readonly faults?: readonly string[];
  /** False: bodies are checked and then dropped, so that a load test needs no disk. Default: true. */
  readonly keepsBytes?: boolean;
  /** Told of each fault that is injected. */
  readonly onFault?: (kind: FaultKind, operation: Operation) => void;
  /** How long a retrieval job takes. Default: 0. */
  readonly jobDelayMs?: number;
  /** For how long a repeated complete or abort is answered like the first. Default: 1 hour. */
  readonly repeatWindowMs?: number;
  /** How often vaults are counted by themselves. Default: 24 hours; null: only by an inventory job. */
  readonly inventoryIntervalMs?: number | null;
}

export interface Emulator {
  /** `http://127.0.0.1:PORT` */
  readonly url: string;
  readonly port: number;
  readonly accountId: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Ends all connections at once; the data stays on disk. Idempotent. */
  close(): Promise<void>;
}

/** Public on purpose: they open nothing but an emulator. */
export const DEMO_CREDENTIALS = {
  accessKeyId: 'AKIDCALVEDEMOEXAMPLE',
  secretAccessKey: 'calve/demo/secret/that/opens/nothing/key',
} as const;

const ACCOUNT_ID = '111122223333';
const DAY_MS = 24 * 3600 * 1000;
/** Longer than clients keep idle connections, so that none is closed just when it is used again. */
const KEEP_ALIVE_MS = 65_000;

interface Front {
  readonly rules: AuthRules;
  readonly service: Service;
  readonly faults: FaultPlan;
  readonly onFault: (kind: FaultKind, operation: Operation) => void;
  readonly pacer: Pacer | null;
  readonly latencyMs: number;
  readonly closing: AbortController;
  readonly underWay: Set<Promise<void>>;
}

/**
 * Starts a server; it listens when this resolves.
 * @throws FaultSpecError for a fault that cannot be read; RangeError for an illegal vault name
 */
export async function startEmulator(options: EmulatorOptions): Promise<Emulator> {
  const faults = new FaultPlan((options.faults ?? []).map(parseFaultSpec));
  const illegal = (options.vaults ?? []).find((name) => !isVaultName(name));
  if (illegal !== undefined)
    throw new RangeError(`"${illegal}" is not a vault name: 1 to 255 of a-zA-Z0-9_.-`);
  const store = await openStore(options.dataDir, {
    uploadTtlMs: options.uploadTtlMs === undefined ? DAY_MS : options.uploadTtlMs,
    repeatWindowMs: options.repeatWindowMs ?? DAY_MS / 24,
    inventoryIntervalMs: options.inventoryIntervalMs === undefined ? DAY_MS : options.inventoryIntervalMs,
    keepsBytes: options.keepsBytes ?? true,
  });
  for (const name of options.vaults ?? []) await createVault(store, name);
  const bandwidth = options.bandwidthBytesPerSecond ?? null;
  const front: Front = {
    rules: authRules(options),
    service: { store, accountId: ACCOUNT_ID, jobDelayMs: options.jobDelayMs ?? 0 },
    faults,
    onFault: options.onFault ?? (() => undefined),
    pacer: bandwidth === null ? null : new Pacer(bandwidth),
    latencyMs: options.latencyMs ?? 0,
    closing: new AbortController(),
    underWay: new Set(),
  };
  const server = createServer({ requestTimeout: 0, keepAliveTimeout: KEEP_ALIVE_MS });
  server.on('request', (request, response) => accept(front, request, response, false));
  server.on('checkContinue', (request, response) => accept(front, request, response, true));
  const port = await listen(server, options.port ?? 0);
  const { accessKeyId, secretAccessKey } = front.rules;
  const close = () => shutDown(server, front);
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    accountId: ACCOUNT_ID,
    accessKeyId,
    secretAccessKey,
    close,
  };
}

function authRules(options: EmulatorOptions): AuthRules {
  return {
    accessKeyId: options.accessKeyId ?? DEMO_CREDENTIALS.accessKeyId,
    secretAccessKey: options.secretAccessKey ?? DEMO_CREDENTIALS.secretAccessKey,
    signature: options.signature ?? 'verify',
    signatureWindowMs: options.signatureWindowMs ?? 5 * 60 * 1000,
  };
}

function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
  });
}

async function shutDown(server: Server, front: Front): Promise<void> {
  front.closing.abort();
  server.close();
  server.closeAllConnections();
  await Promise.all(front.underWay);
  closeStore(front.service.store);
}

function accept(front: Front, request: IncomingMessage, response: ServerResponse, awaited: boolean): void {
  const exchange = new Exchange(request, response, awaited);
  const work = serve(front, exchange)
    // Not even a refusal could be sent: the connection is gone, or has to go.
    .catch(() => void exchange.socket.destroy())
    .finally(() => front.underWay.delete(work));
  front.underWay.add(work);
}

async function serve(front: Front, exchange: Exchange): Promise<void> {
  const route = findRoute(exchange.request.method ?? '', splitUrl(exchange).path);
  if (front.pacer !== null) exchange.stages.push(paced(front.pacer));
  if (front.latencyMs > 0) {
    await wait(front.latencyMs, undefined, { ref: false, signal: front.closing.signal });
  }
  const reply = await replyTo(front, exchange, route).catch((error: unknown) => refusal(error));
  if (reply !== null && !exchange.socket.destroyed) await exchange.send(reply);
}

async function replyTo(front: Front, exchange: Exchange, route: Route | null): Promise<Reply | null> {
  const work = () => answer(exchange, route, front.rules, front.service);
  const fault = route === null ? null : front.faults.next(route.operation);
  if (route === null || fault === null) return work();
  const { operation } = route;
  front.onFault(fault, operation);
  return misbehave(fault, { exchange, operation, work, closing: front.closing.signal });
}

/** What is not a refusal of the service is trouble of the emulator's own (a full disk): the client may try again. */
function refusal(error: unknown): Reply {
  const trouble = error instanceof Error ? error.message : String(error);
  const known =
    error instanceof ServiceError ? error : new ServiceError('ServiceUnavailableException', trouble);
  return { status: known.status, headers: { 'content-type': 'application/json' }, body: known.toJson() };
}
