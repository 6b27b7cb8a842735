/** Parses the service's headers by its rules (Amazon Glacier developer guide, api-upload-part and related pages). */
import { invalid, missing, ServiceError } from './service-error.js';

const PART_SIZE_MIN_BYTES = 2 ** 20;
const PART_SIZE_MAX_BYTES = 2 ** 32;
const PARTS_MAX = 10_000;
/** The documentation says "4 GB". The exact limit, between 4 GB and 4 GiB, is not known. */
export const SINGLE_UPLOAD_MAX_BYTES = 2 ** 32;
const DESCRIPTION_MAX_BYTES = 1024;

type Headers = Readonly<Record<string, string | string[] | undefined>>;

export interface PartRange {
  readonly startByte: number;
  /** Inclusive, as in the header. */
  readonly endByte: number;
  readonly index: number;
}

export function optionalHeader(headers: Headers, name: string): string | undefined {
  const value = headers[name];
  return Array.isArray(value) ? value.join(',') : value;
}

/** @throws ServiceError MissingParameterValueException */
export function requiredHeader(headers: Headers, name: string): string {
  const value = optionalHeader(headers, name);
  if (value === undefined || value === '') throw missing(name);
  return value;
}

/** Parses up to 15 decimal digits, which a number holds exactly. Returns null for any other text. */
export function parseBytes(text: string): number | null {
  return /^\d{1,15}$/.test(text) ? Number(text) : null;
}

/** @throws ServiceError unless the header is a lower-case hex SHA-256 */
export function hashHeader(headers: Headers, name: string): string {
  const value = requiredHeader(headers, name);
  if (!/^[0-9a-f]{64}$/.test(value)) throw invalid(name, value);
  return value;
}

/** Returns the archive description without leading spaces, which the service removes; null without a description. */
export function descriptionHeader(headers: Headers): string | null {
  const value = optionalHeader(headers, 'x-amz-archive-description')?.replace(/^ +/, '');
  if (value === undefined || value === '') return null;
  if (value.length > DESCRIPTION_MAX_BYTES || !/^[\x20-\x7e]*$/.test(value)) {
    throw invalid('x-amz-archive-description', value.replace(/[^\x20-\x7e]/g, '?'));
  }
  return value;
}

/** @throws ServiceError unless the part size is a power of two from 1 MiB to 4 GiB */
export function partSizeHeader(headers: Headers): number {
  const text = requiredHeader(headers, 'x-amz-part-size');
  const size = parseBytes(text) ?? 0;
  if (size >= PART_SIZE_MIN_BYTES && size <= PART_SIZE_MAX_BYTES && Number.isInteger(Math.log2(size))) {
    return size;
  }
  throw new ServiceError(
    'InvalidParameterValueException',
    `Invalid part size: ${text}. Part size must not be null, must be a power of two and be between ` +
      `${PART_SIZE_MIN_BYTES} and ${PART_SIZE_MAX_BYTES} bytes.`,
  );
}

/** Returns the body's length, which is required for streamed bodies. @throws ServiceError unless 1 to `maxBytes` */
export function contentLength(headers: Headers, maxBytes: number): number {
  const text = requiredHeader(headers, 'content-length');
  const length = parseBytes(text) ?? 0;
  if (length < 1 || length > maxBytes) throw invalid('Content-Length', text);
  return length;
}

/**
 * Parses `bytes FIRST-LAST/*` or `bytes FIRST-LAST/LENGTH`. The length of the whole is not needed, because the client
 * states it when it completes the upload.
 * Source: RFC 2616, 14.16, which the developer guide refers to. A length that ends before the range is invalid there.
 * @throws ServiceError unless the range is aligned to the part size and not longer than a part
 */
export function contentRange(headers: Headers, partSizeBytes: number): PartRange {
  const text = requiredHeader(headers, 'content-range');
  const match = /^bytes (\d{1,15})-(\d{1,15})\/(\*|\d{1,15})$/.exec(text);
  const startByte = Number(match?.[1]);
  const endByte = Number(match?.[2]);
  const wholeBytes = match?.[3] === '*' ? Number.POSITIVE_INFINITY : Number(match?.[3]);
  const sizeBytes = endByte - startByte + 1;
  const isRange = match !== null && sizeBytes >= 1 && endByte < wholeBytes;
  if (!isRange || sizeBytes > partSizeBytes || startByte % partSizeBytes !== 0) {
    throw invalid('Content-Range', text);
  }
  const index = startByte / partSizeBytes;
  if (index >= PARTS_MAX) {
    throw new ServiceError(
      'InvalidParameterValueException',
      `This is part number ${index + 1} for the current multipart upload. It exceeds the limit of ${PARTS_MAX} parts.`,
    );
  }
  checkLength(headers, text, sizeBytes);
  return { startByte, endByte, index };
}

function checkLength(headers: Headers, range: string, sizeBytes: number): void {
  const length = requiredHeader(headers, 'content-length');
  if (length === '0') throw invalid('Content-Length', length);
  if (parseBytes(length) === sizeBytes) return;
  throw new ServiceError(
    'InvalidParameterValueException',
    `Content-Range: ${range} is incompatible with Content-Length: ${length}`,
  );
}
