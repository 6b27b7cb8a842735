/**
 * Limits each answer in time and in size. Without limits a server, or something that stands between, could hold a run
 * (and its lock) forever with one byte a second, or fill the memory with a body that has no end.
 */
import { subscribe } from 'node:diagnostics_channel';
import type { ClientRequest, IncomingMessage } from 'node:http';
import { formatDuration, formatSize, MIB_BYTES } from '../../core/units.js';

/** The error of an answer that broke a limit, in words for people. */
export class AnswerError extends Error {
  override readonly name = 'AnswerError';
}

export interface AnswerLimits {
  /** The longest time in which no byte moves, in either direction; null: the request has a limit already. */
  readonly silenceMs: number | null;
  /** The longest time from the last byte of the request to the end of the answer. */
  readonly answerMs: number;
  /** The option from which the times come; null: none. */
  readonly option: string | null;
}

/** A page of a list has 1,000 entries at most. The longest key has 1,024 bytes, each of which XML may write as six. */
const BODY_MAX_BYTES = 8 * MIB_BYTES;
/** Answers with a status 1xx, which may come before the real answer. A server has reasons for a few. */
const INTERIM_MAX = 100;

/** The time for a whole answer, as a multiple of the longest silence. */
const ANSWER_TIMES = 10;
/**
 * The same for complete: S3 sends its answer as white space, for minutes, while it makes the object.
 * Source: Amazon S3 API reference, CompleteMultipartUpload.
 */
const COMPLETE_TIMES = 60;

/** The longest time that a timer of Node takes: 24.8 days. */
export const TIMER_MAX_MS = 2 ** 31 - 1;

/** Returns true for complete: the only POST that names an upload, in the query (buckets) or in the path (vaults). */
function isComplete({ method, path }: ClientRequest): boolean {
  return method === 'POST' && /[?&]uploadId=|\/multipart-uploads\/[^/?]/.test(path);
}

/** Returns the limits of a request to the service. */
export function serviceLimits(request: ClientRequest, readTimeoutMs: number): AnswerLimits {
  const times = isComplete(request) ? COMPLETE_TIMES : ANSWER_TIMES;
  return { silenceMs: readTimeoutMs, answerMs: readTimeoutMs * times, option: '--read-timeout' };
}

const limited = new WeakSet<ClientRequest>();

/** Ends the request with an `AnswerError` when its answer breaks a limit. To be called before the request is sent. */
export function limitAnswer(request: ClientRequest, limits: AnswerLimits): void {
  if (limited.has(request)) return;
  limited.add(request);
  let response: IncomingMessage | null = null;
  const fail = (why: string): void => {
    const error = new AnswerError(why);
    response?.destroy(error);
    request.destroy(error);
  };
  request.once('response', (arrived) => {
    response = arrived;
    limitBody(arrived, fail);
  });
  limitInterim(request, fail);
  limitSilence(request, limits, fail);
  limitTime(request, limits, fail);
}

type Fail = (why: string) => void;

function limitBody(response: IncomingMessage, fail: Fail): void {
  let bytes = 0;
  // Without the pause a listener would make the body flow before the SDK reads it.
  response.pause();
  response.on('data', (chunk: Uint8Array) => {
    bytes += chunk.length;
    if (bytes > BODY_MAX_BYTES) fail(`the answer is larger than ${formatSize(BODY_MAX_BYTES)}`);
  });
}

function limitInterim(request: ClientRequest, fail: Fail): void {
  let count = 0;
  const onInterim = (): void => {
    count += 1;
    if (count > INTERIM_MAX) fail(`the server sent more than ${INTERIM_MAX} interim answers (HTTP 1xx)`);
  };
  request.on('continue', onInterim).on('information', onInterim);
}

function limitSilence(request: ClientRequest, { silenceMs, option }: AnswerLimits, fail: Fail): void {
  if (silenceMs === null) return;
  const name = option === null ? '' : ` (${option})`;
  request.setTimeout(Math.min(silenceMs, TIMER_MAX_MS));
  request.on('timeout', () => fail(`no byte moved for ${formatDuration(silenceMs)}${name}`));
}

/** The time starts again whenever bytes of the request leave: a slow line may take hours for a part. */
function limitTime(request: ClientRequest, limits: AnswerLimits, fail: Fail): void {
  const answerMs = Math.min(limits.answerMs, TIMER_MAX_MS);
  let timer: NodeJS.Timeout | undefined;
  let sentBytes = -1;
  const start = (): void => {
    clearTimeout(timer);
    if (request.closed) return;
    sentBytes = request.socket?.bytesWritten ?? 0;
    timer = setTimeout(check, answerMs);
  };
  const check = (): void => {
    if (request.socket?.bytesWritten === sentBytes) fail(lateAnswer(limits));
    else start();
  };
  // Before it has a socket, a request waits for one that is free.
  request.once('socket', start);
  request.once('finish', start);
  request.once('close', () => clearTimeout(timer));
}

function lateAnswer({ answerMs, silenceMs, option }: AnswerLimits): string {
  const share = option === null ? '' : ` (${answerMs / (silenceMs ?? answerMs)} times ${option})`;
  return `the answer was not complete after ${formatDuration(answerMs)}${share}`;
}

/** Makes a switch to another protocol (101) a failed answer: Node would close the connection without an error. */
export function refuseUpgrade(request: ClientRequest): void {
  request.once('upgrade', ({ statusCode }, socket) => {
    socket.destroy();
    request.emit('error', new AnswerError(`HTTP ${statusCode}: the server switched to another protocol`));
  });
}

let isLimitingOthers = false;

/**
 * Limits the requests of this process that do not use calve's connections: the SDK asks the endpoint of a container and
 * the metadata of an instance with connections of its own, and has no limit for an answer that comes slowly.
 */
export function limitOtherRequests(limits: AnswerLimits): void {
  if (isLimitingOthers) return;
  isLimitingOthers = true;
  subscribe('http.client.request.start', (message) => {
    const { request } = message as { readonly request: ClientRequest };
    // A tunnel has a time limit of its own, and its connection lives on.
    if (limited.has(request) || request.method === 'CONNECT') return;
    refuseUpgrade(request);
    limitAnswer(request, limits);
  });
}
