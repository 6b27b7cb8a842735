/**
 * A transparent proxy in front of a service. It records what passes, and a test can hold a request back before it is
 * forwarded, or hold back the answer after the service did its work, and end the client at that instant.
 */
import {
  type ClientRequest,
  createServer,
  request as httpRequest,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { GLACIER, type Protocol } from './front-protocols.js';
import type { Passing, Refusal } from './requests.js';
import type { Cleanup } from './temp.js';

/** `hold`: the request is neither forwarded nor answered. A status alone is an answer without a body. */
type Verdict = 'pass' | 'hold' | Refusal | { readonly status: number; readonly code?: undefined };

export interface FrontHooks {
  /** Decides about a request before it is forwarded. */
  readonly before?: (passing: Passing) => Verdict | Promise<Verdict>;
  /** Decides about an answer. `hold`: it is never given. `cut`: the connection ends instead. */
  readonly after?: (
    passing: Passing,
    status: number,
    headers: IncomingHttpHeaders,
  ) => 'pass' | 'hold' | 'cut';
}

export interface Front {
  readonly url: string;
  /** Everything that no hook stopped, in order. */
  readonly passed: readonly Passing[];
}

/** Starts a front; it ends with the test. */
export async function startFront(
  t: Cleanup,
  upstream: string,
  hooks: FrontHooks = {},
  protocol: Protocol = GLACIER,
): Promise<Front> {
  const passed: Passing[] = [];
  const server = createServer(async (request, response) => {
    const { method = '', url: path = '', headers } = request;
    const passing = { method, path, headers };
    const refusal = protocol.refusalOf?.(passing) ?? null;
    const verdict = refusal ?? (await ask(hooks, passing));
    if (verdict === 'hold' || request.destroyed) return;
    if (verdict === 'pass' || verdict === refusal) passed.push(passing);
    if (verdict === 'pass') return forward(request, response, passing);
    request.resume().on('end', () => {
      if (verdict.code !== undefined) protocol.refuse(response, verdict, passing);
      else response.writeHead(verdict.status).end();
    });
  });

  function forward(request: IncomingMessage, response: ServerResponse, passing: Passing): void {
    const onward = sendOn(upstream, request);
    let isAnswered = false;
    onward.on('response', (answer) => {
      isAnswered = true;
      // A service may answer before it has read the request. The client must be able to finish it all the same.
      request.unpipe(onward).resume();
      answer.on('end', () => onward.destroy());
      const verdict = hooks.after?.(passing, answer.statusCode ?? 0, answer.headers) ?? 'pass';
      if (verdict === 'pass') return protocol.answer(answer, response, passing);
      answer.resume();
      if (verdict === 'cut') response.destroy();
    });
    onward.on('error', () => isAnswered || response.destroy());
    onward.on('close', () => request.resume());
  }

  await listen(t, server);
  return { url: `http://${protocol.hostname}:${(server.address() as AddressInfo).port}`, passed };
}

/** A hook that throws ends the run with a refusal, because a request without an answer would never end. */
async function ask({ before }: FrontHooks, passing: Passing): Promise<Verdict> {
  try {
    return (await before?.(passing)) ?? 'pass';
  } catch (error) {
    return { status: 403, code: 'HookFailed', message: `a hook of the test failed: ${error}` };
  }
}

/** Forwards a request as it came. Its headers stay the same, the host included, because they are signed. */
function sendOn(upstream: string, request: IncomingMessage): ClientRequest {
  const { hostname, port } = new URL(upstream);
  const { method, url: path, headers } = request;
  const onward = httpRequest({ hostname, port, method, path, headers, agent: false });
  request.on('error', () => onward.destroy());
  request.on('aborted', () => onward.destroy());
  return request.pipe(onward);
}

async function listen(t: Cleanup, server: Server): Promise<void> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });
}
