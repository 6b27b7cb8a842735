/** Parses and checks the service's lists: a list that is cut off must never look like an empty one. */
import type { ListMultipartUploadsCommandOutput, ListPartsCommandOutput } from '@aws-sdk/client-glacier';
import { readTreeHash } from '../../core/tree-hash.js';
import type {
  OpenUpload,
  PageRequest,
  PartsPage,
  RemotePart,
  UploadsPage,
} from '../../transfer/ports/target.js';
import { incompleteResponse, readId } from '../aws/failures.js';
import type { Operation } from './failures.js';

/** Builds the query. The service uses its own defaults for what is left out. */
export function pageInput(page: PageRequest): { limit?: number; marker?: string } {
  return {
    ...(page.limit !== null && { limit: page.limit }),
    ...(page.marker !== null && { marker: page.marker }),
  };
}

/** Parses an inclusive range, `0-2097151`: unlike the request's header it has no `bytes ` and no total. */
function parseRange(text: string | undefined): { startByte: number; endByte: number } | null {
  const match = /^(\d+)-(\d+)$/.exec(text ?? '');
  const startByte = Number(match?.[1]);
  const endByte = Number(match?.[2]);
  return Number.isSafeInteger(startByte) && Number.isSafeInteger(endByte) && endByte >= startByte
    ? { startByte, endByte }
    : null;
}

/** Returns null for values of other types: the SDK passes on any JSON that the service sends. */
function textOrNull(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}

/** Returns null at the end of the list, which an absent or an empty marker indicates. */
function markerOf(value: unknown, operation: Operation): string | null {
  if (value === undefined || value === null || value === '') return null;
  return readId(value, operation, 'page marker');
}

/** Parses a part size, which some servers send as text, as requests do. */
function sizeOrNull(value: unknown): number | null {
  const bytes = typeof value === 'string' && value !== '' ? Number(value) : value;
  return Number.isSafeInteger(bytes) ? (bytes as number) : null;
}

/** @throws TransferError `unreachable` if the value is not a list of objects */
function itemsOf<T extends object>(
  list: readonly T[] | undefined,
  operation: Operation,
  what: string,
): readonly Partial<T>[] {
  const isList = Array.isArray(list) && list.every((item) => typeof item === 'object' && item !== null);
  if (!isList) throw incompleteResponse(operation, `list of ${what}`);
  return list;
}

/** @throws TransferError `unreachable` for a response without a list, or a part without a range */
export function parsePartsPage(response: ListPartsCommandOutput, operation: Operation): PartsPage {
  const items = itemsOf(response.Parts, operation, 'parts');
  const partSizeBytes = sizeOrNull(response.PartSizeInBytes);
  if (partSizeBytes === null) throw incompleteResponse(operation, 'part size');
  const parts = items.map(({ RangeInBytes, SHA256TreeHash }): RemotePart => {
    const range = parseRange(RangeInBytes);
    if (range === null) throw incompleteResponse(operation, 'range of a part');
    return { ...range, treeHash: readTreeHash(SHA256TreeHash), etag: null };
  });
  return {
    partSizeBytes,
    description: textOrNull(response.ArchiveDescription),
    createdAt: textOrNull(response.CreationDate),
    parts,
    marker: markerOf(response.Marker, operation),
  };
}

/** @throws TransferError `unreachable` for a response without a list, or an upload without an id or a date */
export function parseUploadsPage(
  response: ListMultipartUploadsCommandOutput,
  operation: Operation,
): UploadsPage {
  const items = itemsOf(response.UploadsList, operation, 'uploads');
  const uploads = items.map((upload): OpenUpload => {
    const uploadId = readId(upload.MultipartUploadId, operation, 'upload id');
    const createdAt = textOrNull(upload.CreationDate);
    if (!createdAt) throw incompleteResponse(operation, 'creation date');
    return {
      uploadId,
      key: null,
      description: textOrNull(upload.ArchiveDescription),
      partSizeBytes: sizeOrNull(upload.PartSizeInBytes),
      createdAt,
      vaultArn: textOrNull(upload.VaultARN),
      storageClass: null,
    };
  });
  return { uploads, marker: markerOf(response.Marker, operation) };
}
