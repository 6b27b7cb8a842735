/**
 * What an error of the SDK means, from S3 and from what speaks its protocol. The HTTP status decides first, because a
 * proxy can answer in the service's place; then the service's code; then Node's.
 * Source of codes: Amazon S3 API reference, "Error responses"; Huawei OBS, "Error codes".
 */
import {
  type FailureExtras,
  type FailureFacts,
  isFailure,
  type ServiceAnswer,
  TransferError,
} from '../../core/failures.js';
import { answerOf, type SdkError } from '../aws/service-answer.js';
import { classifyUnanswered, refusedFailure, unreachableFailure } from '../aws/unanswered.js';

/** What was asked for, so that a failure can say so. */
export interface Operation {
  /** The service's own name of it: `UploadPart`. */
  readonly name: string;
  readonly bucket: string;
  readonly key: string;
  /** Null where the operation is about the bucket or the object. */
  readonly uploadId: string | null;
  /** What was sent with a hash that the service checks. */
  readonly sent: { what: 'part' | 'archive'; index: number | null; hash: string } | null;
}

type Refusal = FailureFacts['refused']['why'];

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
/** Some are 400s and 409s, though the same request may succeed a moment later; some come after a 200. */
const UNAVAILABLE = new Set([
  'RequestTimeout',
  'InternalError',
  'ServiceUnavailable',
  'OperationAborted',
  'ConditionalRequestConflict',
  'IncompleteBody',
]);
/** A map, because a code is whatever was sent: `constructor` is no refusal. */
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
    // Source: Huawei OBS, "Error Codes": 403s, though no policy will fix them. In the first the bucket stood in the path.
    VirtualHostDomainRequired: 'rejected',
    InArrearOrInsufficientBalance: 'rejected',
    InsufficientStorageSpace: 'rejected',
    PermanentRedirect: 'wrong-region',
    TemporaryRedirect: 'wrong-region',
    AuthorizationHeaderMalformed: 'wrong-region',
    IllegalLocationConstraintException: 'wrong-region',
  }),
);
const EXPIRED_TOKEN = /^(ExpiredToken|TokenRefreshRequired)/;
const DAMAGED = new Set(['BadDigest', 'XAmzContentSHA256Mismatch', 'XAmzContentChecksumMismatch']);
/** What complete answers when the parts that were named are not those that it holds. */
const UNFIT = new Set(['InvalidPart', 'InvalidPartOrder', 'EntityTooSmall', 'BadDigest', 'EntityTooLarge']);

/** Codes that no second attempt changes, wherever they stand. */
const DEFINITE = new Set([
  ...UNFIT,
  ...REFUSED.keys(),
  'NoSuchUpload',
  'NoSuchBucket',
  'PreconditionFailed',
  'InvalidRequest',
  'InvalidArgument',
  'MalformedXML',
]);

/**
 * Complete may answer 200 and tell in the body, minutes later, that nothing came of it. The SDK makes a 503 of each
 * such answer, which is weather; but a 503 with a code of these was none.
 * Source: Amazon S3 API reference, CompleteMultipartUpload.
 */
function trueStatus({ httpStatus, code }: ServiceAnswer): number | null {
  return httpStatus === 503 && DEFINITE.has(code ?? '') ? 200 : httpStatus;
}

/** An upload of another program that calve can't go on with: the store would refuse each part. */
export function strangeChecksums(algorithm: string): TransferError<'refused'> {
  const detail = `the upload was created with ${algorithm} checksums of its parts, but calve sends only SHA256: resume it with the program that created it`;
  return refusedFailure('UploadPart', 'rejected', detail);
}

/** A success without what a success carries: cut off on the way, or not from the service at all. */
export function incompleteResponse(operation: Operation, missing: string): TransferError {
  return unreachableFailure(operation.name, `the answer has no ${missing}`);
}

function missingBucket({ bucket }: Operation, service: ServiceAnswer): TransferError {
  return new TransferError('not-found', { what: 'bucket', name: bucket, detail: null }, { service });
}

function missingUpload(uploadId: string, service: ServiceAnswer): TransferError {
  const facts = { what: 'upload', name: uploadId, detail: service.message } as const;
  return new TransferError('not-found', facts, { service });
}

function damage(operation: Operation, service: ServiceAnswer): TransferError | null {
  const { sent } = operation;
  const codes = sent?.what === 'part' ? DAMAGED : UNFIT;
  if (sent === null || !codes.has(service.code ?? '')) return null;
  const facts = { what: sent.what, index: sent.index, expected: sent.hash, got: '' };
  // Damage on the way can heal; parts that do not make this object stay as they are.
  const extras: FailureExtras = sent.what === 'part' ? { service, retryClass: 'corrupt' } : { service };
  return new TransferError('checksum', facts, extras);
}

function classifyAnswer(service: ServiceAnswer, operation: Operation): TransferError {
  const { httpStatus: status, code, message } = service;
  const { name } = operation;
  const text = [code ?? `HTTP ${status} and no answer that can be read`, message]
    .filter((part) => part !== null)
    .join(': ');
  const isOwn = code !== null || service.requestId !== null;
  if (status === 429 || THROTTLED.has(code ?? '')) {
    return unreachableFailure(name, text, { service, retryClass: 'throttled' });
  }
  const isRefusal = isOwn && (isCertain(status, code) || (status === 200 && DEFINITE.has(code ?? '')));
  if (!isRefusal || UNAVAILABLE.has(code ?? '')) return unreachableFailure(name, text, { service });
  if (code === 'NoSuchUpload' && operation.uploadId !== null) {
    return missingUpload(operation.uploadId, service);
  }
  if (code === 'NoSuchBucket' || (status === 404 && operation.uploadId === null)) {
    return missingBucket(operation, service);
  }
  // Some stores answer so to complete or abort an upload that is over.
  if (status === 404 && operation.uploadId !== null) return missingUpload(operation.uploadId, service);
  const damaged = damage(operation, service);
  if (damaged !== null) return damaged;
  // The SDK takes the service's time from this answer, so that the next signature is right.
  if (code === 'RequestTimeTooSkewed') {
    return unreachableFailure(name, text, { service, retryClass: 'resign' });
  }
  const isElsewhere = status === 301 || status === 307;
  const why =
    REFUSED.get(code ?? '') ?? (isElsewhere ? 'wrong-region' : isDenial(status) ? 'denied' : 'rejected');
  const extras: FailureExtras = EXPIRED_TOKEN.test(code ?? '')
    ? // A token that ran out can be followed by a newer one, for whoever looks the credentials up again.
      { service, retryClass: 'resign' }
    : { service };
  return refusedFailure(name, why, message ?? text, extras);
}

/** What the store does not know (a 501 of its own), it will not know a minute later either. */
function isCertain(status: number | null, code: string | null): boolean {
  if (status === 501) return code !== null;
  return status !== null && status >= 300 && status < 500 && status !== 408;
}

/**
 * Whether it was refused for the checksums that were asked for. Stores that do not know them mostly say nothing, but
 * some refuse the header, each with a code of its own: `InvalidArgument: Unsupported header 'x-amz-…'`, `NotImplemented`.
 */
export function isRefusedForChecksums(error: unknown): boolean {
  if (!isFailure(error, 'refused') || error.facts.why !== 'rejected') return false;
  const { code = null, message = null } = error.service ?? {};
  return code === 'NotImplemented' || /checksum/i.test(`${code} ${message}`);
}

function isDenial(status: number | null): boolean {
  return status === 401 || status === 403;
}

/** Whether the failure is that of a session token whose time is over. */
export function isExpiredToken(error: unknown): boolean {
  return error instanceof TransferError && EXPIRED_TOKEN.test(error.service?.code ?? '');
}

/** The service's own fields in the body of its error, which the SDK hands through. */
interface S3Error extends SdkError {
  readonly Resource?: unknown;
  readonly HostId?: unknown;
  readonly RequestId?: unknown;
  readonly Region?: unknown;
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}

/** What S3's errors carry beyond a vault's: the host that answered, and what it was about. */
function s3AnswerOf(error: S3Error, operation: Operation): ServiceAnswer | null {
  const answer = answerOf(error);
  if (answer === null) return null;
  const region = textOf(error.Region) ?? regionOf(error);
  // An empty answer to HEAD has no code; the SDK's own words for it are not the service's.
  const isEmpty = /^(NotFound|Forbidden|BadRequest|30\d|40\d)$/.test(answer.code ?? '');
  const message = isEmpty ? null : answer.message;
  return {
    ...answer,
    httpStatus: trueStatus(answer),
    code: isEmpty ? null : answer.code,
    message: region === null ? message : `the bucket is in ${region}`,
    requestId: answer.requestId ?? textOf(error.RequestId),
    hostId: error.$metadata?.extendedRequestId ?? textOf(error.HostId),
    resource: textOf(error.Resource) ?? `/${operation.bucket}/${operation.key}`,
  };
}

function regionOf(error: S3Error): string | null {
  const status = error.$metadata?.httpStatusCode;
  if (status !== 301 && status !== 307 && status !== 400) return null;
  return textOf(error.$response?.headers?.['x-amz-bucket-region']);
}

/**
 * The failure behind an error of the SDK, of Node's network, or of a body that could not be read.
 * @returns a TransferError, or the error itself where nothing is known of it (a bug, which must not look like weather)
 */
export function classify(error: unknown, operation: Operation): unknown {
  if (error instanceof TransferError || !(error instanceof Error)) return error;
  const service = s3AnswerOf(error as S3Error, operation);
  return service === null ? classifyUnanswered(error, operation.name) : classifyAnswer(service, operation);
}
