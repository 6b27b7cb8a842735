/** Lists as the service gives them, checked: a list that is cut short must never pass for an empty one. */
import type { ListMultipartUploadsCommandOutput, ListPartsCommandOutput } from '@aws-sdk/client-glacier';
import { readTreeHash } from '../../core/tree-hash.js';
import type { HeldPart, OpenUpload, PageRequest, PartsPage, UploadsPage } from '../../transfer/ports.js';
import { halfAnswer, type Operation } from './failures.js';

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

/** An absent value and an empty marker both end the list. */
function orNull(text: string | undefined): string | null {
  return text === undefined || text === '' ? null : text;
}

/** @throws TransferError `unreachable` for a list without its parts, or parts without their range */
export function parsePartsPage(answer: ListPartsCommandOutput, operation: Operation): PartsPage {
  if (answer.Parts === undefined) throw halfAnswer(operation, 'list of parts');
  if (answer.PartSizeInBytes === undefined) throw halfAnswer(operation, 'part size');
  const parts = answer.Parts.map(({ RangeInBytes, SHA256TreeHash }): HeldPart => {
    const range = parseRange(RangeInBytes);
    if (range === null) throw halfAnswer(operation, 'range of a part');
    return { ...range, treeHash: readTreeHash(SHA256TreeHash), etag: null };
  });
  return {
    partSizeBytes: answer.PartSizeInBytes,
    description: answer.ArchiveDescription ?? null,
    createdAt: answer.CreationDate ?? null,
    parts,
    marker: orNull(answer.Marker),
  };
}

/** @throws TransferError `unreachable` for a list without its uploads, or uploads without an id or a date */
export function parseUploadsPage(
  answer: ListMultipartUploadsCommandOutput,
  operation: Operation,
): UploadsPage {
  if (answer.UploadsList === undefined) throw halfAnswer(operation, 'list of uploads');
  const uploads = answer.UploadsList.map((upload): OpenUpload => {
    const { MultipartUploadId: uploadId, CreationDate: createdAt } = upload;
    if (!uploadId || !createdAt) throw halfAnswer(operation, 'upload id or creation date');
    return {
      uploadId,
      key: null,
      description: upload.ArchiveDescription ?? null,
      partSizeBytes: upload.PartSizeInBytes ?? null,
      createdAt,
      vaultArn: upload.VaultARN ?? null,
      storageClass: null,
    };
  });
  return { uploads, marker: orNull(answer.Marker) };
}
