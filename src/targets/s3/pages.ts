/** Parses and checks the store's lists: a page that another server sent must never look like an empty list. */
import type { ListMultipartUploadsCommandOutput, ListPartsCommandOutput } from '@aws-sdk/client-s3';
import { TransferError } from '../../core/failures.js';
import type { OpenUpload, RemotePart, UploadsPage } from '../../transfer/ports/target.js';
import { incompleteResponse, readId } from '../aws/failures.js';
import { S3_CAPABILITIES } from './capabilities.js';
import type { Dialect } from './dialect.js';
import type { Operation } from './failures.js';
import { bareEtag, hexOfBase64 } from './hashes.js';

export interface NumberedPart {
  readonly number: number;
  readonly sizeBytes: number;
  readonly etag: string | null;
  readonly linearHash: string | null;
  readonly crc32: string | null;
  readonly modifiedAt: string | null;
}

export interface ListedParts {
  readonly parts: readonly NumberedPart[];
  /** The marker of the next page; null on the last one. */
  readonly marker: string | null;
}

/** @throws TransferError `unreachable` for a response without a list, or a part without a number or a size */
export function parseParts(response: ListPartsCommandOutput, operation: Operation): ListedParts {
  if (response.UploadId === undefined || response.IsTruncated === undefined) {
    throw incompleteResponse(operation, 'list of parts');
  }
  const parts = (response.Parts ?? []).map((part) => {
    const { PartNumber: number, Size: sizeBytes } = part;
    if (number === undefined || sizeBytes === undefined)
      throw incompleteResponse(operation, 'number or size of a part');
    return {
      number,
      sizeBytes,
      etag: bareEtag(part.ETag),
      linearHash: hexOfBase64(part.ChecksumSHA256, 32),
      crc32: hexOfBase64(part.ChecksumCRC32, 4),
      modifiedAt: part.LastModified?.toISOString() ?? null,
    };
  });
  const { IsTruncated, NextPartNumberMarker: next } = response;
  const marker = IsTruncated ? readId(next?.toString(), operation, 'marker of the next page') : null;
  return { parts, marker };
}

/** Cuts a page to the limit that was requested, if more was read. */
export function cutPage({ parts, marker }: ListedParts, limit: number | null): ListedParts {
  if (limit === null || parts.length <= limit) return { parts, marker };
  const cut = parts.slice(0, limit);
  return { parts: cut, marker: String(cut.at(-1)?.number) };
}

/**
 * Finds the size of an upload's parts, which the protocol never reports. All parts but the last have that size, and the
 * first of several parts is not the last. A single first part may be the whole of a small file: the smallest part size
 * that fits it is then used. Returns null if the page does not show it.
 */
export function partSizeShown({ parts, marker }: ListedParts): number | null {
  const [first, second] = parts;
  if (first === undefined) return null;
  if (second !== undefined || marker !== null || first.number > 1) return first.sizeBytes;
  let partSizeBytes = S3_CAPABILITIES.limits.partSizeMinBytes;
  while (partSizeBytes < first.sizeBytes) partSizeBytes *= 2;
  return partSizeBytes;
}

export function remotePart(part: NumberedPart, partSizeBytes: number): RemotePart {
  const index = part.number - 1;
  const startByte = index * partSizeBytes;
  const endByte = startByte + part.sizeBytes - 1;
  const { etag, linearHash, crc32, modifiedAt } = part;
  return { index, startByte, endByte, treeHash: null, etag, linearHash, crc32, modifiedAt };
}

/** Encodes the two markers of the store, the key and the id of an upload to that key, as one. */
function encodeMarker(key: string, uploadId: string): string {
  return Buffer.from(JSON.stringify([key, uploadId])).toString('base64url');
}

/** @throws TransferError `usage` for a marker that calve did not print */
export function decodeMarker(marker: string | null): { KeyMarker?: string; UploadIdMarker?: string } {
  if (marker === null) return {};
  try {
    const pair: unknown = JSON.parse(Buffer.from(marker, 'base64url').toString());
    if (Array.isArray(pair) && typeof pair[0] === 'string' && typeof pair[1] === 'string') {
      return { KeyMarker: pair[0], ...(pair[1] !== '' && { UploadIdMarker: pair[1] }) };
    }
  } catch {
    // The failure below reports it.
  }
  throw new TransferError('usage', {
    what: `--marker ${marker}`,
    why: 'it is not the marker of an earlier page',
    hint: 'use the marker that the previous page printed',
  });
}

/** Returns the marker of the next page. Swift omits it on a page with one entry, which then is the marker. */
function nextMarker(
  { NextKeyMarker, NextUploadIdMarker = '' }: ListMultipartUploadsCommandOutput,
  last: OpenUpload | undefined,
  operation: Operation,
): string {
  const what = 'marker of the next page';
  if (!NextKeyMarker && last?.key) return encodeMarker(last.key, last.uploadId);
  const keyMarker = readId(NextKeyMarker, operation, what);
  return encodeMarker(
    keyMarker,
    NextUploadIdMarker === '' ? '' : readId(NextUploadIdMarker, operation, what),
  );
}

/** @param isWanted returns true for the keys whose uploads are listed */
export function parseUploads(
  response: ListMultipartUploadsCommandOutput,
  operation: Operation,
  dialect: Dialect,
  isWanted: (key: string) => boolean,
): UploadsPage {
  if (response.Bucket === undefined || response.IsTruncated === undefined) {
    throw incompleteResponse(operation, 'list of uploads');
  }
  const uploads = (response.Uploads ?? []).map((upload): OpenUpload => {
    const { Initiated: initiated } = upload;
    const uploadId = readId(upload.UploadId, operation, 'upload id');
    const key = readId(upload.Key, operation, 'key of an upload');
    if (initiated === undefined) throw incompleteResponse(operation, 'date of an upload');
    return {
      uploadId,
      key,
      description: null,
      partSizeBytes: null,
      createdAt: initiated.toISOString(),
      vaultArn: null,
      storageClass: upload.StorageClass === undefined ? null : dialect.ownClass(upload.StorageClass),
    };
  });
  const marker = response.IsTruncated ? nextMarker(response, uploads.at(-1), operation) : null;
  const wanted = uploads.filter(({ key }) => isWanted(key ?? ''));
  return { uploads: wanted, otherUploads: uploads.length - wanted.length, marker };
}
