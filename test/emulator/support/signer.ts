/** Signs requests by Signature Version 4. The emulator's own code must not be checked against itself. */
import { createHash, createHmac } from 'node:crypto';

export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

export interface ToSign {
  readonly method: string;
  readonly path: string;
  /** Lower-case names. All headers are signed. */
  readonly headers: Readonly<Record<string, string>>;
  readonly payloadHash: string;
}

export function sha256(data: string | Buffer): string {
  return createHash('sha256').update(data).digest('hex');
}

/** Returns a time as `YYYYMMDDTHHMMSSZ`. */
export function amzDate(ms: number): string {
  return new Date(ms).toISOString().replace(/[-:]|\.\d{3}/g, '');
}

/** Returns the `Authorization` header of a request, whose headers must include `x-amz-date`. */
export function sign(request: ToSign, credentials: Credentials, region = 'us-east-1'): string {
  const [path = '', query = ''] = request.path.split('?');
  const names = Object.keys(request.headers).sort();
  const lines = names.map((name) => `${name}:${request.headers[name]?.trim().replace(/\s+/g, ' ')}\n`);
  const canonical = [
    request.method,
    path.split('/').map(encodeURIComponent).join('/'),
    query.split('&').sort().join('&'),
    lines.join(''),
    names.join(';'),
    request.payloadHash,
  ].join('\n');
  const dateTime = request.headers['x-amz-date'] ?? '';
  const scope = [dateTime.slice(0, 8), region, 'glacier', 'aws4_request'];
  let key: string | Buffer = `AWS4${credentials.secretAccessKey}`;
  for (const word of scope) key = createHmac('sha256', key).update(word).digest();
  const text = ['AWS4-HMAC-SHA256', dateTime, scope.join('/'), sha256(canonical)].join('\n');
  const signature = createHmac('sha256', key).update(text).digest('hex');
  const credential = `${credentials.accessKeyId}/${scope.join('/')}`;
  return `AWS4-HMAC-SHA256 Credential=${credential}, SignedHeaders=${names.join(';')}, Signature=${signature}`;
}
