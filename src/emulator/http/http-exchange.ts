/** One HTTP request and its answer: bodies in, replies out, and connections left in a state that can be trusted. */
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { finished, type Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as wait } from 'node:timers/promises';
import type { Reply } from '../handlers/api-request.js';
import { newRequestId } from '../ids.js';
import type { PartWriter } from '../store/parts.js';
import { type BodyHashes, BodyWriter } from './body-writer.js';
import { ServiceError } from './service-error.js';

/** Job orders are the only bodies that are not streamed. */
const SMALL_BODY_MAX_BYTES = 1024 * 1024;
/** A body that stands still for this long is given up, and its connection with it. */
const BODY_IDLE_MS = 120_000;
/** After an answer that came before the body's end: how long the client may take to notice. */
const LINGER_MS = 2_000;

export class Exchange {
  readonly request: IncomingMessage;
  /** Kept here, because a request that was destroyed has none any more. */
  readonly socket: Socket;
  /** What the body goes through on its way in. */
  readonly stages: Transform[] = [];
  private readonly response: ServerResponse;
  /** The client waits for a word before it sends its body (`Expect: 100-continue`). */
  private awaited: boolean;

  constructor(request: IncomingMessage, response: ServerResponse, awaited: boolean) {
    this.request = request;
    this.socket = request.socket;
    this.response = response;
    this.awaited = awaited;
    // A connection that breaks is seen by whoever reads or writes; nobody else need hear of it.
    request.on('error', () => {});
    response.on('error', () => {});
  }

  /** As announced; 0 where nothing was. */
  get bodyBytes(): number {
    return Number(this.request.headers['content-length'] ?? 0);
  }

  /** The whole body, in memory. @throws ServiceError for one that no call has a use for */
  async readSmallBody(): Promise<Buffer> {
    this.letSend();
    const pieces: Buffer[] = [];
    let sizeBytes = 0;
    for await (const piece of this.request as AsyncIterable<Buffer>) {
      sizeBytes += piece.length;
      if (sizeBytes <= SMALL_BODY_MAX_BYTES) pieces.push(piece);
    }
    if (sizeBytes > SMALL_BODY_MAX_BYTES) throw new ServiceError('BadRequest', 'The body is too large');
    return Buffer.concat(pieces);
  }

  /** Streams the body to its place. When this returns or throws, nothing is being written any more. */
  async receive(place: Pick<PartWriter, 'file' | 'position'>): Promise<BodyHashes> {
    this.letSend();
    const writer = new BodyWriter(place.file, place.position);
    this.socket.setTimeout(BODY_IDLE_MS);
    try {
      await pipeline([this.request, ...this.stages, writer]);
      return writer.result();
    } finally {
      this.socket.setTimeout(0);
      await writer.settled();
    }
  }

  /** Reads what is left of the body, and forgets it. */
  async drain(): Promise<void> {
    if (this.isDrained()) return;
    this.letSend();
    this.request.resume();
    await bodyEnd(this.request);
  }

  /** Resolves when the connection is gone. */
  async closed(): Promise<void> {
    if (!this.socket.destroyed) await once(this.socket, 'close');
  }

  /** Ends the connection with a reset. */
  cut(): void {
    this.socket.resetAndDestroy();
  }

  async send(reply: Reply): Promise<void> {
    // Little is left: reading it keeps the connection. Much: the client should hear now that it is for nothing.
    const little = this.bodyBytes <= SMALL_BODY_MAX_BYTES && !this.isChunked();
    if (!this.awaited && little) await this.drain();
    const lingers = !this.isDrained();
    const { response } = this;
    response.writeHead(reply.status, {
      'x-amzn-RequestId': newRequestId(),
      ...reply.headers,
      ...(typeof reply.body === 'string' && reply.status !== 204
        ? { 'content-length': String(Buffer.byteLength(reply.body)) }
        : {}),
      ...(lingers ? { connection: 'close' } : {}),
    });
    if (typeof reply.body !== 'string') return pipeline(reply.body, response);
    if (!lingers) return void response.end(reply.body);
    response.flushHeaders();
    if (reply.body !== '') response.write(reply.body);
    await this.linger();
    response.end();
  }

  /** Closing with unread bytes would reset the connection, and the answer might be lost with it. */
  private async linger(): Promise<void> {
    if (this.awaited) return;
    this.request.resume();
    const done = new AbortController();
    const late = wait(LINGER_MS, undefined, { ref: false, signal: done.signal }).catch(() => {});
    await Promise.race([bodyEnd(this.request), late]);
    done.abort();
  }

  private isDrained(): boolean {
    return (this.bodyBytes === 0 && !this.isChunked()) || this.request.complete;
  }

  private isChunked(): boolean {
    return this.request.headers['transfer-encoding'] !== undefined;
  }

  private letSend(): void {
    if (this.awaited) this.response.writeContinue();
    this.awaited = false;
  }
}

/** Resolves when no more of the body will come, for whatever reason. */
function bodyEnd(request: IncomingMessage): Promise<void> {
  return new Promise((resolve) => {
    finished(request, { writable: false }, () => resolve());
  });
}
