/** A vault in memory with a target's face: counts its calls, and lets a test fail, hang or lose any of them. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { buffer as collect } from 'node:stream/consumers';
import { TransferError } from '../../src/core/failures.js';
import { MIB_BYTES } from '../../src/core/units.js';
import type { ArchiveLister } from '../../src/transfer/ports/archive-list.js';
import type { PreparedPart } from '../../src/transfer/ports/source.js';
import type { PageRequest, Target, WholeArchive } from '../../src/transfer/ports/target.js';
import { MemoryVault, rejected, serviceAnswer, vaultTreeHash } from './memory-vault.js';

export type Operation = Exclude<
  keyof Target,
  | 'partTimeMs'
  | 'capabilities'
  | 'at'
  | 'partHashes'
  | 'putObject'
  | 'exists'
  | 'findArchive'
  | 'findCredentials'
  | 'serviceTimeMs'
  | keyof ArchiveLister
  | 'close'
>;

interface Call {
  readonly operation: Operation;
  readonly uploadId: string | null;
  /** The part index of a `sendPart`, else null. */
  readonly index: number | null;
  /** Which call of this operation it is, from 1. */
  readonly count: number;
}

/** May throw, or never return. */
export type Hook = (call: Call) => void | Promise<void>;

export interface MemoryTarget {
  readonly target: Target;
  readonly vault: MemoryVault;
  /** Calls so far, those that failed included. */
  readonly calls: Record<Operation, number>;
  /** Every call in order. */
  readonly log: Call[];
  /** `before` the work is done, and `after` it was: what throws there loses an answer. */
  readonly hooks: { before: Hook | null; after: Hook | null };
  /** The most `sendPart` calls that were under way at once. */
  readonly lanes: { most: number; now: number };
}

export interface MemoryTargetOptions {
  readonly vault?: MemoryVault;
  /** Entries of a page where the caller names no limit. */
  readonly pageSize?: number;
  readonly idleExpiryMs?: number | null;
  readonly partTimeMs?: number | null;
  readonly mayCreateVault?: boolean;
  readonly account?: string | null;
  readonly nowMs?: () => number;
}

export const DAY_MS = 86_400_000;

/** Rejects with the signal's reason as soon as it is aborted, however long the work hangs. Leaves no listener. */
async function untilAborted<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  signal.throwIfAborted();
  let onAbort = (): void => {};
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => reject(signal.reason);
    signal.addEventListener('abort', onAbort);
  });
  try {
    return await Promise.race([work(), aborted]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

/** A part's bytes as they came, copied: their memory is used again. */
async function receive(part: PreparedPart): Promise<Buffer> {
  const body = part.body();
  return body instanceof Uint8Array ? Buffer.from(body) : await collect(body as NodeJS.ReadableStream);
}

function partMismatch(index: number, expected: string, got: string): TransferError<'checksum'> {
  const service = serviceAnswer(400, 'InvalidParameterValueException', 'Checksum mismatch');
  const facts = { what: 'part', index, expected, got } as const;
  return new TransferError('checksum', facts, { service, retryClass: 'corrupt' });
}

/** @returns the page and an opaque marker of the next; null with the last entry, also when the page is just full */
function pageOf<T>(entries: readonly T[], page: PageRequest, pageSize: number, key: string) {
  const marker = (start: number): string =>
    Buffer.from(`${key.slice(0, 20)}\n${start}`).toString('base64url');
  let start = 0;
  if (page.marker !== null) {
    const [of, text] = Buffer.from(page.marker, 'base64url').toString().split('\n');
    if (of !== key.slice(0, 20) || text === undefined) throw rejected('list', 'Invalid marker');
    start = Number(text);
  }
  const end = start + (page.limit ?? pageSize);
  return { entries: entries.slice(start, end), marker: end < entries.length ? marker(end) : null };
}

export function memoryTarget(options: MemoryTargetOptions = {}): MemoryTarget {
  const { pageSize = 3, idleExpiryMs = DAY_MS, partTimeMs = null } = options;
  const { account = '111122223333', nowMs = Date.now } = options;
  const vault = options.vault ?? new MemoryVault('photos');
  const vaultArn = `arn:aws:glacier:eu-west-1:${account}:vaults/${vault.name}`;
  const calls: Record<Operation, number> = {
    locate: 0,
    createUpload: 0,
    sendPart: 0,
    listPartsPage: 0,
    complete: 0,
    abort: 0,
    listUploadsPage: 0,
  };
  const log: Call[] = [];
  const hooks: MemoryTarget['hooks'] = { before: null, after: null };
  const lanes = { most: 0, now: 0 };

  function checkVault(): void {
    if (vault.exists) return;
    const service = serviceAnswer(404, 'ResourceNotFoundException', `Vault not found for ARN: ${vaultArn}`);
    throw new TransferError('not-found', { what: 'vault', name: vault.name, detail: null }, { service });
  }

  function run<T>(
    about: { operation: Operation; uploadId?: string; index?: number },
    signal: AbortSignal,
    work: () => T | Promise<T>,
  ): Promise<T> {
    const { operation, uploadId = null, index = null } = about;
    return untilAborted(signal, async () => {
      calls[operation] += 1;
      const call = { operation, uploadId, index, count: calls[operation] };
      log.push(call);
      await hooks.before?.(call);
      signal.throwIfAborted();
      if (operation !== 'locate') checkVault();
      const result = await work();
      await hooks.after?.(call);
      return result;
    });
  }

  async function take(uploadId: string, part: PreparedPart) {
    const { index, startByte, sizeBytes } = part.range;
    vault.open(uploadId);
    const bytes = await receive(part);
    if (bytes.length !== sizeBytes) throw rejected('send part', `incompatible with ${bytes.length}`);
    const linearHash = createHash('sha256').update(bytes).digest('hex');
    const sent = await part.digest('sha256');
    if (linearHash !== sent) throw partMismatch(index, sent, linearHash);
    const treeHash = vaultTreeHash(bytes);
    if (treeHash !== part.treeHash) throw partMismatch(index, part.treeHash, treeHash);
    vault.put(uploadId, startByte, bytes);
    return { treeHash, etag: null };
  }

  const target: Target = {
    capabilities: {
      storesObjects: false,
      limits: {
        partSizeMinBytes: MIB_BYTES,
        partSizeMaxBytes: 4096 * MIB_BYTES,
        partsMax: 10_000,
        sizeMinBytes: 1,
        sizeMaxBytes: 10_000 * 4096 * MIB_BYTES,
      },
      pageEntriesMax: 50,
      idleExpiryMs,
      reportsAccount: true,
      billsParts: false,
      partsOutliveAbort: false,
      putsObjects: false,
    },
    partTimeMs,
    at: () => target,
    partHashes: () => ['sha256'],
    putObject: async () => assert.fail('a vault has no objects'),
    lookAt: async () => ({ state: 'hidden' }),
    findArchive: async () => null,
    findCredentials: async () => ({ accessKeyId: 'AKIA', account, arn: null, expiresAt: null }),
    serviceTimeMs: async () => nowMs(),
    openArchiveList: async () => ({ state: 'ready', takenAt: null, marker: null }),
    listArchivesPage: async () => ({ archives: vault.listed(), marker: null }),
    locate: (create, signal) =>
      run({ operation: 'locate' }, signal, () => {
        if (create && options.mayCreateVault === true) vault.exists = true;
        checkVault();
        return { url: `glacier://${vault.name}`, region: 'eu-west-1', endpoint: null, account };
      }),
    createUpload: (request, signal) =>
      run({ operation: 'createUpload' }, signal, () => ({
        uploadId: vault.createUpload(request, new Date(nowMs()).toISOString()),
      })),
    async sendPart(uploadId, part, signal) {
      lanes.now += 1;
      lanes.most = Math.max(lanes.most, lanes.now);
      try {
        const about = { operation: 'sendPart', uploadId, index: part.range.index } as const;
        return await run(about, signal, () => take(uploadId, part));
      } finally {
        lanes.now -= 1;
      }
    },
    listPartsPage: (uploadId, page, signal) =>
      run({ operation: 'listPartsPage', uploadId }, signal, () => {
        const { request, createdAt } = vault.open(uploadId);
        const { entries, marker } = pageOf(vault.held(uploadId), page, pageSize, uploadId);
        const { description, plan } = request;
        return { partSizeBytes: plan.partSizeBytes, description, createdAt, parts: entries, marker };
      }),
    complete: (uploadId, whole: WholeArchive, signal) =>
      run({ operation: 'complete', uploadId }, signal, () => {
        const { archiveId, treeHash } = vault.complete(uploadId, whole);
        const location = `/${account}/vaults/${vault.name}/archives/${archiveId}`;
        return { archiveId, location, treeHash };
      }),
    abort: (uploadId, signal) =>
      run({ operation: 'abort', uploadId }, signal, () => {
        vault.abort(uploadId);
        return { httpStatus: 204, requestId: 'request-204', hostId: null };
      }),
    listUploadsPage: (page, signal) =>
      run({ operation: 'listUploadsPage' }, signal, () => {
        const { entries, marker } = pageOf(vault.list(vaultArn), page, pageSize, 'uploads');
        return { uploads: entries, marker, answeredMs: nowMs() };
      }),
    close: async () => {},
  };
  return { target, vault, calls, log, hooks, lanes };
}
