/** Lists as the store gives them, checked: a page that is not the store's must never pass for an empty one. */
import type { ListMultipartUploadsCommandOutput, ListPartsCommandOutput } from '@aws-sdk/client-s3';
import { TransferError } from '../../core/failures.js';
import type { OpenUpload, RemotePart, UploadsPage } from '../../transfer/ports/target.js';
import { S3_CAPABILITIES } from './capabilities.js';
import type { Dialect } from './dialect.js';
import { incompleteResponse, type Operation } from './failures.js';
import { bareEtag, sha256OfBase64 } from './hashes.js';

export interface NumberedPart {
  readonly number: number;
  readonly sizeBytes: number;
  readonly etag: string | null;
  readonly linearHash: string | null;
  readonly modifiedAt: string | null;
}

export interface ListedParts {
  readonly parts: readonly NumberedPart[];
  /** Of the next page. */
  readonly marker: string | null;
}

/** @throws TransferError `unreachable` for a list that is none, or parts without number or size */
export function parseParts(answer: ListPartsCommandOutput, operation: Operation): ListedParts {
  if (answer.UploadId === undefined || answer.IsTruncated === undefined) {
    throw incompleteResponse(operation, 'list of parts');
  }
  const parts = (answer.Parts ?? []).map((part) => {
    const { PartNumber: number, Size: sizeBytes } = part;
    if (number === undefined || sizeBytes === undefined)
      throw incompleteResponse(operation, 'number or size of a part');
    return {
      number,
      sizeBytes,
      etag: bareEtag(part.ETag),
      linearHash: sha256OfBase64(part.ChecksumSHA256),
      modifiedAt: part.LastModified?.toISOString() ?? null,
    };
  });
  const { IsTruncated, NextPartNumberMarker: next } = answer;
  if (IsTruncated && !next) throw incompleteResponse(operation, 'marker of the next page');
  return { parts, marker: IsTruncated ? String(next) : null };
}

/** The page that was asked for, where more was read than that. */
export function cutPage({ parts, marker }: ListedParts, limit: number | null): ListedParts {
  if (limit === null || parts.length <= limit) return { parts, marker };
  const cut = parts.slice(0, limit);
  return { parts: cut, marker: String(cut.at(-1)?.number) };
}

/**
 * The size of an upload's parts, which the protocol never tells: all but the last have it, and of several the first
 * is not the last. A single first part may be all there is of a small file, whose part size was then any that holds
 * it. Null where nothing shows it.
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
  const startByte = (part.number - 1) * partSizeBytes;
  const { etag, linearHash, modifiedAt } = part;
  return { startByte, endByte: startByte + part.sizeBytes - 1, treeHash: null, etag, linearHash, modifiedAt };
}

/** A page's marker is two of the store's: the key, and the upload's id among those of that key. */
function encodeMarker(key: string, uploadId: string): string {
  return Buffer.from(JSON.stringify([key, uploadId])).toString('base64url');
}

/** @throws TransferError `usage` for a marker that is none of ours */
export function decodeMarker(marker: string | null): { KeyMarker?: string; UploadIdMarker?: string } {
  if (marker === null) return {};
  try {
    const pair: unknown = JSON.parse(Buffer.from(marker, 'base64url').toString());
    if (Array.isArray(pair) && typeof pair[0] === 'string' && typeof pair[1] === 'string') {
      return { KeyMarker: pair[0], ...(pair[1] !== '' && { UploadIdMarker: pair[1] }) };
    }
  } catch {
    // Told below.
  }
  throw new TransferError('usage', {
    what: `--marker ${marker}`,
    why: 'it is not the marker of an earlier page',
    hint: 'use the marker that the previous page printed',
  });
}

/** Swift leaves the marker of a page with one entry away; it is then that entry's. */
function nextMarker(
  { NextKeyMarker, NextUploadIdMarker = '' }: ListMultipartUploadsCommandOutput,
  last: OpenUpload | undefined,
  operation: Operation,
): string {
  if (NextKeyMarker) return encodeMarker(NextKeyMarker, NextUploadIdMarker);
  if (last?.key) return encodeMarker(last.key, last.uploadId);
  throw incompleteResponse(operation, 'marker of the next page');
}

/** @param isWanted whether an upload to this key is meant */
export function parseUploads(
  answer: ListMultipartUploadsCommandOutput,
  operation: Operation,
  dialect: Dialect,
  isWanted: (key: string) => boolean,
): UploadsPage {
  if (answer.Bucket === undefined || answer.IsTruncated === undefined) {
    throw incompleteResponse(operation, 'list of uploads');
  }
  const uploads = (answer.Uploads ?? []).map((upload): OpenUpload => {
    const { UploadId: uploadId, Key: key, Initiated: initiated } = upload;
    if (!uploadId || key === undefined || initiated === undefined) {
      throw incompleteResponse(operation, 'upload id, key or date of an upload');
    }
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
  const marker = answer.IsTruncated ? nextMarker(answer, uploads.at(-1), operation) : null;
  return { uploads: uploads.filter(({ key }) => isWanted(key ?? '')), marker };
}
