/**
 * The protocols of the services that a front stands before: Glacier, S3, and Huawei OBS. The service behind the front of
 * OBS is Swift too: the front refuses what OBS refuses, and changes Swift's answers so that they look like those of OBS.
 * Source: Huawei OBS API reference, "Error Codes" and "Aborting a Multipart Upload".
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { headerOf, type Passing, type Refusal } from './requests.js';

export interface Protocol {
  /** OBS takes buckets in the host's name only, so that the front needs a name there. */
  readonly hostname: '127.0.0.1' | 'localhost';
  /** Returns the error that the service itself gives to such a request, or null. */
  readonly refusalOf?: (passing: Passing) => Refusal | null;
  /** Answers with an error, in the service's own form. */
  refuse(response: ServerResponse, refusal: Refusal, passing: Passing): void;
  /** Passes the service's answer on. */
  answer(answer: IncomingMessage, response: ServerResponse, passing: Passing): void;
}

function passOn(answer: IncomingMessage, response: ServerResponse): void {
  response.writeHead(answer.statusCode ?? 0, answer.headers);
  answer.pipe(response);
}

export const GLACIER: Protocol = {
  hostname: '127.0.0.1',
  refuse(response, { status, code, message, headers }) {
    const own = { 'content-type': 'application/json', 'x-amzn-requestid': 'front' };
    response.writeHead(status, { ...own, ...headers }).end(JSON.stringify({ message, code, type: 'Client' }));
  },
  answer: passOn,
};

export const S3: Protocol = {
  hostname: '127.0.0.1',
  refuse: refuseInXml,
  answer: passOn,
};

export const OBS: Protocol = {
  hostname: 'localhost',
  refusalOf: obsRefusal,
  refuse: refuseInXml,
  answer(answer, response, passing) {
    const status = answer.statusCode ?? 0;
    if (status >= 400 && passing.method !== 'HEAD') return void translateError(answer, response, passing);
    response.writeHead(status, { ...answer.headers, ...obsHeaders(newRequestId()), server: 'OBS' });
    answer.pipe(response);
  },
};

function obsRefusal(passing: Passing): Refusal | null {
  const isBucketInHost = /^[^.]+\.localhost(:\d+)?$/.test(passing.headers.host ?? '');
  if (!isBucketInHost && passing.path.split('?')[0] !== '/') {
    const message = 'Virtual host domain is required while accessing a specific bucket.';
    return { status: 403, code: 'VirtualHostDomainRequired', message };
  }
  const payload = headerOf(passing, 'x-amz-content-sha256') ?? '';
  const hasChecksum = Object.keys(passing.headers).some((name) => /^x-amz-(sdk-)?checksum-/.test(name));
  if (hasChecksum || payload.startsWith('STREAMING-')) {
    const message = "The provided 'x-amz-content-sha256' header does not match what was computed.";
    return { status: 400, code: 'XAmzContentSHA256Mismatch', message };
  }
  if (passing.headers.expect === undefined) return null;
  return { status: 417, code: 'ExpectationFailed', message: 'Expect is not supported.' };
}

const HOST_ID = '32AAAQAAEAABAAAQAAEAABAAAQAAEAABCSfront';
let requests = 0;

function newRequestId(): string {
  requests += 1;
  return `0000018${String(requests).padStart(25, '0')}`;
}

function obsHeaders(requestId: string): Record<string, string> {
  return { 'x-amz-request-id': requestId, 'x-amz-id-2': HOST_ID };
}

function refuseInXml(response: ServerResponse, refusal: Refusal, { path, headers }: Passing): void {
  const { status, code, message } = refusal;
  const requestId = newRequestId();
  const resource = `/${(headers.host ?? '').split('.')[0]}${path.split('?')[0]}`;
  const fields = { Code: code, Message: message, Resource: resource, RequestId: requestId, HostId: HOST_ID };
  const xml = Object.entries(fields).map(([name, value]) => `<${name}>${value}</${name}>`);
  const body = `<?xml version="1.0" encoding="UTF-8"?>\n<Error>${xml.join('')}</Error>`;
  const own = { 'content-type': 'application/xml', ...obsHeaders(requestId) };
  response.writeHead(status, { ...own, ...refusal.headers }).end(body);
}

/** Gives Swift's own error in the words of OBS. */
async function translateError(
  answer: IncomingMessage,
  response: ServerResponse,
  passing: Passing,
): Promise<void> {
  const body = await text(answer);
  const field = (name: string): string => new RegExp(`<${name}>([^<]*)</${name}>`).exec(body)?.[1] ?? '';
  const code = field('Code');
  const noSuchUpload =
    'The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed.';
  const message = code === 'NoSuchUpload' ? noSuchUpload : field('Message');
  refuseInXml(response, { status: answer.statusCode ?? 500, code, message }, passing);
}
