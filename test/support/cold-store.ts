/**
 * A server before an object store that gives it cold storage classes, which no store that runs on one machine has: it
 * refuses to read an object until the object was restored, and checks the request that restores it. Everything else
 * passes through. It is also a proxy for plain http, so that a client reaches buckets in host names without DNS.
 * Source: Amazon S3 API Reference, RestoreObject and HeadObject; Huawei OBS API reference, "POST Object restore".
 */
import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import type { Cleanup } from './temp.js';

interface RestoreCall {
  readonly host: string;
  readonly path: string;
  readonly days: number;
  readonly tier: string;
}

export interface ColdStore {
  readonly url: string;
  /** The requests to restore an object, in order. */
  readonly restores: RestoreCall[];
  /** How often it was refused to read an object that is not restored. */
  readonly refused: string[];
  /** The CRC32 in Base64 that HEAD shows of every object, if it is asked for; null: none. */
  crc32: string | null;
}

type State = 'cold' | 'restoring' | 'restored';

export async function startColdStore(t: Cleanup, upstream: string): Promise<ColdStore> {
  const states = new Map<string, State>();
  const server = createServer((request, response) => void answer(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const store: ColdStore = { url, restores: [], refused: [], crc32: null };

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = '', headers } = request;
    // A client that has a proxy sends the whole URL.
    const { host, pathname, search, searchParams } = new URL(request.url ?? '', `http://${headers.host}`);
    const object = `${host}${pathname}`;
    const state = states.get(object) ?? 'cold';
    if (method === 'POST' && searchParams.has('restore')) {
      const call = readRestore(await text(request));
      if (call === null) return refuse(response, 400, 'MalformedXML');
      store.restores.push({ host, path: pathname, ...call });
      if (state === 'restoring') return refuse(response, 409, 'RestoreAlreadyInProgress');
      if (state === 'cold') states.set(object, 'restoring');
      response.writeHead(state === 'cold' ? 202 : 200).end();
      return;
    }
    const isRead = method === 'GET' && search === '' && pathname.split('/').length > 2;
    if (isRead && state !== 'restored') {
      store.refused.push(object);
      return refuse(response, 403, 'InvalidObjectState');
    }
    const more = method === 'HEAD' ? restoreHeaders(state) : {};
    // The copy is ready after one look at it.
    if (method === 'HEAD' && state === 'restoring') states.set(object, 'restored');
    const isAsked = method === 'HEAD' && headers['x-amz-checksum-mode'] === 'ENABLED' && store.crc32 !== null;
    const checksum = isAsked ? { 'x-amz-checksum-crc32': store.crc32 ?? '' } : {};
    forward(request, response, { path: pathname + search, more: { ...more, ...checksum } });
  }

  function forward(
    request: IncomingMessage,
    response: ServerResponse,
    { path, more }: { readonly path: string; readonly more: Readonly<Record<string, string>> },
  ): void {
    const { hostname, port } = new URL(upstream);
    const { method, headers } = request;
    const onward = httpRequest({ hostname, port, method, path, headers, agent: false });
    onward.on('response', (reply) => {
      response.writeHead(reply.statusCode ?? 0, { ...reply.headers, ...more });
      reply.pipe(response);
    });
    onward.on('error', () => response.destroy());
    request.pipe(onward);
  }

  return store;
}

/** Returns the facts of a request to restore an object; null: a service would refuse it. */
function readRestore(body: string): Pick<RestoreCall, 'days' | 'tier'> | null {
  const form =
    /^(?:<\?xml[^>]*\?>)?\s*<RestoreRequest(?: xmlns="[^"]+")?><Days>(\d+)<\/Days><GlacierJobParameters><Tier>(Expedited|Standard|Bulk)<\/Tier><\/GlacierJobParameters><\/RestoreRequest>$/;
  const [, days, tier = ''] = form.exec(body.trim()) ?? [];
  return days === undefined || Number(days) < 1 ? null : { days: Number(days), tier };
}

function restoreHeaders(state: State): Record<string, string> {
  const storageClass = { 'x-amz-storage-class': 'DEEP_ARCHIVE' };
  if (state === 'cold') return storageClass;
  const ready = 'ongoing-request="false", expiry-date="Fri, 21 Dec 2035 00:00:00 GMT"';
  return { ...storageClass, 'x-amz-restore': state === 'restored' ? ready : 'ongoing-request="true"' };
}

function refuse(response: ServerResponse, status: number, code: string): void {
  const body = `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>${code}</Message></Error>`;
  response.writeHead(status, { 'content-type': 'application/xml' }).end(body);
}
