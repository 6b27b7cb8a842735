import { open } from 'node:fs/promises';
import { contentLength, descriptionHeader, hashHeader, SINGLE_UPLOAD_MAX_BYTES } from '../http/headers.js';
import { archiveNotFound, ServiceError } from '../http/service-error.js';
import { isArchiveId, newArchiveId } from '../ids.js';
import { deleteArchive, publishArchive } from '../store/archives.js';
import { FILE_MODE, remove, temporaryPath } from '../store/store.js';
import { type Call, JSON_TYPE, type Reply, requireVault, type Service, vaultPath } from './api-request.js';

/** @throws ServiceError for bytes that do not have the tree hash that was sent with them */
export function checkTreeHash(expected: string, computed: string): void {
  if (expected === computed) return;
  throw new ServiceError(
    'InvalidParameterValueException',
    `Checksum mismatch: expected ${expected}, computed ${computed}`,
  );
}

/** The answer of both calls that make an archive. */
export function archiveReply(call: Call, service: Service, archiveId: string, treeHash: string): Reply {
  const headers = {
    ...JSON_TYPE,
    location: `${vaultPath(call, service)}/archives/${archiveId}`,
    'x-amz-archive-id': archiveId,
    'x-amz-sha256-tree-hash': treeHash,
  };
  return { status: 201, headers, body: '{}' };
}

export async function handleUploadArchive(call: Call, service: Service): Promise<Reply> {
  const { store } = service;
  const vault = await requireVault(call, service);
  contentLength(call.headers, SINGLE_UPLOAD_MAX_BYTES);
  const expected = hashHeader(call.headers, 'x-amz-sha256-tree-hash');
  const description = descriptionHeader(call.headers);
  const path = temporaryPath(store);
  try {
    const file = await open(path, 'wx', FILE_MODE);
    const hashes = await call.receive({ file, position: 0 }).finally(() => file.close());
    checkTreeHash(expected, hashes.treeHash);
    const { sizeBytes, treeHash } = hashes;
    const archiveId = newArchiveId();
    const createdAt = new Date().toISOString();
    await publishArchive(store, vault, path, { archiveId, description, createdAt, sizeBytes, treeHash });
    return archiveReply(call, service, archiveId, treeHash);
  } catch (error) {
    await remove(path);
    throw error;
  }
}

/** Ids of other vaults and made-up ones cannot be told apart here: both are gone already, as far as this vault knows. */
export async function handleDeleteArchive(call: Call, service: Service): Promise<Reply> {
  const vault = await requireVault(call, service);
  if (!isArchiveId(call.id)) throw archiveNotFound(call.id);
  await deleteArchive(vault, call.id);
  return { status: 204, headers: {}, body: '' };
}
