/** The calls that tests make again and again, on one vault. */
import { type Answer, type Ask, ask, treeHash } from './raw-client.js';

export const MIB = 2 ** 20;

export interface VaultClient {
  /** Any request below the vault: `path` begins with `/` or is empty. */
  ask(wish: Ask): Promise<Answer>;
  initiate(partSizeBytes: number, description?: string): Promise<string>;
  part(uploadId: string, startByte: number, bytes: Buffer, more?: Partial<Ask>): Promise<Answer>;
  listParts(uploadId: string, query?: string): Promise<Answer>;
  complete(uploadId: string, whole: Buffer): Promise<Answer>;
  abort(uploadId: string): Promise<Answer>;
  /** An archive's bytes, by a retrieval job. */
  fetch(archiveId: string): Promise<Buffer>;
}

export function vaultClient(url: string, vault: string): VaultClient {
  const prefix = `/-/vaults/${vault}`;
  const inVault = (wish: Ask) => ask(url, { ...wish, path: prefix + wish.path });
  const upload = (method: string, uploadId: string, headers: Record<string, string> = {}) =>
    inVault({ method, path: `/multipart-uploads/${uploadId}`, headers });
  return {
    ask: inVault,
    initiate: async (partSizeBytes, description) => {
      const headers = {
        'x-amz-part-size': String(partSizeBytes),
        ...(description === undefined ? {} : { 'x-amz-archive-description': description }),
      };
      const answer = await inVault({ method: 'POST', path: '/multipart-uploads', headers });
      return expectHeader(answer, 201, 'x-amz-multipart-upload-id');
    },
    part: (uploadId, startByte, bytes, more = {}) =>
      inVault({
        method: 'PUT',
        path: `/multipart-uploads/${uploadId}`,
        body: bytes,
        ...more,
        headers: { ...partHeaders(startByte, bytes), ...more.headers },
      }),
    listParts: (uploadId, query = '') =>
      inVault({ method: 'GET', path: `/multipart-uploads/${uploadId}${query}` }),
    complete: (uploadId, whole) =>
      upload('POST', uploadId, {
        'x-amz-archive-size': String(whole.length),
        'x-amz-sha256-tree-hash': treeHash(whole),
      }),
    abort: (uploadId) => upload('DELETE', uploadId),
    fetch: async (archiveId) => {
      const body = JSON.stringify({ Type: 'archive-retrieval', ArchiveId: archiveId });
      const job = await inVault({ method: 'POST', path: '/jobs', body });
      const jobId = expectHeader(job, 202, 'x-amz-job-id');
      const output = await inVault({ method: 'GET', path: `/jobs/${jobId}/output` });
      if (output.status !== 200) throw new Error(`${output.status} ${output.text}`);
      return output.bytes;
    },
  };
}

export function partHeaders(startByte: number, bytes: Buffer): Record<string, string> {
  return {
    'content-length': String(bytes.length),
    'content-range': `bytes ${startByte}-${startByte + bytes.length - 1}/*`,
    'x-amz-sha256-tree-hash': treeHash(bytes),
  };
}

/** A header of an answer that must have this status. */
export function expectHeader(answer: Answer, status: number, name: string): string {
  const value = answer.headers[name];
  if (answer.status === status && typeof value === 'string') return value;
  throw new Error(`expected ${status} with ${name}, got ${answer.status} ${answer.text}`);
}

/** `code` of an error, and its status. */
export function errorOf(answer: Answer): string {
  const { code } = JSON.parse(answer.text) as { code: string };
  return `${answer.status} ${code}`;
}
