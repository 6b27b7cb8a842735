/**
 * The error codes of Amazon Glacier, and the rules that only vaults have.
 * Source of codes: Amazon Glacier developer guide, api-error-responses.
 */
import type { FailureFacts, ServiceResponse } from '../../core/failures.js';
import { failureClassifier, type Refusal, type ServiceOperation } from '../aws/failure-classifier.js';
import { readServiceResponse } from '../aws/service-response.js';

export interface Operation extends ServiceOperation {
  readonly vault: string;
}

const THROTTLED = new Set(['ThrottlingException', 'Throttling', 'TooManyRequestsException', 'SlowDown']);
const UNAVAILABLE = new Set([
  'RequestTimeoutException',
  'ServiceUnavailableException',
  'InsufficientCapacityException',
]);
const REFUSED: ReadonlyMap<string, Refusal> = new Map(
  Object.entries<Refusal>({
    AccessDeniedException: 'denied',
    AccessDenied: 'denied',
    ExpiredTokenException: 'wrong-credentials',
    ExpiredToken: 'wrong-credentials',
    UnrecognizedClientException: 'wrong-credentials',
    InvalidClientTokenId: 'wrong-credentials',
    InvalidSignatureException: 'wrong-credentials',
    SignatureDoesNotMatch: 'wrong-credentials',
    IncompleteSignatureException: 'wrong-credentials',
    MissingAuthenticationTokenException: 'wrong-credentials',
    NoLongerSupportedException: 'no-longer-supported',
  }),
);

const EXPIRED_TOKEN = /^ExpiredToken/;
const REFUSED_KEY = /^(ExpiredToken|UnrecognizedClient|InvalidClientTokenId|InvalidToken|InvalidAccessKeyId)/;
const WRONG_TIME = /signature expired|not yet current|is now (earlier|later)|clock|skew/i;
/** Codes for a wrong clock that other services of Amazon, and servers compatible with this one, send. */
const WRONG_TIME_CODES = new Set(['RequestTimeTooSkewed', 'RequestExpired', 'RequestInTheFuture']);
const DAMAGED_PAYLOAD = /x-amz-content-sha256 does not match the computed payload hash/i;

function isFinal({ httpStatus: status }: ServiceResponse): boolean {
  return status !== null && status >= 400 && status < 500 && status !== 408 && status !== 425;
}

function findMissing(service: ServiceResponse, operation: Operation): FailureFacts['not-found'] | null {
  if (service.httpStatus !== 404) return null;
  const { vault, uploadId } = operation;
  const isVault = uploadId === null || /^vault not found/i.test(service.message ?? '');
  const missing = isVault
    ? ({ what: 'vault', name: vault } as const)
    : ({ what: 'upload', name: uploadId } as const);
  return { ...missing, detail: service.message };
}

function readWrongHash(service: ServiceResponse, { sent }: Operation): string | null {
  const text = service.message ?? '';
  const isDamaged =
    DAMAGED_PAYLOAD.test(text) || (service.httpStatus === 400 && /^Checksum mismatch/i.test(text));
  const isRefusedArchive = sent?.what === 'archive' && service.code === 'InvalidParameterValueException';
  if (!isRefusedArchive && !(isDamaged && sent?.what === 'part')) return null;
  return /computed (?:digest: )?([0-9a-f]{64})/i.exec(text)?.[1]?.toLowerCase() ?? '';
}

function isWrongTime({ httpStatus, code, message }: ServiceResponse): boolean {
  if (WRONG_TIME_CODES.has(code ?? '')) return true;
  // A 400 can have many reasons: the clock is the reason only if the response is about a signature.
  const isAboutAccess = httpStatus === 403 || httpStatus === 401 || /^(Invalid)?Signature/.test(code ?? '');
  return isAboutAccess && WRONG_TIME.test(message ?? '') && !EXPIRED_TOKEN.test(code ?? '');
}

export const { classify, isRefusedKey } = failureClassifier<Operation>({
  throttled: THROTTLED,
  unavailable: UNAVAILABLE,
  refused: REFUSED,
  refusedKey: REFUSED_KEY,
  readResponse: readServiceResponse,
  isFinal,
  findMissing,
  readWrongHash,
  isWrongTime,
});
