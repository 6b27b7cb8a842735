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

/** The longest id or marker that is accepted. It has to fit into the first line of a request. */
const ID_MAX_CHARACTERS = 4096;

/**
 * Returns an id or a marker of the service, which later requests contain. Half a character (a lone surrogate) can be in no
 * URL.
 * @param what the field, as in "upload id"
 * @throws TransferError `unreachable` if it is missing, or no request can contain it
 */
export function readId(value: unknown, operation: { readonly name: string }, what: string): string {
  const isUsable = typeof value === 'string' && value !== '' && !/\p{Surrogate}/u.test(value);
  if (!isUsable || value.length > ID_MAX_CHARACTERS) {
    throw incompleteResponse(operation, value ? `${what} that can be used` : what);
  }
  return value;
}
