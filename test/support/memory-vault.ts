/**
 * A vault in memory, with the rules of the service: parts in any order, replaced parts, checks on complete.
 * Errors are the service's own.
 */
import { createHash } from 'node:crypto';
import { TransferError } from '../../src/core/failures.js';
import type { ListedArchive } from '../../src/transfer/ports/archive-list.js';
import type {
  CreateUploadRequest,
  OpenUpload,
  RemotePart,
  WholeArchive,
} from '../../src/transfer/ports/target.js';

const MIB_BYTES = 1024 * 1024;
const PARTS_MAX = 10_000;

/**
 * The tree hash by its other definition: a tree over n leaves is one over the largest power of two below n, joined
 * with one over the rest. The program's own code joins level by level, so the two can't share a mistake.
 */
export function vaultTreeHash(bytes: Uint8Array): string {
  const hashOf = (first: number, leafCount: number): Buffer => {
    if (leafCount <= 1) {
      return createHash('sha256')
        .update(bytes.subarray(first * MIB_BYTES, (first + 1) * MIB_BYTES))
        .digest();
    }
    const left = 2 ** (Math.ceil(Math.log2(leafCount)) - 1);
    return createHash('sha256')
      .update(hashOf(first, left))
      .update(hashOf(first + left, leafCount - left))
      .digest();
  };
  return hashOf(0, Math.ceil(bytes.length / MIB_BYTES)).toString('hex');
}

const knownHashes = new WeakMap<Uint8Array, string>();

/** The bytes do not change, so that each is hashed once. */
function hashOnce(bytes: Buffer): string {
  const hash = knownHashes.get(bytes) ?? vaultTreeHash(bytes);
  knownHashes.set(bytes, hash);
  return hash;
}

export function serviceAnswer(httpStatus: number, code: string, message: string) {
  return { httpStatus, code, message, requestId: `request-${httpStatus}`, hostId: null, resource: null };
}

export function uploadNotFound(uploadId: string): TransferError<'not-found'> {
  const service = serviceAnswer(404, 'ResourceNotFoundException', `The upload ID was not found: ${uploadId}`);
  return new TransferError('not-found', { what: 'upload', name: uploadId, detail: null }, { service });
}

export function rejected(operation: string, message: string): TransferError<'refused'> {
  const service = serviceAnswer(400, 'InvalidParameterValueException', message);
  return new TransferError('refused', { why: 'rejected', operation, detail: message }, { service });
}

function archiveMismatch(expected: string, got: string): TransferError<'checksum'> {
  const service = serviceAnswer(400, 'InvalidParameterValueException', `Invalid x-amz-sha256-tree-hash`);
  return new TransferError('checksum', { what: 'archive', index: null, expected, got }, { service });
}

export interface VaultUpload {
  readonly uploadId: string;
  readonly request: CreateUploadRequest;
  readonly createdAt: string;
  /** By first byte. */
  readonly parts: Map<number, Buffer>;
}

export interface VaultArchive {
  readonly archiveId: string;
  readonly uploadId: string;
  readonly description: string;
  readonly bytes: Buffer;
  readonly treeHash: string;
}

export class MemoryVault {
  readonly name: string;
  /** False: the vault does not exist. */
  exists = true;
  readonly uploads = new Map<string, VaultUpload>();
  readonly archives: VaultArchive[] = [];
  readonly #aborted = new Set<string>();
  #idCount = 0;

  constructor(name: string) {
    this.name = name;
  }

  /** The archive that an upload became. */
  archiveOf(uploadId: string): VaultArchive | undefined {
    return this.archives.find((archive) => archive.uploadId === uploadId && !this.#forgotten.has(uploadId));
  }

  /** Returns all archives as an inventory lists them. */
  listed(): ListedArchive[] {
    return this.archives.map(({ archiveId, bytes, treeHash, description }) => ({
      ...{ archiveId, sizeBytes: bytes.length, treeHash, etag: null, description },
      ...{ createdAt: '2026-01-02T03:04:05.000Z', storageClass: null, restore: null },
    }));
  }

  readonly #forgotten = new Set<string>();

  /** Time passes: what was completed or aborted "a short time ago" is not answered for again. */
  forgetEndings(): void {
    this.#aborted.clear();
    for (const { uploadId } of this.archives) this.#forgotten.add(uploadId);
  }

  /** The upload expires, or somebody else aborts it. */
  drop(uploadId: string): void {
    if (!this.uploads.delete(uploadId)) throw new Error(`there is no upload ${uploadId} to drop`);
  }

  createUpload(request: CreateUploadRequest, createdAt: string): string {
    const { partSizeBytes } = request.plan;
    if (partSizeBytes < MIB_BYTES || (partSizeBytes & (partSizeBytes - 1)) !== 0) {
      throw rejected('begin', `Invalid part size: ${partSizeBytes}.`);
    }
    const uploadId = this.#newId(92);
    this.uploads.set(uploadId, { uploadId, request, createdAt, parts: new Map() });
    return uploadId;
  }

  open(uploadId: string): VaultUpload {
    const upload = this.uploads.get(uploadId);
    if (upload === undefined) throw uploadNotFound(uploadId);
    return upload;
  }

  put(uploadId: string, startByte: number, bytes: Buffer): void {
    const { request, parts } = this.open(uploadId);
    const { partSizeBytes } = request.plan;
    if (bytes.length === 0 || bytes.length > partSizeBytes || startByte % partSizeBytes !== 0) {
      throw rejected('send part', `Invalid Content-Range: bytes ${startByte}+${bytes.length}/*`);
    }
    if (startByte / partSizeBytes >= PARTS_MAX) throw rejected('send part', 'It exceeds the limit of parts.');
    parts.set(startByte, bytes);
  }

  held(uploadId: string): RemotePart[] {
    const parts = [...this.open(uploadId).parts].sort(([a], [b]) => a - b);
    return parts.map(([startByte, bytes]) => ({
      startByte,
      endByte: startByte + bytes.length - 1,
      treeHash: hashOnce(bytes),
      etag: null,
    }));
  }

  complete(uploadId: string, whole: WholeArchive): VaultArchive {
    const before = this.archiveOf(uploadId);
    if (before !== undefined) return before;
    const { request, parts } = this.open(uploadId);
    const sorted = [...parts].sort(([a], [b]) => a - b);
    let endByte = 0;
    for (const [startByte, bytes] of sorted) {
      if (startByte !== endByte) throw archiveMismatch(whole.treeHash, `a hole at byte ${endByte}`);
      endByte += bytes.length;
    }
    if (endByte !== whole.sizeBytes) throw archiveMismatch(whole.treeHash, `a size of ${endByte}`);
    const bytes = Buffer.concat(sorted.map(([, part]) => part));
    const treeHash = hashOnce(bytes);
    if (treeHash !== whole.treeHash) throw archiveMismatch(whole.treeHash, treeHash);
    const archiveId = this.#newId(138);
    const archive = { archiveId, uploadId, description: request.description, bytes, treeHash };
    this.archives.push(archive);
    this.uploads.delete(uploadId);
    return archive;
  }

  /** A repeat soon after is answered as the first was; a completed upload can't be aborted. */
  abort(uploadId: string): void {
    if (this.#aborted.has(uploadId)) return;
    this.open(uploadId);
    this.uploads.delete(uploadId);
    this.#aborted.add(uploadId);
  }

  list(vaultArn: string): OpenUpload[] {
    return [...this.uploads.values()].map(({ uploadId, request, createdAt }) => ({
      uploadId,
      key: null,
      description: request.description,
      partSizeBytes: request.plan.partSizeBytes,
      createdAt,
      vaultArn,
      storageClass: null,
    }));
  }

  /** As long as the service's, of its alphabet; every second one begins with `-`, every fourth with `--`. */
  #newId(length: number): string {
    this.#idCount += 1;
    const start = this.#idCount % 4 === 0 ? '--' : this.#idCount % 2 === 0 ? '-' : '';
    const digest = createHash('sha512').update(`${this.name} ${this.#idCount}`).digest('base64url');
    return `${start}${digest}${digest}`.slice(0, length);
  }
}
