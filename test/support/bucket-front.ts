/**
 * A front before Swift, which counts what passes and in which a test can stand in the way. With OBS's manners it is
 * Huawei OBS: what OBS refuses is refused here, and its answers look as OBS's do. Everything else passes as it came,
 * signatures included, so that a bucket has to be in the host's name.
 * Source: Huawei OBS API reference, "Error Codes" and "Aborting a Multipart Upload".
 */
import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import type { Cleanup } from './temp.js';

interface Refusal {
  readonly status: number;
  readonly code: string;
  readonly message: string;
}

export interface BucketFront {
  /** S3: by address, so that buckets are in the path. OBS: `http://localhost:PORT`, a name, which they go before. */
  readonly url: string;
  /** Method, path and headers of everything that came. */
  readonly passed: readonly BucketPassing[];
}

export interface BucketPassing {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

export interface BucketHooks {
  /** True: it was answered in the service's place, or never will be. False: it passes. */
  readonly instead?: (passing: BucketPassing, response: ServerResponse) => Promise<boolean> | boolean;
  /** After the service did its work. `cut`: the connection ends instead of the answer. */
  readonly after?: (passing: BucketPassing, status: number) => 'pass' | 'cut' | 'hold';
}

function refusalOf({ headers, url = '' }: IncomingMessage): Refusal | null {
  const bucketInHost = /^[^.]+\.localhost(:\d+)?$/.test(headers.host ?? '');
  if (!bucketInHost && url.split('?')[0] !== '/') {
    const message = 'Virtual host domain is required while accessing a specific bucket.';
    return { status: 403, code: 'VirtualHostDomainRequired', message };
  }
  const names = Object.keys(headers);
  const payload = String(headers['x-amz-content-sha256'] ?? '');
  if (names.some((name) => /^x-amz-(sdk-)?checksum-/.test(name)) || payload.startsWith('STREAMING-')) {
    const message = "The provided 'x-amz-content-sha256' header does not match what was computed.";
    return { status: 400, code: 'XAmzContentSHA256Mismatch', message };
  }
  if (headers.expect !== undefined) {
    return { status: 417, code: 'ExpectationFailed', message: 'Expect is not supported.' };
  }
  return null;
}

let requests = 0;

/** Marks as OBS gives them: each request's, and the host's that answered. */
function marks() {
  requests += 1;
  const requestId = `0000018${String(requests).padStart(25, '0')}`;
  return { requestId, hostId: '32AAAQAAEAABAAAQAAEAABAAAQAAEAABCSfront' };
}

function errorBody({ code, message }: Refusal, resource: string): string {
  const { requestId, hostId } = marks();
  const fields = { Code: code, Message: message, Resource: resource, RequestId: requestId, HostId: hostId };
  const xml = Object.entries(fields).map(([name, value]) => `<${name}>${value}</${name}>`);
  return `<?xml version="1.0" encoding="UTF-8"?>\n<Error>${xml.join('')}</Error>`;
}

export function refuse(response: ServerResponse, refusal: Refusal, resource: string): void {
  const { requestId, hostId } = marks();
  const headers = { 'content-type': 'application/xml', 'x-amz-request-id': requestId, 'x-amz-id-2': hostId };
  response.writeHead(refusal.status, headers).end(errorBody(refusal, resource));
}

/** Swift's own error as OBS would put it. */
async function translate(answer: IncomingMessage, response: ServerResponse, resource: string): Promise<void> {
  const body = await text(answer);
  const field = (name: string): string => new RegExp(`<${name}>([^<]*)</${name}>`).exec(body)?.[1] ?? '';
  const status = answer.statusCode ?? 500;
  const code = field('Code');
  const told =
    'The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed.';
  refuse(response, { status, code, message: code === 'NoSuchUpload' ? told : field('Message') }, resource);
}

export async function startBucketFront(
  t: Cleanup,
  upstream: string,
  manners: 's3' | 'obs',
  hooks: BucketHooks = {},
): Promise<BucketFront> {
  const { hostname, port } = new URL(upstream);
  const passed: BucketPassing[] = [];
  const server = createServer(async (request, response) => {
    const { method = '', url: path = '', headers } = request;
    const passing = { method, path, headers };
    passed.push(passing);
    const resource = `/${(headers.host ?? '').split('.')[0]}${path.split('?')[0]}`;
    const refusal = manners === 'obs' ? refusalOf(request) : null;
    if (refusal !== null) {
      request.resume();
      return refuse(response, refusal, resource);
    }
    if ((await hooks.instead?.(passing, response)) === true) return;
    let isAnswered = false;
    const onward = httpRequest({ hostname, port, method, path, headers, agent: false }, (answer) => {
      const status = answer.statusCode ?? 0;
      // Swift answers before it has read all of what it refuses, and ends the connection then.
      isAnswered = true;
      request.unpipe(onward);
      request.resume();
      const what = hooks.after?.(passing, status) ?? 'pass';
      if (what !== 'pass') {
        answer.resume();
        if (what === 'cut') response.destroy();
        return;
      }
      const isObs = manners === 'obs';
      if (isObs && status >= 400 && method !== 'HEAD') return void translate(answer, response, resource);
      const { requestId, hostId } = marks();
      const own = { 'x-amz-request-id': requestId, 'x-amz-id-2': hostId, server: 'OBS' };
      response.writeHead(status, isObs ? { ...answer.headers, ...own } : answer.headers);
      answer.pipe(response);
    });
    onward.on('error', () => {
      if (!isAnswered) response.destroy();
    });
    request.on('error', () => onward.destroy());
    request.on('aborted', () => onward.destroy());
    request.pipe(onward);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });
  const { port: own } = server.address() as AddressInfo;
  return { url: `http://${manners === 'obs' ? 'localhost' : '127.0.0.1'}:${own}`, passed };
}

export function isPart({ method, path }: BucketPassing): boolean {
  return method === 'PUT' && path.includes('partNumber=');
}

export function isBegin({ method, path }: BucketPassing): boolean {
  return method === 'POST' && /[?&]uploads/.test(path);
}

export function isComplete({ method, path }: BucketPassing): boolean {
  return method === 'POST' && path.includes('uploadId=');
}

export function isPartList({ method, path }: BucketPassing): boolean {
  return method === 'GET' && path.includes('uploadId=');
}
