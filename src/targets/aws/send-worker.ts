/**
 * Runs in a sending thread: sends requests whose bytes another thread has read, over connections of its own, with the
 * SDK's own handler and the limits of the main thread.
 */
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { parentPort, workerData } from 'node:worker_threads';
import { HttpRequest } from '@smithy/core/protocols';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { openLocation, SentBytes } from './body-stream.js';
import { httpAgents } from './http-agents.js';
import { proxyRules } from './proxy.js';
import {
  errorToData,
  type FromThread,
  type ThreadAnswer,
  type ThreadOptions,
  type ToThread,
} from './thread-messages.js';

const HEARTBEAT_INTERVAL_MS = 500;

const { proxyEnv, heartbeat, ...line } = workerData as ThreadOptions;
const handler = new NodeHttpHandler({
  ...httpAgents({ ...line, proxies: proxyRules(proxyEnv) }),
  // The agents have the time limits (see answer-limits.ts).
  socketTimeout: 0,
});
const requests = new Map<number, AbortController>();

type SendMessage = Extract<ToThread, { kind: 'send' }>;

async function answerOf(
  { request, location, sent }: SendMessage,
  ending: AbortController,
): Promise<ThreadAnswer> {
  const body = new SentBytes(sent).count(openLocation(location));
  // Without the abort the request would wait forever for a body that cannot be read.
  body.on('error', (error) => ending.abort(error));
  try {
    const whole = new HttpRequest({ ...request, body });
    const { response } = await handler.handle(whole, { abortSignal: ending.signal });
    const { statusCode, reason, headers } = response;
    return { statusCode, reason, headers, body: await buffer(response.body as Readable) };
  } catch (error) {
    throw ending.signal.aborted ? ending.signal.reason : error;
  } finally {
    // A response that arrives before the whole body was sent leaves the connection unusable, so it is closed.
    if (!body.readableEnded) ending.abort();
    body.destroy();
    if (!body.closed) await once(body, 'close');
  }
}

async function send(message: SendMessage): Promise<void> {
  const { id } = message;
  const ending = new AbortController();
  requests.set(id, ending);
  let reply: FromThread;
  try {
    reply = { id, answer: await answerOf(message, ending) };
  } catch (error) {
    reply = { id, error: errorToData(error) };
  }
  requests.delete(id);
  parentPort?.postMessage(reply);
}

const beat = (): number => Atomics.add(new Int32Array(heartbeat), 0, 1);
beat();
setInterval(beat, HEARTBEAT_INTERVAL_MS);
parentPort?.on('message', (message: ToThread) => {
  if (message.kind === 'send') void send(message);
  else requests.get(message.id)?.abort(new Error('the request was aborted'));
});
