import { type ApiResponse, createdResponse, jsonResponse, NO_CONTENT } from '../http/api-response.js';
import {
  contentRange,
  descriptionHeader,
  hashHeader,
  parseBytes,
  partSizeHeader,
  requiredHeader,
} from '../http/headers.js';
import { invalid, uploadNotFound } from '../http/service-error.js';
import { isUploadOrJobId } from '../ids.js';
import { completeUpload } from '../store/complete-upload.js';
import { createPartWriter, listSlots, readPartRecords } from '../store/parts.js';
import type { UploadMetadata } from '../store/upload-metadata.js';
import {
  abortUpload,
  initiateUpload,
  isStillOpen,
  listUploads,
  type OpenUpload,
  requireUpload,
} from '../store/uploads.js';
import { type ApiRequest, requireVault, type Service, vaultArn, vaultPath } from './api-request.js';
import { archiveCreated, checkTreeHash } from './archives.js';
import { cutPage, pageLimit, readMarker, writeMarker } from './paging.js';

const PER_PAGE_MAX = 50;

/** Returns the vault's folder, once the upload id is known to be safe in a path. @throws ServiceError 404 */
async function requireVaultAndUploadId(request: ApiRequest, service: Service): Promise<string> {
  const vault = await requireVault(request, service);
  if (!isUploadOrJobId(request.id)) throw uploadNotFound(request.id);
  return vault;
}

async function requireOpenUpload(request: ApiRequest, service: Service): Promise<OpenUpload> {
  return requireUpload(service.store, await requireVaultAndUploadId(request, service), request.id);
}

export async function handleInitiateUpload(request: ApiRequest, service: Service): Promise<ApiResponse> {
  const vault = await requireVault(request, service);
  const partSizeBytes = partSizeHeader(request.headers);
  const description = descriptionHeader(request.headers);
  const { uploadId } = await initiateUpload(service.store, vault, { partSizeBytes, description });
  const location = `${vaultPath(request, service)}/multipart-uploads/${uploadId}`;
  return createdResponse({ location, 'x-amz-multipart-upload-id': uploadId });
}

export async function handleUploadPart(request: ApiRequest, service: Service): Promise<ApiResponse> {
  const upload = await requireOpenUpload(request, service);
  const range = contentRange(request.headers, upload.metadata.partSizeBytes);
  const expected = hashHeader(request.headers, 'x-amz-sha256-tree-hash');
  const part = await createPartWriter(service.store, upload, range);
  let treeHash: string;
  try {
    treeHash = (await request.receiveBody(part)).treeHash;
    checkTreeHash(expected, treeHash);
  } catch (error) {
    await part.discard();
    throw error;
  }
  await part.commit(treeHash);
  return { ...NO_CONTENT, headers: { 'x-amz-sha256-tree-hash': treeHash } };
}

export async function handleListParts(request: ApiRequest, service: Service): Promise<ApiResponse> {
  const upload = await requireOpenUpload(request, service);
  const { metadata, folder } = upload;
  const limit = pageLimit(request.query, PER_PAGE_MAX);
  const after = readMarker(request.query, /^\d{5}$/) ?? '';
  const slots = (await listSlots(folder)).filter((slot) => slot > after);
  const page = cutPage(slots, limit, writeMarker);
  const records = await readPartRecords(folder, page.items);
  if (!(await isStillOpen(upload))) throw uploadNotFound(request.id);
  return jsonResponse({
    ...uploadJson(metadata, request, service),
    Marker: page.marker,
    Parts: records.map(({ startByte, endByte, treeHash }) => ({
      RangeInBytes: `${startByte}-${endByte}`,
      SHA256TreeHash: treeHash,
    })),
  });
}

export async function handleCompleteUpload(request: ApiRequest, service: Service): Promise<ApiResponse> {
  const vault = await requireVaultAndUploadId(request, service);
  const sizeText = requiredHeader(request.headers, 'x-amz-archive-size');
  const sizeBytes = parseBytes(sizeText);
  if (sizeBytes === null) throw invalid('x-amz-archive-size', sizeText);
  const treeHash = hashHeader(request.headers, 'x-amz-sha256-tree-hash');
  const archiveId = await completeUpload(service.store, vault, request.id, { sizeBytes, treeHash });
  return archiveCreated(request, service, archiveId, treeHash);
}

export async function handleAbortUpload(request: ApiRequest, service: Service): Promise<ApiResponse> {
  const vault = await requireVaultAndUploadId(request, service);
  await abortUpload(service.store, vault, request.id);
  return NO_CONTENT;
}

export async function handleListUploads(request: ApiRequest, service: Service): Promise<ApiResponse> {
  const vault = await requireVault(request, service);
  const limit = pageLimit(request.query, PER_PAGE_MAX);
  const after = readMarker(request.query, /^[A-Za-z0-9_-]{92}$/);
  const found = await listUploads(service.store, vault, { after, count: limit + 1 });
  const page = cutPage(found, limit, ({ uploadId }) => writeMarker(uploadId));
  const list = page.items.map((metadata) => uploadJson(metadata, request, service));
  return jsonResponse({ Marker: page.marker, UploadsList: list });
}

function uploadJson(metadata: UploadMetadata, request: ApiRequest, service: Service): object {
  return {
    ArchiveDescription: metadata.description,
    CreationDate: metadata.createdAt,
    MultipartUploadId: metadata.uploadId,
    PartSizeInBytes: metadata.partSizeBytes,
    VaultARN: vaultArn(request, service),
  };
}
