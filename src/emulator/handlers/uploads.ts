import { sortedJson } from '../http/api-response.js';
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
import { beginPart, listSlots, readRecords } from '../store/parts.js';
import type { UploadFacts } from '../store/upload-metadata.js';
import { abortUpload, beginUpload, findUpload, isStillOpen, listUploads } from '../store/uploads.js';
import {
  type Call,
  JSON_TYPE,
  type Reply,
  requireVault,
  type Service,
  vaultArn,
  vaultPath,
} from './api-request.js';
import { archiveReply, checkTreeHash } from './archives.js';
import { cutPage, pageLimit, readMarker, writeMarker } from './paging.js';

const PER_PAGE_MAX = 50;

/** The vault's folder and the path's upload id, which is fit for a path. @throws ServiceError 404 */
async function requireUploadId(call: Call, service: Service): Promise<string> {
  const vault = await requireVault(call, service);
  if (!isUploadOrJobId(call.id)) throw uploadNotFound(call.id);
  return vault;
}

export async function handleInitiate(call: Call, service: Service): Promise<Reply> {
  const vault = await requireVault(call, service);
  const partSizeBytes = partSizeHeader(call.headers);
  const description = descriptionHeader(call.headers);
  const { uploadId } = await beginUpload(service.store, vault, { partSizeBytes, description });
  const location = `${vaultPath(call, service)}/multipart-uploads/${uploadId}`;
  return {
    status: 201,
    headers: { ...JSON_TYPE, location, 'x-amz-multipart-upload-id': uploadId },
    body: '{}',
  };
}

export async function handleUploadPart(call: Call, service: Service): Promise<Reply> {
  const vault = await requireUploadId(call, service);
  const upload = await findUpload(service.store, vault, call.id);
  const range = contentRange(call.headers, upload.facts.partSizeBytes);
  const expected = hashHeader(call.headers, 'x-amz-sha256-tree-hash');
  const part = await beginPart(service.store, upload, range);
  let treeHash: string;
  try {
    treeHash = (await call.receive(part)).treeHash;
    checkTreeHash(expected, treeHash);
  } catch (error) {
    await part.discard();
    throw error;
  }
  await part.commit(treeHash);
  return { status: 204, headers: { 'x-amz-sha256-tree-hash': treeHash }, body: '' };
}

export async function handleListParts(call: Call, service: Service): Promise<Reply> {
  const vault = await requireUploadId(call, service);
  const upload = await findUpload(service.store, vault, call.id);
  const { facts, folder } = upload;
  const limit = pageLimit(call.query, PER_PAGE_MAX);
  const after = readMarker(call.query, /^\d{5}$/) ?? '';
  const slots = (await listSlots(folder)).filter((slot) => slot > after);
  const page = cutPage(slots, limit, writeMarker);
  const records = await readRecords(folder, page.items);
  if (!(await isStillOpen(upload))) throw uploadNotFound(call.id);
  const body = {
    ...describe(facts, call, service),
    Marker: page.next,
    Parts: records.map(({ startByte, endByte, treeHash }) => ({
      RangeInBytes: `${startByte}-${endByte}`,
      SHA256TreeHash: treeHash,
    })),
  };
  return { status: 200, headers: JSON_TYPE, body: sortedJson(body) };
}

export async function handleComplete(call: Call, service: Service): Promise<Reply> {
  const vault = await requireUploadId(call, service);
  const sizeText = requiredHeader(call.headers, 'x-amz-archive-size');
  const sizeBytes = parseBytes(sizeText);
  if (sizeBytes === null) throw invalid('x-amz-archive-size', sizeText);
  const treeHash = hashHeader(call.headers, 'x-amz-sha256-tree-hash');
  const archiveId = await completeUpload(service.store, vault, call.id, { sizeBytes, treeHash });
  return archiveReply(call, service, archiveId, treeHash);
}

export async function handleAbort(call: Call, service: Service): Promise<Reply> {
  const vault = await requireUploadId(call, service);
  await abortUpload(service.store, vault, call.id);
  return { status: 204, headers: {}, body: '' };
}

export async function handleListUploads(call: Call, service: Service): Promise<Reply> {
  const vault = await requireVault(call, service);
  const limit = pageLimit(call.query, PER_PAGE_MAX);
  const after = readMarker(call.query, /^[A-Za-z0-9_-]{92}$/);
  const found = await listUploads(service.store, vault, { after, count: limit + 1 });
  const page = cutPage(found, limit, ({ uploadId }) => writeMarker(uploadId));
  const list = page.items.map((facts) => describe(facts, call, service));
  return { status: 200, headers: JSON_TYPE, body: sortedJson({ Marker: page.next, UploadsList: list }) };
}

function describe(facts: UploadFacts, call: Call, service: Service): object {
  return {
    ArchiveDescription: facts.description,
    CreationDate: facts.createdAt,
    MultipartUploadId: facts.uploadId,
    PartSizeInBytes: facts.partSizeBytes,
    VaultARN: vaultArn(call, service),
  };
}
