/** A small HTTP client that sends what it is told to, right or wrong, and signs it. */
import { createHash } from 'node:crypto';
import { Agent, type IncomingHttpHeaders, request as send } from 'node:http';
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

export interface Ask {
  readonly method: string;
  readonly path: string;
  /** Sent as they are; null takes one of the usual headers away. */
  readonly headers?: Readonly<Record<string, string | null>>;
  readonly body?: Buffer | string | Readable;
  /** For a body that is a stream. */
  readonly payloadHash?: string;
  readonly credentials?: Credentials;
  readonly timeMs?: number;
  /** Changes the headers after they were signed. */
  readonly tamper?: (headers: Record<string, string>) => void;
  readonly agent?: Agent;
}

/** One connection for each request: nothing lingers after a test. */
const alone = new Agent({ keepAlive: false });

/** Sends one signed request. @throws Error where no answer comes */
export async function ask(url: string, wish: Ask): Promise<Answer> {
  const { host } = new URL(url);
  const payloadHash =
    wish.payloadHash ?? sha256(wish.body instanceof Readable || wish.body === undefined ? '' : wish.body);
  const usual: Record<string, string | null> = {
    host,
    'x-amz-date': amzDate(wish.timeMs ?? Date.now()),
    'x-amz-glacier-version': '2012-06-01',
    'x-amz-content-sha256': payloadHash,
    ...wish.headers,
  };
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(usual)) if (value !== null) headers[name] = value;
  const { method, path } = wish;
  const authorization = sign({ method, path, headers, payloadHash }, wish.credentials ?? DEMO_CREDENTIALS);
  const all = { ...headers, authorization };
  wish.tamper?.(all);
  return exchange(url, wish, all);
}

/** Sends as it is, without a signature. */
export function exchange(url: string, wish: Ask, headers: Record<string, string>): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const { method, path, body, agent = alone } = wish;
    const request = send(url + path, { method, headers, agent }, async (response) => {
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

/** The tree hash of bytes that are in memory, written as plainly as can be. */
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
    const above: Buffer[] = [];
    for (let i = 0; i + 1 < level.length; i += 2) {
      above.push(
        createHash('sha256')
          .update(Buffer.concat(level.slice(i, i + 2)))
          .digest(),
      );
    }
    level = level.length % 2 === 1 ? [...above, ...level.slice(-1)] : above;
  }
  return (level[0] as Buffer).toString('hex');
}
