/** A request on its way through the service, and the answer to it. */
import type { IncomingHttpHeaders } from 'node:http';
import type { Readable } from 'node:stream';
import type { BodyHashes } from '../http/body-writer.js';
import { vaultNotFound } from '../http/service-error.js';
import type { Route } from '../operations.js';
import type { PartWriter } from '../store/parts.js';
import type { Store } from '../store/store.js';
import { findVault } from '../store/vaults.js';

export interface Service {
  readonly store: Store;
  /** The account number that answers carry, also where `-` was asked. */
  readonly accountId: string;
  readonly jobDelayMs: number;
}

export interface Call extends Route {
  readonly headers: IncomingHttpHeaders;
  readonly query: URLSearchParams;
  readonly region: string;
  /** The whole body of a call that does not stream; else empty. */
  readonly body: Buffer;
  /**
   * Streams the body to where it goes, then judges the clock and the payload hash.
   * @throws ServiceError InvalidSignatureException; then nothing of it may count
   */
  receive(place: Pick<PartWriter, 'file' | 'position'>): Promise<BodyHashes>;
}

export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Readable;
}

export type Handler = (call: Call, service: Service) => Promise<Reply>;

export const JSON_TYPE = { 'content-type': 'application/json' };

export function vaultPath(call: Call, service: Service): string {
  return `/${service.accountId}/vaults/${call.vaultName}`;
}

export function vaultArn(call: Call, service: Service, name = call.vaultName): string {
  return `arn:aws:glacier:${call.region}:${service.accountId}:vaults/${name}`;
}

/** The folder of the vault that the path names. @throws ServiceError ResourceNotFoundException */
export async function requireVault(call: Call, service: Service): Promise<string> {
  const folder = await findVault(service.store, call.vaultName);
  if (folder === null) throw vaultNotFound(vaultArn(call, service));
  return folder;
}
