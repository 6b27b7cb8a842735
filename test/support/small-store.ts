/**
 * A small store in memory that speaks S3's protocol and can differ from S3 in one thing at a time. It checks no
 * signatures. Its objects have an ETag, a checksum, a size, metadata and tags, but no bytes.
 */
import { createHash } from 'node:crypto';
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { crc32 } from 'node:zlib';
import type { Cleanup } from './temp.js';

export type StoreOperation =
  | 'HeadBucket'
  | 'HeadObject'
  | 'CreateMultipartUpload'
  | 'UploadPart'
  | 'PutObject'
  | 'ListParts'
  | 'CompleteMultipartUpload'
  | 'AbortMultipartUpload'
  | 'ListMultipartUploads'
  | 'ListObjects'
  | 'GetObjectTagging';

interface StoredPart {
  readonly etag: string;
  /** Base64 of the upload's checksum; null: it has none. */
  readonly checksum?: string | null;
  /** Kept for the CRC-32 of all bytes. */
  readonly bytes?: Buffer | null;
  readonly sizeBytes: number;
}

interface StoredUpload {
  readonly key: string;
  readonly ownId: string;
  readonly tagging: string;
  readonly algorithm: Algorithm | null;
  readonly parts: Map<number, StoredPart>;
}

interface StoredObject {
  etag: string;
  /** As a header has it. */
  checksum?: { readonly name: string; value: string } | null | undefined;
  readonly sizeBytes: number;
  readonly ownId: string;
  tagging: string;
}

type Algorithm = 'CRC32' | 'SHA256';

/** An answer in place of the store's own. `hold`: none. `cut`: the connection ends without one. */
type StoreAnswer = { readonly status: number; readonly code?: string } | 'hold' | 'cut';

export interface SmallStore {
  readonly url: string;
  readonly env: Readonly<Record<string, string>>;
  readonly uploads: Map<string, StoredUpload>;
  readonly objects: Map<string, StoredObject>;
  /** Every request, in order. */
  readonly log: StoreOperation[];
  /** Answers in place of the store; null: the store answers itself. */
  refuse: (operation: StoreOperation, partNumber: number, key: string) => StoreAnswer | null;
  /** Loses the answer to a request whose work is done; null: answers. */
  loses: (operation: StoreOperation) => 'hold' | 'cut' | null;
  /** True if its list of objects is older than its objects. */
  hidesObjects: boolean;
  /** The clock of the store minus that of this machine. */
  dateOffsetMs: number;
  /** True if it knows checksums, and keeps a CRC32 of all bytes. */
  hasChecksums: boolean;
  /** Returns true for a part that is damaged on its way to the store. */
  damages: (partNumber: number) => boolean;
  /** Returns the ETag of an object made of parts with these MD5s. */
  etagOf: (md5s: readonly string[]) => string;
  /** Completes an upload, as another client would. */
  complete(uploadId: string): void;
}

function md5(data: Uint8Array): string {
  return createHash('md5').update(data).digest('hex');
}

function digestOf(algorithm: Algorithm, bytes: Uint8Array): Buffer {
  if (algorithm === 'SHA256') return createHash('sha256').update(bytes).digest();
  return Buffer.from(crc32(bytes).toString(16).padStart(8, '0'), 'hex');
}

function typeOf(algorithm: Algorithm | null): string | null {
  return algorithm === null ? null : algorithm === 'CRC32' ? 'FULL_OBJECT' : 'COMPOSITE';
}

/** Returns the checksum of an object as S3 computes it: CRC32 of all bytes, SHA256 of the parts' hashes. */
function checksumOf(
  algorithm: Algorithm,
  parts: readonly StoredPart[],
): NonNullable<StoredObject['checksum']> {
  const name = `Checksum${algorithm}`;
  if (algorithm === 'CRC32') {
    const whole = Buffer.concat(parts.map(({ bytes }) => bytes ?? Buffer.alloc(0)));
    return { name, value: digestOf(algorithm, whole).toString('base64') };
  }
  const hashes = Buffer.concat(parts.map(({ checksum }) => Buffer.from(checksum ?? '', 'base64')));
  return { name, value: `${digestOf(algorithm, hashes).toString('base64')}-${parts.length}` };
}

/** The rule of S3. */
function s3Etag(md5s: readonly string[]): string {
  return `${md5(Buffer.from(md5s.join(''), 'hex'))}-${md5s.length}`;
}

function operationOf(method: string, hasKey: boolean, query: URLSearchParams): StoreOperation {
  if (method === 'HEAD') return hasKey ? 'HeadObject' : 'HeadBucket';
  if (method === 'PUT') return query.has('partNumber') ? 'UploadPart' : 'PutObject';
  if (method === 'DELETE') return 'AbortMultipartUpload';
  if (method === 'POST') return query.has('uploadId') ? 'CompleteMultipartUpload' : 'CreateMultipartUpload';
  if (query.has('tagging')) return 'GetObjectTagging';
  if (hasKey) return 'ListParts';
  return query.has('uploads') ? 'ListMultipartUploads' : 'ListObjects';
}

/** Starts a store on loopback; it ends with the test. */
export async function startSmallStore(t: Cleanup): Promise<SmallStore> {
  const server = createServer((request, response) => void answer(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const store: SmallStore = {
    url,
    env: {
      ...{ AWS_ACCESS_KEY_ID: 'AKIAIOSFODNN7EXAMPLE', AWS_SECRET_ACCESS_KEY: 'not-checked' },
      ...{ OBS_ACCESS_KEY_ID: 'AKIAIOSFODNN7EXAMPLE', OBS_SECRET_ACCESS_KEY: 'not-checked' },
      ...{ AWS_REGION: 'eu-west-1', CALVE_REGION: 'eu-west-1', CALVE_ENDPOINT_URL: url },
    },
    uploads: new Map(),
    objects: new Map(),
    log: [],
    refuse: () => null,
    loses: () => null,
    dateOffsetMs: 0,
    hidesObjects: false,
    hasChecksums: false,
    damages: () => false,
    etagOf: s3Etag,
    complete(uploadId) {
      const upload = store.uploads.get(uploadId);
      if (upload === undefined) throw new Error(`no upload ${uploadId}`);
      const { key, ownId, tagging, parts, algorithm } = upload;
      const ordered = [...parts].sort(([a], [b]) => a - b).map(([, part]) => part);
      const sizeBytes = ordered.reduce((sum, part) => sum + part.sizeBytes, 0);
      const etag = store.etagOf(ordered.map((part) => part.etag));
      const checksum = algorithm === null ? null : checksumOf(algorithm, ordered);
      store.objects.set(key, { etag, checksum, sizeBytes, ownId, tagging });
      store.uploads.delete(uploadId);
    },
  };

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams: query } = new URL(request.url ?? '', url);
    const key = decodeURIComponent(pathname.split('/').slice(2).join('/'));
    const operation = operationOf(request.method ?? '', key !== '', query);
    const partNumber = Number(query.get('partNumber') ?? 0);
    const body = await buffer(request).catch(() => null);
    if (body === null) return;
    store.log.push(operation);
    const refused = store.refuse(operation, partNumber, key);
    if (refused === 'hold') return;
    if (refused === 'cut') {
      request.socket.destroy();
      return;
    }
    const { status, text, headers } =
      refused === null
        ? reply(operation, { request, key, query, partNumber, body })
        : { status: refused.status, text: errorBody(refused.code), headers: {} };
    const lost = refused === null ? store.loses(operation) : null;
    if (lost === 'cut') request.socket.destroy();
    if (lost !== null) return;
    const isHead = request.method === 'HEAD';
    const date = new Date(Date.now() + store.dateOffsetMs).toUTCString();
    response.writeHead(status, { 'x-amz-request-id': 'request-1', date, ...headers }).end(isHead ? '' : text);
  }

  function reply(operation: StoreOperation, { request, key, query, partNumber, body }: Incoming): Reply {
    const object = store.objects.get(key);
    const uploadId = query.get('uploadId') ?? '';
    if (operation === 'CreateMultipartUpload') return created(key, request);
    if (operation === 'HeadObject') return object === undefined ? missing('NoSuchKey') : headOf(object);
    if (operation === 'GetObjectTagging') return ok(`<Tagging><TagSet>${tagsOf(object)}</TagSet></Tagging>`);
    if (operation === 'HeadBucket' || operation === 'ListMultipartUploads') {
      return ok(
        '<ListMultipartUploadsResult><Bucket>photos</Bucket><IsTruncated>false</IsTruncated></ListMultipartUploadsResult>',
      );
    }
    if (operation === 'ListObjects')
      return ok(objectList(store.hidesObjects ? new Map() : store.objects, query));
    if (operation === 'PutObject') return put(key, request.headers, body);
    const upload = store.uploads.get(uploadId);
    if (upload === undefined) return missing('NoSuchUpload');
    if (operation === 'UploadPart') {
      return received(upload, partNumber, request.headers, body);
    }
    if (operation === 'ListParts') return ok(listOf(uploadId, upload));
    if (operation === 'AbortMultipartUpload') {
      store.uploads.delete(uploadId);
      return { status: 204, text: '', headers: {} };
    }
    store.complete(uploadId);
    const { etag = '', checksum = null } = store.objects.get(key) ?? {};
    const field = checksum === null ? '' : tag(checksum.name, checksum.value);
    return ok(
      `<CompleteMultipartUploadResult><ETag>"${etag}"</ETag>${field}</CompleteMultipartUploadResult>`,
    );
  }

  function received(
    { algorithm, parts }: StoredUpload,
    partNumber: number,
    headers: IncomingHttpHeaders,
    sent: Buffer,
  ): Reply {
    const bytes = store.damages(partNumber) ? Buffer.concat([Buffer.from('?'), sent.subarray(1)]) : sent;
    const etag = md5(bytes);
    const checksum = algorithm === null ? null : digestOf(algorithm, bytes).toString('base64');
    const header = `x-amz-checksum-${algorithm?.toLowerCase()}`;
    if (headers[header] !== (checksum ?? undefined))
      return { status: 400, text: errorBody('BadDigest'), headers: {} };
    parts.set(partNumber, {
      etag,
      checksum,
      bytes: algorithm === 'CRC32' ? bytes : null,
      sizeBytes: bytes.length,
    });
    return ok('', { etag: `"${etag}"`, ...(checksum !== null && { [header]: checksum }) });
  }

  /** Makes an object at once. A store without checksums ignores their headers. */
  function put(key: string, headers: IncomingHttpHeaders, sent: Buffer): Reply {
    const bytes = store.damages(0) ? Buffer.concat([Buffer.from('?'), sent.subarray(1)]) : sent;
    const algorithm = (['CRC32', 'SHA256'] as const).find(
      (each) => store.hasChecksums && headers[`x-amz-checksum-${each.toLowerCase()}`] !== undefined,
    );
    const value = algorithm && digestOf(algorithm, bytes).toString('base64');
    const header = `x-amz-checksum-${algorithm?.toLowerCase()}`;
    if (value !== undefined && headers[header] !== value)
      return { status: 400, text: errorBody('BadDigest'), headers: {} };
    const checksum = algorithm && value ? { name: `Checksum${algorithm}`, value } : null;
    const ownId = String(headers['x-amz-meta-calve-upload'] ?? '');
    const tagging = String(headers['x-amz-tagging'] ?? '');
    const etag = md5(bytes);
    store.objects.set(key, { etag, checksum, sizeBytes: bytes.length, ownId, tagging });
    return ok('', { etag: `"${etag}"`, ...(value !== undefined && { [header]: value }) });
  }

  function created(key: string, { headers }: IncomingMessage): Reply {
    const uploadId = `upload-${store.log.length}`;
    const ownId = String(headers['x-amz-meta-calve-upload'] ?? '');
    const tagging = String(headers['x-amz-tagging'] ?? '');
    const asked = headers['x-amz-checksum-algorithm'] as Algorithm | undefined;
    const algorithm = store.hasChecksums ? (asked ?? null) : null;
    store.uploads.set(uploadId, { key, ownId, tagging, algorithm, parts: new Map() });
    const confirmed = algorithm === null ? {} : { 'x-amz-checksum-algorithm': algorithm };
    const type = typeOf(algorithm);
    return ok(
      `<InitiateMultipartUploadResult><UploadId>${uploadId}</UploadId></InitiateMultipartUploadResult>`,
      { ...confirmed, ...(type !== null && { 'x-amz-checksum-type': type }) },
    );
  }

  return store;
}

interface Incoming {
  readonly request: IncomingMessage;
  readonly key: string;
  readonly query: URLSearchParams;
  readonly partNumber: number;
  readonly body: Buffer;
}

interface Reply {
  readonly status: number;
  readonly text: string;
  readonly headers: Record<string, string>;
}

function ok(text: string, headers: Record<string, string> = {}): Reply {
  return { status: 200, text, headers };
}

function missing(code: string): Reply {
  return { status: 404, text: errorBody(code), headers: {} };
}

function errorBody(code: string | undefined): string {
  return code === undefined ? '' : `<Error><Code>${code}</Code><Message>No.</Message></Error>`;
}

function headOf({ etag, checksum = null, sizeBytes, ownId }: StoredObject): Reply {
  const headers = {
    etag: `"${etag}"`,
    'content-length': String(sizeBytes),
    'x-amz-meta-calve-upload': ownId,
    ...(checksum !== null && {
      [`x-amz-${checksum.name.replace('Checksum', 'checksum-').toLowerCase()}`]: checksum.value,
    }),
  };
  return ok('', headers);
}

/** Returns a page of at most 1,000 objects, with encoded keys and, as in S3, without a marker. */
function objectList(objects: ReadonlyMap<string, StoredObject>, query: URLSearchParams): string {
  const [prefix, marker] = [query.get('prefix') ?? '', query.get('marker') ?? ''];
  const limit = Number(query.get('max-keys') ?? 1000);
  const keys = [...objects.keys()].filter((key) => key.startsWith(prefix) && key > marker).sort();
  const items = keys.slice(0, limit).map((key) => {
    const { etag = '', sizeBytes = 0 } = objects.get(key) ?? {};
    const facts = `<LastModified>2026-01-02T03:04:05.000Z</LastModified><ETag>"${etag}"</ETag><Size>${sizeBytes}</Size>`;
    return `<Contents><Key>${encodeURIComponent(key)}</Key>${facts}<StorageClass>DEEP_ARCHIVE</StorageClass></Contents>`;
  });
  const head = `<Name>photos</Name><EncodingType>url</EncodingType><IsTruncated>${keys.length > limit}</IsTruncated>`;
  return `<ListBucketResult>${head}${items.join('')}</ListBucketResult>`;
}

function tagsOf(object: StoredObject | undefined): string {
  const tags = [...new URLSearchParams(object?.tagging ?? '')];
  return tags.map(([key, value]) => `<Tag><Key>${key}</Key><Value>${value}</Value></Tag>`).join('');
}

function listOf(uploadId: string, { parts, algorithm }: StoredUpload): string {
  const listed = [...parts].sort(([a], [b]) => a - b);
  const items = listed.map(
    ([number, { etag, checksum = null, sizeBytes }]) =>
      `<Part><PartNumber>${number}</PartNumber><Size>${sizeBytes}</Size><ETag>"${etag}"</ETag>${tag(`Checksum${algorithm}`, checksum)}</Part>`,
  );
  const facts = tag('ChecksumAlgorithm', algorithm) + tag('ChecksumType', typeOf(algorithm));
  return `<ListPartsResult><UploadId>${uploadId}</UploadId><IsTruncated>false</IsTruncated>${facts}${items.join('')}</ListPartsResult>`;
}

function tag(name: string, value: string | null): string {
  return value === null ? '' : `<${name}>${value}</${name}>`;
}
