/** A small HTTP client that signs and sends any request, legal or not. */
import { createHash } from 'node:crypto';
import { Agent, request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { DEMO_CREDENTIALS } from '../../../src/emulator/server.js';
import { amzDate, type Credentials, sha256, sign } from './signer.js';

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  readonly bytes: Buffer;
}

export interface RequestSpec {
  readonly method: string;
  readonly path: string;
  /** Sent as they are; null omits one of the default headers. */
  readonly headers?: Readonly<Record<string, string | null>>;
  readonly body?: Buffer | string | Readable;
  /** Required if the body is a stream. */
  readonly payloadHash?: string;
  readonly credentials?: Credentials;
  readonly timeMs?: number;
  /** Changes the headers after they were signed. */
  readonly tamper?: (headers: Record<string, string>) => void;
  readonly agent?: Agent;
}

/** Uses one connection for each request, so that no connection outlives a test. */
const oneShotAgent = new Agent({ keepAlive: false });

/** Sends one signed request. @throws Error without a response */
export async function sendSigned(url: string, spec: RequestSpec): Promise<Answer> {
  const { host } = new URL(url);
  const payloadHash =
    spec.payloadHash ?? sha256(spec.body instanceof Readable || spec.body === undefined ? '' : spec.body);
  const defaults: Record<string, string | null> = {
    host,
    'x-amz-date': amzDate(spec.timeMs ?? Date.now()),
    'x-amz-glacier-version': '2012-06-01',
    'x-amz-content-sha256': payloadHash,
    ...spec.headers,
  };
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(defaults)) if (value !== null) headers[name] = value;
  const { method, path } = spec;
  const authorization = sign({ method, path, headers, payloadHash }, spec.credentials ?? DEMO_CREDENTIALS);
  const all = { ...headers, authorization };
  spec.tamper?.(all);
  return sendUnsigned(url, spec, all);
}

/** Sends a request as it is, without a signature. */
export function sendUnsigned(
  url: string,
  spec: RequestSpec,
  headers: Record<string, string>,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const { method, path, body, agent = oneShotAgent } = spec;
    const request = httpRequest(url + path, { method, headers, agent }, async (response) => {
      const pieces: Buffer[] = [];
      try {
        for await (const piece of response as AsyncIterable<Buffer>) pieces.push(piece);
        const bytes = Buffer.concat(pieces);
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          text: bytes.toString(),
          bytes,
        });
      } catch (error) {
        reject(error);
      }
    });
    request.on('error', reject);
    if (body instanceof Readable) pipeline(body, request).catch(reject);
    else request.end(body);
  });
}

/** Returns the tree hash of zeros. All nodes of a level are equal, because the size is a power of two in MiB. */
export function treeHashOfZeros(mebibytes: number): string {
  let digest = createHash('sha256')
    .update(Buffer.alloc(2 ** 20))
    .digest();
  for (let width = mebibytes; width > 1; width /= 2) {
    digest = createHash('sha256').update(digest).update(digest).digest();
  }
  return digest.toString('hex');
}

/** Returns the tree hash of bytes in memory. It is a second, simpler implementation. */
export function treeHash(bytes: Buffer): string {
  let level: Buffer[] = [];
  for (let i = 0; i < Math.max(bytes.length, 1); i += 2 ** 20) {
    level.push(
      createHash('sha256')
        .update(bytes.subarray(i, i + 2 ** 20))
        .digest(),
    );
  }
  while (level.length > 1) {
    const parents: Buffer[] = [];
    for (let i = 0; i + 1 < level.length; i += 2) {
      parents.push(
        createHash('sha256')
          .update(Buffer.concat(level.slice(i, i + 2)))
          .digest(),
      );
    }
    level = level.length % 2 === 1 ? [...parents, ...level.slice(-1)] : parents;
  }
  return (level[0] as Buffer).toString('hex');
}
