/** Starts a Glacier REST server on loopback that keeps its archives in a folder. docs/emulator.md describes it. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { BandwidthLimit } from './faults/bandwidth.js';
import { type FaultKind, FaultPlan, parseFaultSpec } from './faults/fault-plan.js';
import type { AuthRules } from './http/authenticate.js';
import { HttpExchange } from './http/http-exchange.js';
import type { Operation } from './operations.js';
import { type ServeContext, serve } from './serve.js';
import { closeStore, openStore, type Store } from './store/store.js';
import { createVault, isVaultName } from './store/vaults.js';

export interface EmulatorOptions {
  /** The folder of all state; several servers may share it. */
  readonly dataDir: string;
  /** Default: 0, any free port. The host is always 127.0.0.1. */
  readonly port?: number;
  /** Vaults to create at the start, unless they exist. */
  readonly vaults?: readonly string[];
  /** Default: DEMO_CREDENTIALS. */
  readonly accessKeyId?: string;
  readonly secretAccessKey?: string;
  /** `lenient` accepts every request. Default: verify. */
  readonly signature?: 'verify' | 'lenient';
  /** An upload expires after it was idle for this long. Default: 24 hours; null: never. */
  readonly uploadTtlMs?: number | null;
  /** Maximum age of a signature, checked after the body has arrived. Default: 5 minutes. */
  readonly signatureWindowMs?: number;
  /** Delay of every response. Default: 0. */
  readonly latencyMs?: number;
  /** Rate at which all connections together read streamed bodies. Default: null, no limit. */
  readonly bandwidthBytesPerSecond?: number | null;
  /** Each is `KIND[@OPERATION][:WHEN]`, see docs/emulator.md. */
  readonly faults?: readonly string[];
  /** False: bodies are checked and then discarded, so that a load test needs no disk. Default: true. */
  readonly keepsBytes?: boolean;
  /** Called for each fault that is injected. */
  readonly onFault?: (kind: FaultKind, operation: Operation) => void;
  /** Duration of a retrieval job. Default: 0. */
  readonly jobDelayMs?: number;
  /** A repeated complete or abort gets the first response again for this long. Default: 1 hour. */
  readonly repeatWindowMs?: number;
  /** Interval of a vault's automatic inventory. Default: 24 hours; null: only an inventory job takes one. */
  readonly inventoryIntervalMs?: number | null;
}

export interface Emulator {
  /** `http://127.0.0.1:PORT` */
  readonly url: string;
  readonly port: number;
  readonly accountId: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Closes all connections at once; the data stays on disk. Idempotent. */
  close(): Promise<void>;
}

/** These are public on purpose: they give access to nothing but an emulator. */
export const DEMO_CREDENTIALS = {
  accessKeyId: 'AKIDCALVEDEMOEXAMPLE',
  secretAccessKey: 'calve/demo/secret/that/opens/nothing/key',
} as const;

const ACCOUNT_ID = '111122223333';
const HOUR_MS = 3600 * 1000;
/** Longer than clients keep idle connections, so that the server never closes one that a client is about to use. */
const KEEP_ALIVE_MS = 65_000;

/**
 * Starts a server; it listens when this resolves.
 * @throws FaultSpecError for an illegal fault; RangeError for an illegal vault name
 */
export async function startEmulator(options: EmulatorOptions): Promise<Emulator> {
  const faults = new FaultPlan((options.faults ?? []).map(parseFaultSpec));
  checkVaultNames(options.vaults ?? []);
  const store = await openEmulatorStore(options);
  for (const name of options.vaults ?? []) await createVault(store, name);
  const rules = authRules(options);
  const bandwidth = options.bandwidthBytesPerSecond ?? null;
  const closing = new AbortController();
  const { server, inFlight } = createHttpServer({
    rules,
    service: { store, accountId: ACCOUNT_ID, jobDelayMs: options.jobDelayMs ?? 0 },
    faults,
    onFault: options.onFault ?? (() => undefined),
    bandwidth: bandwidth === null ? null : new BandwidthLimit(bandwidth),
    latencyMs: options.latencyMs ?? 0,
    closing: closing.signal,
  });
  const port = await listen(server, options.port ?? 0);
  const close = async () => {
    closing.abort();
    server.close();
    server.closeAllConnections();
    await Promise.all(inFlight);
    closeStore(store);
  };
  const { accessKeyId, secretAccessKey } = rules;
  const url = `http://127.0.0.1:${port}`;
  return { url, port, accountId: ACCOUNT_ID, accessKeyId, secretAccessKey, close };
}

function checkVaultNames(names: readonly string[]): void {
  const illegal = names.find((name) => !isVaultName(name));
  if (illegal === undefined) return;
  throw new RangeError(`"${illegal}" is not a vault name: 1 to 255 of a-zA-Z0-9_.-`);
}

function openEmulatorStore(options: EmulatorOptions): Promise<Store> {
  const { dataDir, uploadTtlMs, repeatWindowMs, inventoryIntervalMs, keepsBytes } = options;
  return openStore(dataDir, {
    uploadTtlMs: uploadTtlMs === undefined ? 24 * HOUR_MS : uploadTtlMs,
    repeatWindowMs: repeatWindowMs ?? HOUR_MS,
    inventoryIntervalMs: inventoryIntervalMs === undefined ? 24 * HOUR_MS : inventoryIntervalMs,
    keepsBytes: keepsBytes ?? true,
  });
}

function authRules(options: EmulatorOptions): AuthRules {
  return {
    accessKeyId: options.accessKeyId ?? DEMO_CREDENTIALS.accessKeyId,
    secretAccessKey: options.secretAccessKey ?? DEMO_CREDENTIALS.secretAccessKey,
    signature: options.signature ?? 'verify',
    signatureWindowMs: options.signatureWindowMs ?? 5 * 60 * 1000,
  };
}

/** @returns the server, and the requests that it is serving at any time */
function createHttpServer(context: ServeContext): { server: Server; inFlight: ReadonlySet<Promise<void>> } {
  const inFlight = new Set<Promise<void>>();
  const accept = (request: IncomingMessage, response: ServerResponse, awaitsContinue: boolean) => {
    const exchange = new HttpExchange(request, response, awaitsContinue);
    const served = serve(context, exchange)
      // Sending failed, so the connection is closed or has to be closed.
      .catch(() => void exchange.socket.destroy())
      .finally(() => inFlight.delete(served));
    inFlight.add(served);
  };
  const server = createServer({ requestTimeout: 0, keepAliveTimeout: KEEP_ALIVE_MS });
  server.on('request', (request, response) => accept(request, response, false));
  server.on('checkContinue', (request, response) => accept(request, response, true));
  return { server, inFlight };
}

function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
  });
}
