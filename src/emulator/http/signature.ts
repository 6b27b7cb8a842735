/** Computes AWS Signature Version 4 by its published rules, for the service `glacier`. */
import { createHash, createHmac } from 'node:crypto';

export interface SignedRequest {
  readonly method: string;
  /** As received, without the query. */
  readonly path: string;
  /** As received, without the `?`. */
  readonly query: string;
  /** The values of each header by its lower-case name, one for each time that it was sent. */
  readonly headers: Readonly<Record<string, readonly string[] | undefined>>;
  /** Lower-case hex SHA-256 of the body. */
  readonly payloadHash: string;
}

export interface Authorization {
  readonly accessKeyId: string;
  /** `YYYYMMDD` */
  readonly date: string;
  readonly region: string;
  readonly service: string;
  readonly signedHeaders: readonly string[];
  readonly signature: string;
}

const ALGORITHM = 'AWS4-HMAC-SHA256';

/** Parses an `Authorization` header. Returns null if it does not follow this scheme. */
export function parseAuthorization(header: string): Authorization | null {
  if (!header.startsWith(`${ALGORITHM} `)) return null;
  const field = (name: string) => new RegExp(`[ ,]${name}=([^, ]+)`).exec(header)?.[1] ?? '';
  const [accessKeyId, date, region, service, end, ...more] = field('Credential').split('/');
  const signature = field('Signature');
  const signedHeaders = field('SignedHeaders').split(';');
  if (!accessKeyId || !date || !region || !service || end !== 'aws4_request' || more.length > 0) return null;
  if (signature === '' || !signedHeaders.includes('host')) return null;
  return { accessKeyId, date, region, service, signedHeaders, signature };
}

function encode(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** Resolves dots, removes empty segments and encodes the path a second time, as all services except S3 do. */
function canonicalPath(path: string): string {
  const segments: string[] = [];
  for (const segment of path.split('/')) {
    if (segment === '..') segments.pop();
    else if (segment !== '' && segment !== '.') segments.push(encode(segment));
  }
  const tail = segments.length > 0 && path.endsWith('/') ? '/' : '';
  return `/${segments.join('/')}${tail}`;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function canonicalQuery(query: string): string {
  if (query === '') return '';
  const pairs = query.split('&').map((pair) => {
    const [name = '', ...value] = pair.split('=');
    return [encode(decode(name)), encode(decode(value.join('=')))] as const;
  });
  pairs.sort(([a, x], [b, y]) => (a === b ? (x < y ? -1 : 1) : a < b ? -1 : 1));
  return pairs.map(([name, value]) => `${name}=${value}`).join('&');
}

/** Returns the text whose hash is signed. */
export function canonicalRequest(request: SignedRequest, signedHeaders: readonly string[]): string {
  const headers = signedHeaders.map((name) => {
    const values = request.headers[name] ?? [];
    return `${name}:${values.map((value) => value.trim().replace(/ +/g, ' ')).join(',')}\n`;
  });
  return [
    request.method,
    canonicalPath(request.path),
    canonicalQuery(request.query),
    headers.join(''),
    signedHeaders.join(';'),
    request.payloadHash,
  ].join('\n');
}

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}

/** Returns the correct signature of a request in lower-case hex. `dateTime` has the form `YYYYMMDDTHHMMSSZ`. */
export function signatureOf(
  request: SignedRequest,
  authorization: Omit<Authorization, 'signature' | 'accessKeyId'>,
  dateTime: string,
  secretAccessKey: string,
): string {
  const { date, region, service, signedHeaders } = authorization;
  const hash = createHash('sha256').update(canonicalRequest(request, signedHeaders)).digest('hex');
  const scope = `${date}/${region}/${service}/aws4_request`;
  const key = [region, service, 'aws4_request'].reduce(hmac, hmac(`AWS4${secretAccessKey}`, date));
  return hmac(key, `${ALGORITHM}\n${dateTime}\n${scope}\n${hash}`).toString('hex');
}
