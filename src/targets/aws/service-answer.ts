/** What a service's answer said, taken out of the SDK's error; nothing secret comes along. */
import type { ServiceAnswer } from '../../core/failures.js';

/** What the SDK's errors have beyond Error, as far as it was given. */
export interface SdkError extends Error {
  readonly code?: unknown;
  readonly errno?: unknown;
  readonly syscall?: unknown;
  readonly $metadata?: {
    readonly httpStatusCode?: number;
    readonly requestId?: string;
    readonly extendedRequestId?: string;
  };
  readonly $response?: { readonly headers?: Readonly<Record<string, string>> };
}

const TEXT_MAX_CHARACTERS = 500;

/**
 * The first line of a message, of a bounded length. The refusal of a signature goes on with the canonical request,
 * in which the session token stands.
 */
export function shortText(message: string): string {
  const line = message.split(/[\r\n]|The canonical string/i, 1)[0] ?? '';
  return line.trim().slice(0, TEXT_MAX_CHARACTERS);
}

/** The SDK's names for an answer that it could not read: they are not the service's. */
function codeOf(error: SdkError): string | null {
  const isOwn =
    typeof error.name === 'string' &&
    !/^(Unknown|UnknownError|Error|SyntaxError|TypeError|TimeoutError|GlacierServiceException|S3ServiceException)$/.test(
      error.name,
    );
  return isOwn ? shortText(error.name) : null;
}

/** Null where no answer came at all. */
export function answerOf(error: SdkError): ServiceAnswer | null {
  const httpStatus = error.$metadata?.httpStatusCode;
  if (httpStatus === undefined) return null;
  const code = codeOf(error);
  return {
    httpStatus,
    code,
    // Without a code the message is the SDK's, about a body that it could not read.
    message: code === null ? null : shortText(error.message) || null,
    requestId: error.$metadata?.requestId ?? null,
    hostId: null,
    resource: null,
  };
}

/** A system's or Node's network code (`ECONNRESET`, `HPE_INVALID_CONSTANT`); null for errors of other kinds. */
export function nodeCodeOf(error: SdkError): string | null {
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
