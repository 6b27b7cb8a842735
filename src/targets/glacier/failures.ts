/**
 * What an error of the SDK means. The HTTP status decides first, because a proxy can answer in the service's place
 * and the SDK's names vary; then the service's code; then Node's.
 * Source of codes: Amazon Glacier developer guide, api-error-responses.
 */
import {
  type FailureExtras,
  type FailureFacts,
  type ServiceAnswer,
  TransferError,
} from '../../core/failures.js';
import { answerOf, type SdkError } from '../aws/service-answer.js';
import { classifyUnanswered, refusedFailure, unreachableFailure } from '../aws/unanswered.js';

/** What was asked for, so that a failure can say so. */
export interface Operation {
  /** The service's own name of it: `UploadMultipartPart`. */
  readonly name: string;
  readonly vault: string;
  /** Null where the operation is about the vault. */
  readonly uploadId: string | null;
  /** What was sent with a hash that the service checks. */
  readonly sent: { what: 'part' | 'archive'; index: number | null; treeHash: string } | null;
}

type Refusal = FailureFacts['refused']['why'];

const THROTTLED = new Set(['ThrottlingException', 'Throttling', 'TooManyRequestsException', 'SlowDown']);
const UNAVAILABLE = new Set([
  'RequestTimeoutException',
  'ServiceUnavailableException',
  'InsufficientCapacityException',
]);
/** A map, because a code is whatever was sent: `constructor` is no refusal. */
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
const WRONG_TIME = /signature expired|not yet current|is now (earlier|later)|clock|skew/i;
/** The same by a code alone, as other services of Amazon's and what speaks for this one say it. */
const WRONG_TIME_CODES = new Set(['RequestTimeTooSkewed', 'RequestExpired', 'RequestInTheFuture']);
const DAMAGED_PAYLOAD = /x-amz-content-sha256 does not match the computed payload hash/i;

function unreachable(operation: Operation, why: string, extras: FailureExtras = {}): TransferError {
  return unreachableFailure(operation.name, why, extras);
}

/** A success without what a success carries: cut off on the way, or not from the service at all. */
export function incompleteResponse(operation: Operation, missing: string): TransferError {
  return unreachable(operation, `the answer has no ${missing}`);
}

function refused(
  operation: Operation,
  why: Refusal,
  detail: string,
  extras: FailureExtras = {},
): TransferError {
  return refusedFailure(operation.name, why, detail, extras);
}

function corrupt(operation: Operation, service: ServiceAnswer): TransferError | null {
  const { sent } = operation;
  const text = service.message ?? '';
  const isDamaged =
    DAMAGED_PAYLOAD.test(text) || (service.httpStatus === 400 && /^Checksum mismatch/i.test(text));
  const isRefusedWhole = sent?.what === 'archive' && service.code === 'InvalidParameterValueException';
  if (sent === null || !(isRefusedWhole || (isDamaged && sent.what === 'part'))) return null;
  const got = /computed (?:digest: )?([0-9a-f]{64})/i.exec(text)?.[1]?.toLowerCase() ?? '';
  const facts = { what: sent.what, index: sent.index, expected: sent.treeHash, got };
  // Damage on the way can heal; parts that do not make this archive stay as they are.
  return new TransferError(
    'checksum',
    facts,
    sent.what === 'part' ? { service, retryClass: 'corrupt' } : { service },
  );
}

function notFound(operation: Operation, service: ServiceAnswer): TransferError {
  const isVault = operation.uploadId === null || /^vault not found/i.test(service.message ?? '');
  const what = isVault ? 'vault' : 'upload';
  const name = isVault ? operation.vault : String(operation.uploadId);
  return new TransferError('not-found', { what, name, detail: service.message }, { service });
}

/** The SDK takes the service's time from such an answer, so that the next signature is right. */
function isWrongTime({ httpStatus, code, message }: ServiceAnswer): boolean {
  if (WRONG_TIME_CODES.has(code ?? '')) return true;
  // A 400 may tell of anything: only one about a signature is about our clock.
  const isAboutAccess = httpStatus === 403 || httpStatus === 401 || /^(Invalid)?Signature/.test(code ?? '');
  return isAboutAccess && WRONG_TIME.test(message ?? '') && !EXPIRED_TOKEN.test(code ?? '');
}

function classifyAnswer(service: ServiceAnswer, operation: Operation): TransferError {
  const { httpStatus: status, code, message } = service;
  const text = [code ?? `HTTP ${status} and no answer that can be read`, message]
    .filter((part) => part !== null)
    .join(': ');
  const isOwn = code !== null || service.requestId !== null;
  if (status === 429 || THROTTLED.has(code ?? '')) {
    return unreachable(operation, text, { service, retryClass: 'throttled' });
  }
  const isRefusal = status !== null && status >= 400 && status < 500 && status !== 408 && isOwn;
  if (!isRefusal || UNAVAILABLE.has(code ?? '')) return unreachable(operation, text, { service });
  if (status === 404) return notFound(operation, service);
  const damage = corrupt(operation, service);
  if (damage !== null) return damage;
  if (isWrongTime(service)) {
    return unreachable(operation, text, { service, retryClass: 'resign' });
  }
  const why = REFUSED.get(code ?? '') ?? (status === 401 || status === 403 ? 'denied' : 'rejected');
  // A token that ran out can be followed by a newer one, for whoever looks the credentials up again.
  return refused(
    operation,
    why,
    message ?? text,
    EXPIRED_TOKEN.test(code ?? '') ? { service, retryClass: 'resign' } : { service },
  );
}

/** Whether the failure is that of a session token whose time is over. */
export function isExpiredToken(error: unknown): boolean {
  return error instanceof TransferError && EXPIRED_TOKEN.test(error.service?.code ?? '');
}

/**
 * The failure behind an error of the SDK, of Node's network, or of a body that could not be read.
 * @returns a TransferError, or the error itself where nothing is known of it (a bug, which must not look like weather)
 */
export function classify(error: unknown, operation: Operation): unknown {
  if (error instanceof TransferError || !(error instanceof Error)) return error;
  const service = answerOf(error as SdkError);
  if (service !== null) return classifyAnswer(service, operation);
  return classifyUnanswered(error, operation.name);
}
