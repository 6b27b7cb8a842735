/** Lists as the service gives them, checked: a list that is cut short must never pass for an empty one. */
import type { ListMultipartUploadsCommandOutput, ListPartsCommandOutput } from '@aws-sdk/client-glacier';
import { readTreeHash } from '../../core/tree-hash.js';
import type {
  OpenUpload,
  PageRequest,
  PartsPage,
  RemotePart,
  UploadsPage,
} from '../../transfer/ports/target.js';
import { incompleteResponse, type Operation } from './failures.js';

/** The service takes nothing at all for its own default. */
export function pageInput(page: PageRequest): { limit?: number; marker?: string } {
  return {
    ...(page.limit !== null && { limit: page.limit }),
    ...(page.marker !== null && { marker: page.marker }),
  };
}

/** `0-2097151`, inclusive: without the `bytes ` and the total that the request's header has. */
function parseRange(text: string | undefined): { startByte: number; endByte: number } | null {
  const match = /^(\d+)-(\d+)$/.exec(text ?? '');
  const startByte = Number(match?.[1]);
  const endByte = Number(match?.[2]);
  return Number.isSafeInteger(startByte) && Number.isSafeInteger(endByte) && endByte >= startByte
    ? { startByte, endByte }
    : null;
}

/** The SDK hands on whatever JSON was sent, of whatever type. */
function textOrNull(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}

/** An absent value and an empty marker both end the list; any other that is no text is no marker to ask with. */
function markerOf(value: unknown, operation: Operation): string | null {
  if (value === undefined || value === null || value === '') return null;
  if (typeof value !== 'string') throw incompleteResponse(operation, 'page marker that is text');
  return value;
}

/** Part sizes are text in requests, and some servers answer in kind. */
function sizeOrNull(value: unknown): number | null {
  const bytes = typeof value === 'string' && value !== '' ? Number(value) : value;
  return Number.isSafeInteger(bytes) ? (bytes as number) : null;
}

/** @throws TransferError `unreachable` for what is no list, or holds what is no object */
function itemsOf<T extends object>(
  list: readonly T[] | undefined,
  operation: Operation,
  what: string,
): readonly Partial<T>[] {
  const isList = Array.isArray(list) && list.every((item) => typeof item === 'object' && item !== null);
  if (!isList) throw incompleteResponse(operation, `list of ${what}`);
  return list;
}

/** @throws TransferError `unreachable` for a list without its parts, or parts without their range */
export function parsePartsPage(answer: ListPartsCommandOutput, operation: Operation): PartsPage {
  const items = itemsOf(answer.Parts, operation, 'parts');
  const partSizeBytes = sizeOrNull(answer.PartSizeInBytes);
  if (partSizeBytes === null) throw incompleteResponse(operation, 'part size');
  const parts = items.map(({ RangeInBytes, SHA256TreeHash }): RemotePart => {
    const range = parseRange(RangeInBytes);
    if (range === null) throw incompleteResponse(operation, 'range of a part');
    return { ...range, treeHash: readTreeHash(SHA256TreeHash), etag: null };
  });
  return {
    partSizeBytes,
    description: textOrNull(answer.ArchiveDescription),
    createdAt: textOrNull(answer.CreationDate),
    parts,
    marker: markerOf(answer.Marker, operation),
  };
}

/** @throws TransferError `unreachable` for a list without its uploads, or uploads without an id or a date */
export function parseUploadsPage(
  answer: ListMultipartUploadsCommandOutput,
  operation: Operation,
): UploadsPage {
  const items = itemsOf(answer.UploadsList, operation, 'uploads');
  const uploads = items.map((upload): OpenUpload => {
    const uploadId = textOrNull(upload.MultipartUploadId);
    const createdAt = textOrNull(upload.CreationDate);
    if (!uploadId || !createdAt) throw incompleteResponse(operation, 'upload id or creation date');
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
  return { uploads, marker: markerOf(answer.Marker, operation) };
}
