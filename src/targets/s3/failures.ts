/**
 * The error codes of S3 and of stores that use its protocol, and the rules that only buckets have.
 * Source of codes: Amazon S3 API reference, "Error responses"; Huawei OBS, "Error codes".
 */
import {
  type FailureFacts,
  isFailure,
  type ServiceResponse,
  type TransferError,
} from '../../core/failures.js';
import { failureClassifier, type Refusal, type ServiceOperation } from '../aws/failure-classifier.js';
import { refusedFailure } from '../aws/failures.js';
import { readServiceResponse, type SdkError } from '../aws/service-response.js';
import { asStoreLimit } from './store-limits.js';

export interface Operation extends ServiceOperation {
  readonly bucket: string;
  readonly key: string;
}

const THROTTLED = new Set([
  'SlowDown',
  'SlowDownRead',
  'SlowDownWrite',
  'Throttling',
  'ThrottlingException',
  'TooManyRequests',
  'RequestLimitExceeded',
  'Busy',
]);
/** Codes of transient failures. Some have status 400 or 409; some are in the body of a 200. */
const UNAVAILABLE = new Set([
  'RequestTimeout',
  'InternalError',
  'ServiceUnavailable',
  'OperationAborted',
  'ConditionalRequestConflict',
  'IncompleteBody',
]);
const REFUSED: ReadonlyMap<string, Refusal> = new Map(
  Object.entries<Refusal>({
    AccessDenied: 'denied',
    AllAccessDisabled: 'denied',
    AccountProblem: 'denied',
    InvalidAccessKeyId: 'wrong-credentials',
    SignatureDoesNotMatch: 'wrong-credentials',
    InvalidToken: 'wrong-credentials',
    ExpiredToken: 'wrong-credentials',
    TokenRefreshRequired: 'wrong-credentials',
    // Source: Huawei OBS, "Error Codes". No policy can fix these 403s. The first means that the bucket was in the path.
    VirtualHostDomainRequired: 'rejected',
    InArrearOrInsufficientBalance: 'rejected',
    InsufficientStorageSpace: 'quota',
    QuotaExceeded: 'quota',
    XMinioStorageFull: 'quota',
    XMinioAdminBucketQuotaExceeded: 'quota',
    PermanentRedirect: 'wrong-region',
    TemporaryRedirect: 'wrong-region',
    AuthorizationHeaderMalformed: 'wrong-region',
    IllegalLocationConstraintException: 'wrong-region',
  }),
);
const REFUSED_KEY =
  /^(ExpiredToken|TokenRefreshRequired|InvalidToken|InvalidAccessKeyId|InvalidClientTokenId)/;
const DAMAGED = new Set(['BadDigest', 'XAmzContentSHA256Mismatch', 'XAmzContentChecksumMismatch']);
/** The codes with which complete refuses a list of parts that does not match the parts of the upload. */
const WRONG_PARTS = new Set([
  'InvalidPart',
  'InvalidPartOrder',
  'EntityTooSmall',
  'BadDigest',
  'EntityTooLarge',
]);

/** Codes that a retry does not change, with any status. */
const FINAL_CODES = new Set([
  ...WRONG_PARTS,
  ...REFUSED.keys(),
  'NoSuchUpload',
  'NoSuchBucket',
  'PreconditionFailed',
  'InvalidRequest',
  'InvalidArgument',
  'MalformedXML',
  'TooManyParts',
  'InvalidPartNumber',
]);

/**
 * Returns the status that the store sent. Complete may respond with 200 and report a failure in the body, minutes later.
 * The SDK turns every such response into a 503, which is transient unless the error code is final.
 * Source: Amazon S3 API reference, CompleteMultipartUpload.
 */
function trueStatus({ httpStatus, code }: ServiceResponse): number | null {
  return httpStatus === 503 && FINAL_CODES.has(code ?? '') ? 200 : httpStatus;
}

/** Creates the failure for an upload of another program that calve cannot continue: the store would refuse each part. */
export function foreignChecksums(algorithm: string): TransferError<'refused'> {
  const detail = `the upload was created with ${algorithm} checksums of its parts, but calve sends only SHA256 and CRC32: resume it with the program that created it`;
  return refusedFailure('UploadPart', 'rejected', detail);
}

function isFinal({ httpStatus: status, code }: ServiceResponse): boolean {
  if (status === 200) return FINAL_CODES.has(code ?? '');
  // A feature that the store itself reports as not implemented will not exist on a retry.
  if (status === 501) return code !== null;
  if (status === 507) return true;
  return status !== null && status >= 300 && status < 500 && status !== 408 && status !== 425;
}

function findMissing(service: ServiceResponse, operation: Operation): FailureFacts['not-found'] | null {
  const { bucket, uploadId } = operation;
  const { httpStatus, code, message } = service;
  const upload = uploadId === null ? null : ({ what: 'upload', name: uploadId, detail: message } as const);
  if (code === 'NoSuchUpload' && upload !== null) return upload;
  if (code === 'NoSuchBucket') return { what: 'bucket', name: bucket, detail: null };
  if (httpStatus !== 404) return null;
  // Some stores respond with a plain 404 to complete or abort for an upload that no longer exists.
  return upload ?? { what: 'bucket', name: bucket, detail: null };
}

/** The store names no hash in its response. */
function readWrongHash({ code }: ServiceResponse, { sent }: Operation): string | null {
  const codes = sent?.what === 'part' ? DAMAGED : WRONG_PARTS;
  return codes.has(code ?? '') ? '' : null;
}

/**
 * Returns true if a request was refused because of its checksum. Most stores without checksums ignore the
 * header, but some refuse it, each with a code of its own: `InvalidArgument: Unsupported header 'x-amz-…'`,
 * `NotImplemented`.
 */
export function isRefusedForChecksums(error: unknown): boolean {
  if (!isFailure(error, 'refused') || error.facts.why !== 'rejected') return false;
  const { code = null, message = null } = error.service ?? {};
  return code === 'NotImplemented' || /checksum/i.test(`${code} ${message}`);
}

/** An error of the SDK with the fields that S3 has in the body of an error. */
interface S3Error extends SdkError {
  readonly Resource?: unknown;
  readonly HostId?: unknown;
  readonly RequestId?: unknown;
  readonly Region?: unknown;
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}

/** Reads the response of a store, which also has the host that responded and the resource. */
function readResponse(error: S3Error, operation: Operation): ServiceResponse | null {
  const response = readServiceResponse(error);
  if (response === null) return null;
  const region = textOf(error.Region) ?? regionOf(error);
  // An empty response to HEAD has no code: the SDK makes up a name for it.
  const isEmpty = /^(NotFound|Forbidden|BadRequest|30\d|40\d)$/.test(response.code ?? '');
  // A HEAD of a bucket that ends in 404 can mean nothing else. Source: Amazon S3 API reference, HeadBucket.
  const isNoBucket = operation.name === 'HeadBucket' && response.httpStatus === 404;
  const codeOfEmpty = isNoBucket ? 'NoSuchBucket' : null;
  return {
    ...response,
    httpStatus: trueStatus(response),
    code: isEmpty || response.code === null ? codeOfEmpty : response.code,
    message: isEmpty ? null : response.message,
    bucketRegion: region,
    requestId: response.requestId ?? textOf(error.RequestId),
    hostId: error.$metadata?.extendedRequestId ?? textOf(error.HostId),
    resource: textOf(error.Resource) ?? `/${operation.bucket}/${operation.key}`,
  };
}

function regionOf(error: S3Error): string | null {
  const status = error.$metadata?.httpStatusCode;
  if (status !== 301 && status !== 307 && status !== 400) return null;
  return textOf(error.$response?.headers?.['x-amz-bucket-region']);
}

const classifier = failureClassifier<Operation>({
  throttled: THROTTLED,
  unavailable: UNAVAILABLE,
  refused: REFUSED,
  refusedKey: REFUSED_KEY,
  readResponse,
  isFinal,
  findMissing,
  readWrongHash,
  isWrongTime: ({ code }) => code === 'RequestTimeTooSkewed',
});

export const { isRefusedKey } = classifier;

/** Classifies as FailureClassifier does, and recognises the limits of a store. */
export function classify(error: unknown, operation: Operation): unknown {
  return asStoreLimit(classifier.classify(error, operation), operation);
}
