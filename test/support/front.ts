/**
 * A transparent front before a server: it counts what passes, and can hold a request back before it is forwarded or
 * an answer after the work was done, so that a test can end the client at that very instant.
 */
import {
  createServer,
  request as httpRequest,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Cleanup } from './temp.js';

export interface Passing {
  readonly method: string;
  readonly path: string;
  /** `bytes 0-1048575/*` of a part, else null. */
  readonly range: string | null;
  /** `x-amz-sha256-tree-hash` as the client sent it, else null. */
  readonly treeHash: string | null;
  /** Of temporary credentials, else null. */
  readonly token: string | null;
}

/** What a service says instead of doing it. */
export interface Refusal {
  readonly status: number;
  readonly code: string;
  readonly message: string;
  readonly headers?: Readonly<Record<string, string>>;
}

type Verdict = 'pass' | 'hold' | Refusal;

export interface FrontHooks {
  /** Before it is forwarded, as soon as this resolves. `hold`: never forwarded, never answered. A refusal: answered so. */
  readonly before?: (passing: Passing) => Verdict | Promise<Verdict>;
  /** After the server answered. `hold`: the answer is never given. `cut`: the connection ends instead. */
  readonly after?: (
    passing: Passing,
    status: number,
    headers: IncomingHttpHeaders,
  ) => 'pass' | 'hold' | 'cut';
}

export interface Front {
  readonly url: string;
  /** Everything that was forwarded, in order. */
  readonly passed: readonly Passing[];
}

function passingOf(request: IncomingMessage): Passing {
  const {
    'content-range': range,
    'x-amz-sha256-tree-hash': treeHash,
    'x-amz-security-token': token,
  } = request.headers;
  return {
    method: request.method ?? '',
    path: request.url ?? '',
    range: range ?? null,
    treeHash: typeof treeHash === 'string' ? treeHash : null,
    token: typeof token === 'string' ? token : null,
  };
}

function refuse(request: IncomingMessage, response: ServerResponse, refusal: Refusal): void {
  const { status, code, message, headers } = refusal;
  request.resume().on('end', () => {
    response.writeHead(status, {
      'content-type': 'application/json',
      'x-amzn-requestid': 'front',
      ...headers,
    });
    response.end(JSON.stringify({ message, code, type: 'Client' }));
  });
}

export async function startFront(t: Cleanup, upstream: string, hooks: FrontHooks = {}): Promise<Front> {
  const { hostname, port } = new URL(upstream);
  const passed: Passing[] = [];
  const server = createServer(async (request, response) => {
    const passing = passingOf(request);
    const verdict = (await hooks.before?.(passing)) ?? 'pass';
    if (verdict === 'hold' || request.destroyed) return;
    if (verdict !== 'pass') return refuse(request, response, verdict);
    passed.push(passing);
    forward(request, response, passing);
  });

  function forward(request: IncomingMessage, response: ServerResponse, passing: Passing): void {
    const { method, url: path, headers } = request;
    // Headers pass as they came, the host too: it is signed.
    const onward = httpRequest({ hostname, port, method, path, headers }, (answer) => {
      const status = answer.statusCode ?? 0;
      const what = hooks.after?.(passing, status, answer.headers) ?? 'pass';
      if (what !== 'pass') {
        answer.resume();
        if (what === 'cut') response.destroy();
        return;
      }
      response.writeHead(status, answer.headers);
      answer.pipe(response);
    });
    onward.on('error', () => response.destroy());
    request.on('error', () => onward.destroy());
    request.on('aborted', () => onward.destroy());
    request.pipe(onward);
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, passed };
}

/** Whether it is a part of an upload. */
export function isPart(passing: Passing): boolean {
  return passing.method === 'PUT' && passing.range !== null;
}

export function isBegin(passing: Passing): boolean {
  return passing.method === 'POST' && passing.path.endsWith('/multipart-uploads');
}

export function isAbort(passing: Passing): boolean {
  return passing.method === 'DELETE' && passing.path.includes('/multipart-uploads/');
}

export function isComplete(passing: Passing): boolean {
  return passing.method === 'POST' && /\/multipart-uploads\/./.test(passing.path);
}

export function isPartList(passing: Passing): boolean {
  return passing.method === 'GET' && /\/multipart-uploads\/./.test(passing.path);
}
