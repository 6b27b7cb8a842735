/** A service whose responses the test scripts, and which keeps the requests that it received. */
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { buffer } from 'node:stream/consumers';
import type { TestContext } from 'node:test';
import { GLACIER_CAPABILITIES } from '../../src/targets/glacier/capabilities.js';
import { type GlacierTargetOptions, glacierTarget } from '../../src/targets/glacier/target.js';
import { S3_DIALECT } from '../../src/targets/s3/dialect.js';
import { type BucketTargetOptions, bucketTarget } from '../../src/targets/s3/target.js';
import type { Target } from '../../src/transfer/ports/target.js';
import type { Certificate } from '../support/certificates.js';

export interface ReceivedRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  readonly socket: Socket;
}

export type Script = (response: ServerResponse, received: ReceivedRequest) => void;

export interface ScriptedServer {
  readonly url: string;
  /** The requests, in the order in which they were complete. */
  readonly requests: ReceivedRequest[];
}

/**
 * Listens on loopback until the test ends.
 * @param early is called before the body is read; true means that it has handled the request
 * @param certificate makes it a server that speaks TLS
 */
export async function scriptedServer(
  t: TestContext,
  script: Script,
  early: (request: IncomingMessage, response: ServerResponse) => boolean = () => false,
  certificate: Certificate | null = null,
): Promise<ScriptedServer> {
  const requests: ReceivedRequest[] = [];
  const listener = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    if (early(request, response)) return;
    const { method = '', url = '', headers, socket } = request;
    const body = await buffer(request).catch(() => null);
    if (body === null) return;
    const received = { method, url, headers, body, socket };
    requests.push(received);
    script(response, received);
  };
  const server = certificate === null ? createServer(listener) : createSecureServer(certificate, listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const scheme = certificate === null ? 'http' : 'https';
  return { url: `${scheme}://127.0.0.1:${(server.address() as AddressInfo).port}`, requests };
}

const accessKeyId = 'AKIAIOSFODNN7EXAMPLE';
export const secretAccessKey = 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY';

/** The connections of every target: direct, without sending threads. */
const LINE = {
  connectTimeoutMs: 20_000,
  readTimeoutMs: 2000,
  concurrency: 4,
  threads: 1,
  proxies: () => null,
  trust: { verify: true, authorities: null },
  env: {},
};

export function targetAt(
  t: TestContext,
  endpoint: string,
  changes: Partial<GlacierTargetOptions> = {},
): Target {
  const target = glacierTarget({
    vault: 'photos',
    url: 'glacier://photos',
    region: 'eu-west-1',
    endpoint,
    endpointForState: endpoint,
    accountId: '-',
    credentials: { accessKeyId, secretAccessKey },
    profile: null,
    capabilities: GLACIER_CAPABILITIES,
    mayCreateVault: false,
    ...LINE,
    ...changes,
  });
  t.after(() => target.close());
  return target;
}

/** Returns the options of a bucket's target for tests. */
export function bucketOptions(
  endpoint: string,
  changes: Partial<BucketTargetOptions> = {},
): BucketTargetOptions {
  return {
    dialect: S3_DIALECT,
    bucket: 'photos',
    key: 'a/b.tar',
    url: 's3://photos/a/b.tar',
    region: 'eu-west-1',
    endpoint,
    endpointForState: endpoint,
    credentials: { accessKeyId, secretAccessKey },
    profile: null,
    pathStyle: true,
    object: { sse: null, sseKmsKeyId: null, tagging: null },
    requestHeaders: new Map(),
    ...LINE,
    ...changes,
  };
}

/** Opens a bucket's target that is closed when the test ends. */
export function bucketAt(
  t: TestContext,
  endpoint: string,
  changes: Partial<BucketTargetOptions> = {},
): Target {
  const target = bucketTarget(bucketOptions(endpoint, changes));
  t.after(() => target.close());
  return target;
}

export function json(response: ServerResponse, status: number, value: unknown, headers: object = {}): void {
  response.writeHead(status, {
    'content-type': 'application/json',
    'x-amzn-requestid': 'request-1',
    ...headers,
  });
  response.end(JSON.stringify(value));
}

export function refusal(code: string, message: string, status: number): Script {
  return (response) => json(response, status, { code, message, type: 'Client' });
}
