/** Failures that no service answered for: credentials that are not there, certificates, and the network. */
import { type FailureExtras, type FailureFacts, TransferError } from '../../core/failures.js';
import { PROXY_REFUSED } from './proxy.js';
import { nodeCodeOf, type SdkError, shortText } from './service-answer.js';

export function unreachableFailure(
  operation: string,
  why: string,
  extras: FailureExtras = {},
): TransferError<'unreachable'> {
  // Attempts and time are counted by whoever tries again.
  const facts = { operation, why, attempts: 1, elapsedMs: 0 };
  return new TransferError('unreachable', facts, { retryClass: 'unavailable', ...extras });
}

export function refusedFailure(
  operation: string,
  why: FailureFacts['refused']['why'],
  detail: string,
  extras: FailureExtras = {},
): TransferError<'refused'> {
  return new TransferError('refused', { why, operation, detail }, extras);
}

/** @returns a TransferError, or the error itself where nothing is known of it */
export function classifyUnanswered(error: Error, operation: string): unknown {
  const text = shortText(error.message);
  if (
    /CredentialsProviderError|TokenProviderError/.test(error.name) ||
    /^(Could not load|Resolved) credential/i.test(text)
  ) {
    // A credential process's command line and output are not ours to repeat.
    const detail = /^Command failed/i.test(text) ? 'the credential process failed' : text;
    return refusedFailure(operation, 'no-credentials', detail);
  }
  const code = nodeCodeOf(error as SdkError);
  const isUntrusted = /CERT|^UNABLE_TO_|^SELF_SIGNED|^DEPTH_ZERO/.test(code ?? '');
  if (isUntrusted) return refusedFailure(operation, 'rejected', `${code}: ${text}`, { cause: error });
  if (code === PROXY_REFUSED) return refusedFailure(operation, 'rejected', text, { cause: error });
  const isNetwork = code !== null || error.name === 'TimeoutError' || error instanceof SyntaxError;
  if (!isNetwork) return error;
  return unreachableFailure(operation, code === null ? text : `${code}: ${text}`, { cause: error });
}
