/** Changes the course of a request as its fault demands. */
import { Transform } from 'node:stream';
import { setTimeout as wait } from 'node:timers/promises';
import { type ApiResponse, NO_CONTENT } from '../http/api-response.js';
import { basicTime } from '../http/authenticate.js';
import type { HttpExchange } from '../http/http-exchange.js';
import { type ErrorCode, ServiceError } from '../http/service-error.js';
import { type Operation, SUCCESS_STATUS } from '../operations.js';
import { BandwidthLimit, limitBandwidth } from './bandwidth.js';
import type { FaultKind } from './fault-plan.js';

/** Duration of a `slow` request, whatever its size. */
const SLOW_MS = 3_000;
const MINUTE_MS = 60_000;
const HTML_TYPE = { 'content-type': 'text/html' };
const HTML = '<html><head><title>503 Service Unavailable</title></head><body>Try again later.</body></html>';

export interface FaultyRequest {
  readonly exchange: HttpExchange;
  readonly operation: Operation;
  /** Performs the operation as without a fault. */
  readonly perform: () => Promise<ApiResponse>;
  /** Aborted when the server closes; it ends waits. */
  readonly closing: AbortSignal;
}

/**
 * @returns the response to send; null if nothing more is to be sent
 * @throws ServiceError for the faults that refuse the request
 */
export async function injectFault(kind: FaultKind, request: FaultyRequest): Promise<ApiResponse | null> {
  const { exchange, perform } = request;
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
      // The service waited for the body in vain, so the body is not read.
      throw new ServiceError('RequestTimeoutException', 'Request timed out.');
    case 'reset':
      return resetMidBody(exchange, perform);
    case 'lost-answer':
      await perform().finally(() => exchange.resetConnection());
      return null;
    case 'html':
      await exchange.discardBody();
      return { status: 503, headers: HTML_TYPE, body: HTML };
    case 'empty':
      await exchange.discardBody();
      return { status: 500, headers: {}, body: '' };
    case 'wrong-hash':
      return withWrongHash(await perform());
    case 'garbage':
      return respondWithGarbage(request);
    case 'slow':
      return performSlowly(request);
    case 'hang':
      await exchange.discardBody();
      await exchange.untilClosed();
      return null;
  }
}

async function refuse(exchange: HttpExchange, code: ErrorCode, message: string): Promise<never> {
  await exchange.discardBody();
  throw new ServiceError(code, message);
}

function expiredMessage(): string {
  const nowMs = Date.now();
  const [sent, edge] = [basicTime(nowMs - 9 * MINUTE_MS), basicTime(nowMs - 5 * MINUTE_MS)];
  return `Signature expired: ${sent} is now earlier than ${edge} (${basicTime(nowMs)} - 5 min.)`;
}

async function resetMidBody(exchange: HttpExchange, perform: () => Promise<ApiResponse>): Promise<null> {
  if (exchange.bodyBytes > 0) {
    exchange.bodyTransforms.push(resetAfter(exchange.bodyBytes / 2, exchange));
    await perform().catch(() => {});
  }
  exchange.resetConnection();
  return null;
}

/** Returns a transform that resets the connection once `sizeBytes` have passed. */
function resetAfter(sizeBytes: number, exchange: HttpExchange): Transform {
  let passedBytes = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      passedBytes += chunk.length;
      if (passedBytes < sizeBytes) return done(null, chunk);
      exchange.resetConnection();
      // The reset does not end a body that has already arrived, so the error has to.
      done(new Error('the connection was reset'));
    },
  });
}

/** Changes the first digit of the tree hash. */
function withWrongHash(response: ApiResponse): ApiResponse {
  const hash = response.headers['x-amz-sha256-tree-hash'];
  if (hash === undefined) return response;
  const wrong = `${hash.startsWith('0') ? '1' : '0'}${hash.slice(1)}`;
  return { ...response, headers: { ...response.headers, 'x-amz-sha256-tree-hash': wrong } };
}

/** Cuts a listing in half. Does not perform other operations, and gives them an empty or HTML response of success. */
async function respondWithGarbage({ exchange, operation, perform }: FaultyRequest): Promise<ApiResponse> {
  const status = SUCCESS_STATUS[operation];
  if (status === 200 && operation !== 'job-output') {
    const response = await perform();
    const text = typeof response.body === 'string' ? response.body : '';
    return { ...response, body: text.slice(0, text.length / 2) };
  }
  await exchange.discardBody();
  return status === NO_CONTENT.status ? NO_CONTENT : { status, headers: HTML_TYPE, body: HTML };
}

async function performSlowly({ exchange, perform, closing }: FaultyRequest): Promise<ApiResponse> {
  if (exchange.bodyBytes === 0) await wait(SLOW_MS, undefined, { ref: false, signal: closing });
  else {
    const limit = new BandwidthLimit((exchange.bodyBytes / SLOW_MS) * 1000);
    exchange.bodyTransforms.push(limitBandwidth(limit));
  }
  return perform();
}
