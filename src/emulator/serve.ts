/** Serves one HTTP request: delays it and injects a fault if the options say so, and sends the response. */
import { setTimeout as wait } from 'node:timers/promises';
import { dispatch } from './dispatch.js';
import { type BandwidthLimit, limitBandwidth } from './faults/bandwidth.js';
import type { FaultKind, FaultPlan } from './faults/fault-plan.js';
import { injectFault } from './faults/inject-fault.js';
import type { Service } from './handlers/api-request.js';
import { type ApiResponse, errorResponse } from './http/api-response.js';
import type { AuthRules } from './http/authenticate.js';
import type { HttpExchange } from './http/http-exchange.js';
import { ServiceError } from './http/service-error.js';
import { isError } from './is-error.js';
import { findRoute, type Operation } from './operations.js';

export interface ServeContext {
  readonly rules: AuthRules;
  readonly service: Service;
  readonly faults: FaultPlan;
  readonly onFault: (kind: FaultKind, operation: Operation) => void;
  /** All connections share it; null without a limit. */
  readonly bandwidth: BandwidthLimit | null;
  readonly latencyMs: number;
  /** Aborted when the server closes. */
  readonly closing: AbortSignal;
}

export async function serve(context: ServeContext, exchange: HttpExchange): Promise<void> {
  const { bandwidth, latencyMs, closing } = context;
  if (bandwidth !== null) exchange.bodyTransforms.push(limitBandwidth(bandwidth));
  if (latencyMs > 0) await wait(latencyMs, undefined, { ref: false, signal: closing });
  const response = await respond(context, exchange).catch(refusal);
  if (response !== null && !exchange.socket.destroyed) await exchange.send(response);
}

async function respond(context: ServeContext, exchange: HttpExchange): Promise<ApiResponse | null> {
  const route = findRoute(exchange.request.method ?? '', exchange.path);
  const perform = () => dispatch(exchange, route, context.rules, context.service);
  const fault = route === null ? null : context.faults.next(route.operation);
  if (route === null || fault === null) return perform();
  const { operation } = route;
  context.onFault(fault, operation);
  return injectFault(fault, { exchange, operation, perform, closing: context.closing });
}

/** Any other error is a problem of the emulator itself, such as a full disk. The client may try again. */
function refusal(error: unknown): ApiResponse {
  if (error instanceof ServiceError) return errorResponse(error);
  const message = isError(error) ? error.message : String(error);
  return errorResponse(new ServiceError('ServiceUnavailableException', message));
}
