/** Creates the failures that every service has in common. */
import { type FailureExtras, type FailureFacts, TransferError } from '../../core/failures.js';

export function unreachableFailure(
  operation: string,
  why: string,
  extras: FailureExtras = {},
): TransferError<'unreachable'> {
  // The caller that retries counts attempts and time.
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

/**
 * Creates the failure for a successful response that lacks a field which every success has: it was cut off on the way,
 * or another server sent it.
 * @param missing the field, as in "upload id"
 */
export function incompleteResponse(operation: { readonly name: string }, missing: string): TransferError {
  return unreachableFailure(operation.name, `the response has no ${missing}`);
}
