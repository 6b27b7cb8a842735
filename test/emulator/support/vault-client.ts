/** A client for the operations on one vault that many tests need. */
import { type Answer, type RequestSpec, sendSigned, treeHash } from './raw-client.js';
import { amzDate, type Credentials, sha256, sign } from './signer.js';

export const MIB = 2 ** 20;

export interface VaultClient {
  /** Sends any request for the vault: `path` is the rest of the path, and starts with `/` or is empty. */
  request(spec: RequestSpec): Promise<Answer>;
  /** Uploads an archive in a single request. @returns its id */
  uploadArchive(bytes: Buffer, description?: string): Promise<string>;
  initiate(partSizeBytes: number, description?: string): Promise<string>;
  part(uploadId: string, startByte: number, bytes: Buffer, more?: Partial<RequestSpec>): Promise<Answer>;
  listParts(uploadId: string, query?: string): Promise<Answer>;
  complete(uploadId: string, whole: Buffer): Promise<Answer>;
  abort(uploadId: string): Promise<Answer>;
  /** Returns an archive's bytes, through a retrieval job. */
  fetch(archiveId: string): Promise<Buffer>;
}

export function vaultClient(url: string, vault: string): VaultClient {
  const prefix = `/-/vaults/${vault}`;
  const request = (spec: RequestSpec) => sendSigned(url, { ...spec, path: prefix + spec.path });
  const upload = (method: string, uploadId: string, headers: Record<string, string> = {}) =>
    request({ method, path: `/multipart-uploads/${uploadId}`, headers });
  return {
    request,
    uploadArchive: async (bytes, description) => {
      const headers = {
        'content-length': String(bytes.length),
        'x-amz-sha256-tree-hash': treeHash(bytes),
        ...descriptionHeader(description),
      };
      const answer = await request({ method: 'POST', path: '/archives', body: bytes, headers });
      return expectHeader(answer, 201, 'x-amz-archive-id');
    },
    initiate: async (partSizeBytes, description) => {
      const headers = { 'x-amz-part-size': String(partSizeBytes), ...descriptionHeader(description) };
      const answer = await request({ method: 'POST', path: '/multipart-uploads', headers });
      return expectHeader(answer, 201, 'x-amz-multipart-upload-id');
    },
    part: (uploadId, startByte, bytes, more = {}) =>
      request({
        method: 'PUT',
        path: `/multipart-uploads/${uploadId}`,
        body: bytes,
        ...more,
        headers: { ...partHeaders(startByte, bytes), ...more.headers },
      }),
    listParts: (uploadId, query = '') =>
      request({ method: 'GET', path: `/multipart-uploads/${uploadId}${query}` }),
    complete: (uploadId, whole) =>
      upload('POST', uploadId, {
        'x-amz-archive-size': String(whole.length),
        'x-amz-sha256-tree-hash': treeHash(whole),
      }),
    abort: (uploadId) => upload('DELETE', uploadId),
    fetch: async (archiveId) => {
      const body = JSON.stringify({ Type: 'archive-retrieval', ArchiveId: archiveId });
      const job = await request({ method: 'POST', path: '/jobs', body });
      const jobId = expectHeader(job, 202, 'x-amz-job-id');
      const output = await request({ method: 'GET', path: `/jobs/${jobId}/output` });
      if (output.status !== 200) throw new Error(`${output.status} ${output.text}`);
      return output.bytes;
    },
  };
}

function descriptionHeader(description: string | undefined): Record<string, string> {
  return description === undefined ? {} : { 'x-amz-archive-description': description };
}

export function partHeaders(startByte: number, bytes: Buffer): Record<string, string> {
  return {
    'content-length': String(bytes.length),
    'content-range': `bytes ${startByte}-${startByte + bytes.length - 1}/*`,
    'x-amz-sha256-tree-hash': treeHash(bytes),
  };
}

/** Returns the signed headers of a part, for tests that send it themselves. */
export function signedPartHeaders(
  url: string,
  { path, startByte, bytes }: { readonly path: string; readonly startByte: number; readonly bytes: Buffer },
  credentials: Credentials,
): Record<string, string> {
  const payloadHash = sha256(bytes);
  const headers = {
    host: new URL(url).host,
    'x-amz-date': amzDate(Date.now()),
    'x-amz-glacier-version': '2012-06-01',
    'x-amz-content-sha256': payloadHash,
    ...partHeaders(startByte, bytes),
  };
  return { ...headers, authorization: sign({ method: 'PUT', path, headers, payloadHash }, credentials) };
}

/** Returns a header of a response. @throws Error if the status is different or the header is missing */
export function expectHeader(answer: Answer, status: number, name: string): string {
  const value = answer.headers[name];
  if (answer.status === status && typeof value === 'string') return value;
  throw new Error(`expected ${status} with ${name}, got ${answer.status} ${answer.text}`);
}

/** Returns the status and the `code` of an error response. */
export function errorOf(answer: Answer): string {
  const { code } = JSON.parse(answer.text) as { code: string };
  return `${answer.status} ${code}`;
}
