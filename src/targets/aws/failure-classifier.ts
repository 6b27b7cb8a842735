/**
 * Classifies errors of the SDK. The skeleton is the same for every service; the codes and the rules that differ are in the
 * service's own folder. The HTTP status decides first, because a proxy may respond instead of the service and because
 * the SDK's names vary; then the service's code; then Node's.
 */
import {
  type FailureExtras,
  type FailureFacts,
  type ServiceResponse,
  TransferError,
} from '../../core/failures.js';
import { isError } from '../../core/is-error.js';
import { AnswerError } from './answer-limits.js';
import { refusedFailure, unreachableFailure } from './failures.js';
import { classifyNoResponse } from './no-response.js';
import { SendingThreadError } from './sending-threads.js';
import { type SdkError, shortText } from './service-response.js';

export type Refusal = FailureFacts['refused']['why'];

/** An operation of a service, which its failures name. */
export interface ServiceOperation {
  /** The service's own name for it: `UploadPart`. */
  readonly name: string;
  /** Null for operations on a vault, a bucket or an object. */
  readonly uploadId: string | null;
  /** The content of the request whose hash the service checks. */
  readonly sent: { what: 'part' | 'archive'; index: number | null; hash: string } | null;
}

/** The error codes of a service, and the rules that only this service has. */
export interface FailureRules<Operation extends ServiceOperation> {
  readonly throttled: ReadonlySet<string>;
  /** Codes after which the same request may succeed a moment later, although the status is not 5xx. */
  readonly unavailable: ReadonlySet<string>;
  /** A map, not an object: the code is any text from the response, and `constructor` is not a refusal. */
  readonly refused: ReadonlyMap<string, Refusal>;
  /** Matches the codes for a key or a session token that has expired, or that the service no longer knows. */
  readonly refusedKey: RegExp;
  /** Returns the service's response; null if no response arrived. */
  readonly readResponse: (error: SdkError, operation: Operation) => ServiceResponse | null;
  /** Returns true if a response of the service itself is final: a retry would not change it. */
  readonly isFinal: (response: ServiceResponse) => boolean;
  /** Returns the vault, bucket or upload that does not exist; null for any other response. */
  readonly findMissing: (response: ServiceResponse, operation: Operation) => FailureFacts['not-found'] | null;
  /**
   * Returns the hash that the service computed, '' if the response does not show it; null if the response is not about
   * content that differs from its hash.
   */
  readonly readWrongHash: (response: ServiceResponse, operation: Operation) => string | null;
  /** Returns true if the signature was refused because the clocks differ. */
  readonly isWrongTime: (response: ServiceResponse) => boolean;
}

export interface FailureClassifier<Operation> {
  /**
   * Classifies an error of the SDK, of Node's network code, or of a body that could not be read.
   * @returns a TransferError, or the error itself if it is unknown: a bug must not look like a transient failure
   */
  readonly classify: (error: unknown, operation: Operation) => unknown;
  /** Returns true if the service refused a key or a session token that may have a successor. */
  readonly isRefusedKey: (error: unknown) => boolean;
}

/** Returns the code and the message of a response as one text. */
function describe({ httpStatus, code, message }: ServiceResponse): string {
  return [code ?? `HTTP ${httpStatus} and no response that can be read`, message]
    .filter((part) => part !== null)
    .join(': ');
}

/**
 * Returns true if the service itself responded: a proxy sends neither a code nor a request id. A response to HEAD has no
 * body, and some stores send no request id.
 */
function isFromService({ code, requestId }: ServiceResponse, { name }: ServiceOperation): boolean {
  return code !== null || requestId !== null || name.startsWith('Head');
}

/** Refuses what a proxy or another server answered: a retry would not change it, and it says nothing of the upload. */
function foreignRefusal(
  service: ServiceResponse,
  operation: ServiceOperation,
  text: string,
): TransferError<'refused'> {
  const why = service.httpStatus === 413 ? 'too-large' : 'not-the-service';
  return refusedFailure(operation.name, why, text, { service });
}

function checksumFailure(
  { what, index, hash }: NonNullable<ServiceOperation['sent']>,
  got: string,
  service: ServiceResponse,
): TransferError<'checksum'> {
  // A part that was damaged on the way can be sent again; parts that do not make this archive stay wrong.
  const extras: FailureExtras = what === 'part' ? { service, retryClass: 'corrupt' } : { service };
  return new TransferError('checksum', { what, index, expected: hash, got }, extras);
}

function refusalByStatus(status: number | null): Refusal {
  if (status === 301 || status === 307) return 'wrong-region';
  if (status === 413) return 'too-large';
  if (status === 507) return 'quota';
  return status === 401 || status === 403 ? 'denied' : 'rejected';
}

function classifyResponse<Operation extends ServiceOperation>(
  rules: FailureRules<Operation>,
  service: ServiceResponse,
  operation: Operation,
): TransferError {
  const { httpStatus: status, message } = service;
  const code = service.code ?? '';
  const text = describe(service);
  const unreachable = (extras: FailureExtras = {}) =>
    unreachableFailure(operation.name, text, { service, ...extras });
  if (status === 429 || rules.throttled.has(code)) return unreachable({ retryClass: 'throttled' });
  // The code for a proxy that forwards plain http, and wants other credentials.
  if (status === 407)
    return refusedFailure(operation.name, 'rejected', `the proxy answered ${text}`, { service });
  if (!rules.isFinal(service) || rules.unavailable.has(code)) return unreachable();
  if (!isFromService(service, operation)) {
    const isRedirect = status !== null && status < 400;
    return isRedirect ? unreachable() : foreignRefusal(service, operation, text);
  }
  const missing = rules.findMissing(service, operation);
  if (missing !== null) return new TransferError('not-found', missing, { service });
  const wrongHash = rules.readWrongHash(service, operation);
  if (wrongHash !== null && operation.sent !== null) {
    return checksumFailure(operation.sent, wrongHash, service);
  }
  // The SDK reads the service's time from this response, so the next signature is right.
  if (rules.isWrongTime(service)) return unreachable({ retryClass: 'resign' });
  const why = rules.refused.get(code) ?? refusalByStatus(status);
  // An expired token may have a successor, which the next look-up of credentials finds.
  const extras: FailureExtras = rules.refusedKey.test(code) ? { service, retryClass: 'renew' } : { service };
  const { bucketRegion = null } = service;
  const detail = bucketRegion === null ? (message ?? text) : `the bucket is in ${bucketRegion}`;
  return refusedFailure(operation.name, why, detail, extras);
}

export function failureClassifier<Operation extends ServiceOperation>(
  rules: FailureRules<Operation>,
): FailureClassifier<Operation> {
  return {
    classify(error, operation) {
      if (error instanceof TransferError || !isError(error)) return error;
      if (error instanceof AnswerError || error instanceof SendingThreadError)
        return unreachableFailure(operation.name, shortText(error.message), { cause: error });
      const service = rules.readResponse(error as SdkError, operation);
      if (service === null) return classifyNoResponse(error, operation.name);
      return classifyResponse(rules, service, operation);
    },
    isRefusedKey: (error) =>
      error instanceof TransferError && rules.refusedKey.test(error.service?.code ?? ''),
  };
}
