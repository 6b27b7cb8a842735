/** What each fault does to a request. */
import { setTimeout as wait } from 'node:timers/promises';
import type { Reply } from '../handlers/api-request.js';
import { basicTime } from '../http/authenticate.js';
import type { Exchange } from '../http/http-exchange.js';
import { type ErrorCode, ServiceError } from '../http/service-error.js';
import { type Operation, SUCCESS_STATUS } from '../operations.js';
import { cutAfter, Pacer, paced } from './bandwidth.js';
import type { FaultKind } from './fault-plan.js';

/** How long a `slow` request takes, in ms, whatever its size. */
const SLOW_MS = 3_000;
const MINUTE_MS = 60_000;
const HTML = '<html><head><title>503 Service Unavailable</title></head><body>Try again later.</body></html>';

interface Victim {
  readonly exchange: Exchange;
  readonly operation: Operation;
  /** What would have happened. */
  readonly work: () => Promise<Reply>;
  /** Ends waits when the server closes. */
  readonly closing: AbortSignal;
}

/**
 * @returns what to send; null when nothing is to be sent any more
 * @throws ServiceError for the faults that are refusals
 */
export async function misbehave(kind: FaultKind, victim: Victim): Promise<Reply | null> {
  const { exchange, work } = victim;
  switch (kind) {
    case 'unavailable':
      return refuse(exchange, 'ServiceUnavailableException', 'Service unavailable');
    case 'throttle':
      return refuse(exchange, 'ThrottlingException', 'Rate exceeded');
    case 'expired':
      return refuse(exchange, 'InvalidSignatureException', expiredMessage());
    case 'denied':
      return refuse(exchange, 'AccessDeniedException', 'Access denied');
    case 'no-longer-supported':
      return refuse(
        exchange,
        'NoLongerSupportedException',
        'This API is no longer supported for new accounts. Please use Amazon S3 Glacier storage classes instead.',
      );
    case 'timeout':
      // The service waited for the body and gave up, so the body is not read.
      throw new ServiceError('RequestTimeoutException', 'Request timed out.');
    case 'reset':
      return resetMidBody(exchange, work);
    case 'lost-answer':
      await work().finally(() => exchange.cut());
      return null;
    case 'html':
      await exchange.drain();
      return { status: 503, headers: { 'content-type': 'text/html' }, body: HTML };
    case 'empty':
      await exchange.drain();
      return { status: 500, headers: {}, body: '' };
    case 'wrong-hash':
      return withWrongHash(await work());
    case 'garbage':
      return garbage(victim);
    case 'slow':
      return slowly(victim);
    case 'hang':
      await exchange.drain();
      await exchange.closed();
      return null;
  }
}

async function refuse(exchange: Exchange, code: ErrorCode, message: string): Promise<never> {
  await exchange.drain();
  throw new ServiceError(code, message);
}

function expiredMessage(): string {
  const nowMs = Date.now();
  const [sent, edge] = [basicTime(nowMs - 9 * MINUTE_MS), basicTime(nowMs - 5 * MINUTE_MS)];
  return `Signature expired: ${sent} is now earlier than ${edge} (${basicTime(nowMs)} - 5 min.)`;
}

async function resetMidBody(exchange: Exchange, work: () => Promise<Reply>): Promise<null> {
  if (exchange.bodyBytes > 0) {
    exchange.stages.push(cutAfter(exchange.bodyBytes / 2, () => exchange.cut()));
    await work().catch(() => {});
  }
  exchange.cut();
  return null;
}

/** The first digit of the tree hash is another one. */
function withWrongHash(reply: Reply): Reply {
  const hash = reply.headers['x-amz-sha256-tree-hash'];
  if (hash === undefined) return reply;
  const wrong = `${hash.startsWith('0') ? '1' : '0'}${hash.slice(1)}`;
  return { ...reply, headers: { ...reply.headers, 'x-amz-sha256-tree-hash': wrong } };
}

/** A listing is cut in half; of anything else nothing is done, and a page that is not the service's says all is well. */
async function garbage({ exchange, operation, work }: Victim): Promise<Reply> {
  const status = SUCCESS_STATUS[operation];
  if (status === 200 && operation !== 'job-output') {
    const reply = await work();
    const text = typeof reply.body === 'string' ? reply.body : '';
    return { ...reply, body: text.slice(0, text.length / 2) };
  }
  await exchange.drain();
  if (status === 204) return { status, headers: {}, body: '' };
  return { status, headers: { 'content-type': 'text/html' }, body: HTML };
}

async function slowly({ exchange, work, closing }: Victim): Promise<Reply> {
  if (exchange.bodyBytes === 0) await wait(SLOW_MS, undefined, { ref: false, signal: closing });
  else exchange.stages.push(paced(new Pacer((exchange.bodyBytes / SLOW_MS) * 1000)));
  return work();
}
