/** Reads the service's response out of an error of the SDK, without anything secret. */
import type { ServiceResponse } from '../../core/failures.js';

/** The fields that errors of the SDK may have in addition to those of Error. */
export interface SdkError extends Error {
  readonly code?: unknown;
  readonly errno?: unknown;
  readonly syscall?: unknown;
  readonly $metadata?: {
    readonly httpStatusCode?: number;
    readonly requestId?: string;
    readonly extendedRequestId?: string;
  };
  readonly $response?: {
    readonly reason?: unknown;
    readonly headers?: Readonly<Record<string, string>>;
  };
}

const TEXT_MAX_CHARACTERS = 500;

/**
 * Returns the first line of a message, cut to a maximum length. The refusal of a signature continues with the canonical
 * request, which contains the session token.
 */
export function shortText(message: string): string {
  const line = message.split(/[\r\n]|The canonical string/i, 1)[0] ?? '';
  return line.trim().slice(0, TEXT_MAX_CHARACTERS);
}

/** Matches the names of errors of JavaScript, and those that the SDK gives to a response that it could not read. */
const NOT_A_CODE =
  /^((Syntax|Type|Range|URI|Reference|Eval|Aggregate|Timeout|Unknown)?Error|Unknown|GlacierServiceException|S3ServiceException)$/;

/** Returns the service's error code; null if it sent none. */
function codeOf(error: SdkError): string | null {
  const isFromService = typeof error.name === 'string' && !NOT_A_CODE.test(error.name);
  return isFromService ? shortText(error.name) : null;
}

/** Matches the headers that may hold a key, a token, or a URL with a signature. */
const MAY_BE_SECRET = /auth|cookie|token|secret|credential|signature|key|password|session|location/i;

/** Returns the headers of a response, without the values that may be secret. */
function headersOf(error: SdkError): Record<string, string> {
  const entries = Object.entries(error.$response?.headers ?? {});
  return Object.fromEntries(
    entries.map(([name, value]) => [name, MAY_BE_SECRET.test(name) ? '(hidden)' : shortText(String(value))]),
  );
}

/** Returns the fields that are not in the body. Source: Huawei OBS, "SDK common results" (GetResult). */
function receivedFields(error: SdkError): Pick<ServiceResponse, 'reason' | 'indicator' | 'headers'> {
  const reason = error.$response?.reason;
  const headers = headersOf(error);
  const indicator = headers['x-reserved-indicator'] ?? null;
  return {
    reason: typeof reason === 'string' && reason !== '' ? shortText(reason) : null,
    indicator: indicator === '' ? null : indicator,
    headers,
  };
}

/** Returns the service's response; null if no response arrived. */
export function readServiceResponse(error: SdkError): ServiceResponse | null {
  const httpStatus = error.$metadata?.httpStatusCode;
  if (httpStatus === undefined) return null;
  const code = codeOf(error);
  // The SDK fills in `UnknownError` for a message that is empty. Without a code the message is the SDK's own, about a
  // body that it could not read.
  const hasMessage = code !== null && error.message !== 'UnknownError';
  return {
    httpStatus,
    code,
    message: hasMessage ? shortText(error.message) || null : null,
    requestId: error.$metadata?.requestId ?? null,
    hostId: null,
    resource: null,
    ...receivedFields(error),
  };
}

/** Returns the network error code of the system or of Node (`ECONNRESET`, `HPE_INVALID_CONSTANT`); null for other errors. */
export function networkCodeOf(error: SdkError): string | null {
  const { code } = error;
  if (typeof code !== 'string') return null;
  const isNetwork =
    error.syscall !== undefined ||
    error.errno !== undefined ||
    /^(E[A-Z]+$|HPE_|ERR_SSL|ERR_TLS|CERT|UNABLE_TO_|SELF_SIGNED|DEPTH_ZERO|ERR_STREAM_PREMATURE_CLOSE)/.test(
      code,
    );
  return isNetwork ? code : null;
}
