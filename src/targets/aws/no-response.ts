/** Classifies errors without a response from the service: missing credentials, certificates and the network. */
import { CredentialsError } from './credentials-error.js';
import { refusedFailure, unreachableFailure } from './failures.js';
import { PROXY_REFUSED } from './proxy.js';
import { networkCodeOf, type SdkError, shortText } from './service-response.js';
import { isUntrusted } from './trust.js';

/** @returns a TransferError, or the error itself if it is of an unknown kind */
export function classifyNoResponse(error: Error, operation: string): unknown {
  const text = shortText(error.message);
  if (error instanceof CredentialsError && error.isTransient) {
    return unreachableFailure(operation, text, { cause: error });
  }
  if (
    /CredentialsError|CredentialsProviderError|TokenProviderError/.test(error.name) ||
    /^(Could not load|Resolved) credential/i.test(text)
  ) {
    // The command line and the output of a credential process may be secret.
    const detail = /^Command failed/i.test(text) ? 'the credential process failed' : text;
    // Credentials that were there before may be there again: another program may be writing them just now.
    return refusedFailure(operation, 'no-credentials', detail, { retryClass: 'renew' });
  }
  const code = networkCodeOf(error as SdkError);
  if (isUntrusted(error)) {
    const detail = code === null ? text : `${code}: ${text}`;
    return refusedFailure(operation, 'untrusted-certificate', detail, { cause: error });
  }
  // The other end wants a certificate of this machine, or cannot use its own.
  const isAboutCertificate = /CERT/.test(code ?? '');
  if (isAboutCertificate || code === PROXY_REFUSED) {
    const detail = isAboutCertificate ? `${code}: ${text}` : text;
    return refusedFailure(operation, 'rejected', detail, { cause: error });
  }
  const isNetwork = code !== null || error.name === 'TimeoutError' || error.name === 'SyntaxError';
  if (!isNetwork) return error;
  return unreachableFailure(operation, code === null ? text : `${code}: ${text}`, { cause: error });
}
