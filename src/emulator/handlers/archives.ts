import { open } from 'node:fs/promises';
import { type ApiResponse, createdResponse, NO_CONTENT } from '../http/api-response.js';
import { contentLength, descriptionHeader, hashHeader, SINGLE_UPLOAD_MAX_BYTES } from '../http/headers.js';
import { archiveNotFound, ServiceError } from '../http/service-error.js';
import { isArchiveId, newArchiveId } from '../ids.js';
import { deleteArchive, publishArchive } from '../store/archives.js';
import { FILE_MODE, remove, temporaryPath } from '../store/files.js';
import { type ApiRequest, requireVault, type Service, vaultPath } from './api-request.js';

/** @throws ServiceError unless the received bytes have the tree hash that the client sent with them */
export function checkTreeHash(expected: string, computed: string): void {
  if (expected === computed) return;
  throw new ServiceError(
    'InvalidParameterValueException',
    `Checksum mismatch: expected ${expected}, computed ${computed}`,
  );
}

/** Returns the response of both operations that create an archive. */
export function archiveCreated(
  request: ApiRequest,
  service: Service,
  archiveId: string,
  treeHash: string,
): ApiResponse {
  return createdResponse({
    location: `${vaultPath(request, service)}/archives/${archiveId}`,
    'x-amz-archive-id': archiveId,
    'x-amz-sha256-tree-hash': treeHash,
  });
}

export async function handleUploadArchive(request: ApiRequest, service: Service): Promise<ApiResponse> {
  const { store } = service;
  const vault = await requireVault(request, service);
  contentLength(request.headers, SINGLE_UPLOAD_MAX_BYTES);
  const expected = hashHeader(request.headers, 'x-amz-sha256-tree-hash');
  const description = descriptionHeader(request.headers);
  const path = temporaryPath(store);
  try {
    const file = await open(path, 'wx', FILE_MODE);
    const hashes = await request.receiveBody({ file, position: 0 }).finally(() => file.close());
    checkTreeHash(expected, hashes.treeHash);
    const { sizeBytes, treeHash } = hashes;
    const archiveId = newArchiveId();
    const createdAt = new Date().toISOString();
    await publishArchive(store, vault, path, { archiveId, description, createdAt, sizeBytes, treeHash });
    return archiveCreated(request, service, archiveId, treeHash);
  } catch (error) {
    await remove(path);
    throw error;
  }
}

/** Succeeds for every well-formed id: the store cannot tell a deleted archive from one that never existed. */
export async function handleDeleteArchive(request: ApiRequest, service: Service): Promise<ApiResponse> {
  const vault = await requireVault(request, service);
  if (!isArchiveId(request.id)) throw archiveNotFound(request.id);
  await deleteArchive(vault, request.id);
  return NO_CONTENT;
}
