/** One HTTP request and its response. Reads bodies, sends responses, and keeps the connection usable or closes it. */
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { finished, type Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as wait } from 'node:timers/promises';
import { newRequestId } from '../ids.js';
import type { ApiResponse } from './api-response.js';
import { type BodyDestination, type BodyHashes, BodyWriter } from './body-writer.js';
import { ServiceError } from './service-error.js';

/** Limit of a body that is read into memory. Only job parameters are read this way. */
const SMALL_BODY_MAX_BYTES = 1024 * 1024;
/** A connection is closed when its body makes no progress for this long. */
const BODY_IDLE_MS = 120_000;
/** Time that the client has to notice a response that was sent before the end of its body. */
const LINGER_MS = 2_000;

export class HttpExchange {
  readonly request: IncomingMessage;
  /** A copy, because a destroyed request no longer has a socket. */
  readonly socket: Socket;
  /** The body passes through these on its way to the disk. */
  readonly bodyTransforms: Transform[] = [];
  private readonly response: ServerResponse;
  /** The client sent `Expect: 100-continue` and waits for an answer before it sends its body. */
  private awaitsContinue: boolean;

  constructor(request: IncomingMessage, response: ServerResponse, awaitsContinue: boolean) {
    this.request = request;
    this.socket = request.socket;
    this.response = response;
    this.awaitsContinue = awaitsContinue;
    // Whoever reads or writes sees a broken connection. Without these listeners it would also end the process.
    request.on('error', () => {});
    response.on('error', () => {});
  }

  get path(): string {
    return this.url.split('?', 1)[0] ?? '';
  }

  /** The query without the `?`. */
  get query(): string {
    return this.url.split('?').slice(1).join('?');
  }

  /** The announced length of the body; 0 without a `Content-Length`. */
  get bodyBytes(): number {
    return Number(this.request.headers['content-length'] ?? 0);
  }

  /** Reads the whole body into memory. @throws ServiceError if it is larger than any request needs */
  async readSmallBody(): Promise<Buffer> {
    this.sendContinue();
    const pieces: Buffer[] = [];
    let sizeBytes = 0;
    for await (const piece of this.request as AsyncIterable<Buffer>) {
      sizeBytes += piece.length;
      if (sizeBytes <= SMALL_BODY_MAX_BYTES) pieces.push(piece);
    }
    if (sizeBytes > SMALL_BODY_MAX_BYTES) throw new ServiceError('BadRequest', 'The body is too large');
    return Buffer.concat(pieces);
  }

  /** Streams the body into a file. When this returns or throws, no write is running any more. */
  async receiveBody(destination: BodyDestination): Promise<BodyHashes> {
    this.sendContinue();
    const writer = new BodyWriter(destination);
    this.socket.setTimeout(BODY_IDLE_MS);
    try {
      await pipeline([this.request, ...this.bodyTransforms, writer]);
      return writer.result();
    } finally {
      this.socket.setTimeout(0);
      await writer.settled();
    }
  }

  /** Reads the rest of the body and discards it. */
  async discardBody(): Promise<void> {
    if (this.isBodyRead()) return;
    this.sendContinue();
    this.request.resume();
    await bodyEnd(this.request);
  }

  /** Resolves when the connection is closed. */
  async untilClosed(): Promise<void> {
    if (!this.socket.destroyed) await once(this.socket, 'close');
  }

  resetConnection(): void {
    this.socket.resetAndDestroy();
  }

  async send({ status, headers, body }: ApiResponse): Promise<void> {
    // A short rest is read, which keeps the connection. During a long body the client should see the response now.
    const isShort = this.bodyBytes <= SMALL_BODY_MAX_BYTES && !this.isChunked();
    if (!this.awaitsContinue && isShort) await this.discardBody();
    const lingers = !this.isBodyRead();
    const { response } = this;
    response.writeHead(status, {
      'x-amzn-RequestId': newRequestId(),
      ...headers,
      ...(typeof body === 'string' && status !== 204
        ? { 'content-length': String(Buffer.byteLength(body)) }
        : {}),
      ...(lingers ? { connection: 'close' } : {}),
    });
    if (typeof body !== 'string') return pipeline(body, response);
    if (!lingers) return void response.end(body);
    response.flushHeaders();
    if (body !== '') response.write(body);
    await this.linger();
    response.end();
  }

  /** Reads on for a while: closing with unread bytes would reset the connection, and the response could get lost. */
  private async linger(): Promise<void> {
    if (this.awaitsContinue) return;
    this.request.resume();
    const done = new AbortController();
    const timeout = wait(LINGER_MS, undefined, { ref: false, signal: done.signal }).catch(() => {});
    await Promise.race([bodyEnd(this.request), timeout]);
    done.abort();
  }

  private get url(): string {
    return this.request.url ?? '';
  }

  private isBodyRead(): boolean {
    return (this.bodyBytes === 0 && !this.isChunked()) || this.request.complete;
  }

  private isChunked(): boolean {
    return this.request.headers['transfer-encoding'] !== undefined;
  }

  private sendContinue(): void {
    if (this.awaitsContinue) this.response.writeContinue();
    this.awaitsContinue = false;
  }
}

/** Resolves when no more of the body can arrive, whether it is complete or broken off. */
function bodyEnd(request: IncomingMessage): Promise<void> {
  return new Promise((resolve) => {
    finished(request, { writable: false }, () => resolve());
  });
}
