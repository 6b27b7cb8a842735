/** The input of the handlers: one request of the API, and the service that answers it. */
import type { IncomingHttpHeaders } from 'node:http';
import type { ApiResponse } from '../http/api-response.js';
import type { BodyDestination, BodyHashes } from '../http/body-writer.js';
import { vaultNotFound } from '../http/service-error.js';
import type { Route } from '../operations.js';
import type { Store } from '../store/store.js';
import { findVault } from '../store/vaults.js';

export interface Service {
  readonly store: Store;
  /** The account number that responses contain, also when the request says `-`. */
  readonly accountId: string;
  readonly jobDelayMs: number;
}

export interface ApiRequest extends Route {
  readonly headers: IncomingHttpHeaders;
  readonly query: URLSearchParams;
  readonly region: string;
  /** The whole body; empty for operations that stream it. */
  readonly body: Buffer;
  /**
   * Streams the body into a file, then checks the clock and the payload hash.
   * @throws ServiceError InvalidSignatureException; the received bytes must then be discarded
   */
  receiveBody(destination: BodyDestination): Promise<BodyHashes>;
}

export type Handler = (request: ApiRequest, service: Service) => Promise<ApiResponse>;

export function vaultPath(request: ApiRequest, service: Service): string {
  return `/${service.accountId}/vaults/${request.vaultName}`;
}

export function vaultArn(request: ApiRequest, service: Service, name = request.vaultName): string {
  return `arn:aws:glacier:${request.region}:${service.accountId}:vaults/${name}`;
}

/** Returns the folder of the vault that the path names. @throws ServiceError ResourceNotFoundException */
export async function requireVault(request: ApiRequest, service: Service): Promise<string> {
  const folder = await findVault(service.store, request.vaultName);
  if (folder === null) throw vaultNotFound(vaultArn(request, service));
  return folder;
}
