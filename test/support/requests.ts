/** A request as a front sees it, and which call of the service it is: a vault's or a bucket's. */
import type { IncomingHttpHeaders } from 'node:http';

export interface Passing {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
}

/** An error that the front answers in the service's place. */
export interface Refusal {
  readonly status: number;
  readonly code: string;
  readonly message: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Returns one header as the client sent it, or null. */
export function headerOf({ headers }: Passing, name: string): string | null {
  const value = headers[name];
  return typeof value === 'string' ? value : null;
}

/** Returns `bytes 0-1048575/*` for a part that goes to a vault, else null. */
export function rangeOf(passing: Passing): string | null {
  return headerOf(passing, 'content-range');
}

/** Names one multipart upload, in a vault's path or in a bucket's query. */
const UPLOAD_ID = /\/multipart-uploads\/.|[?&]uploadId=/;

export function isPart(passing: Passing): boolean {
  const isNumbered = passing.path.includes('partNumber=');
  return passing.method === 'PUT' && (isNumbered || rangeOf(passing) !== null);
}

export function isCreate({ method, path }: Passing): boolean {
  return method === 'POST' && (path.endsWith('/multipart-uploads') || /[?&]uploads\b/.test(path));
}

export function isComplete({ method, path }: Passing): boolean {
  return method === 'POST' && UPLOAD_ID.test(path);
}

export function isAbort({ method, path }: Passing): boolean {
  return method === 'DELETE' && UPLOAD_ID.test(path);
}

export function isUploadList({ method, path }: Passing): boolean {
  return method === 'GET' && /\/multipart-uploads(\?|$)|[?&]uploads\b/.test(path);
}

export function isPartList({ method, path }: Passing): boolean {
  return method === 'GET' && UPLOAD_ID.test(path);
}
