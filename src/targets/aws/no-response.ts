/** Classifies errors without a response from the service: missing credentials, certificates and the network. */
import { refusedFailure, unreachableFailure } from './failures.js';
import { PROXY_REFUSED } from './proxy.js';
import { networkCodeOf, type SdkError, shortText } from './service-response.js';

/** @returns a TransferError, or the error itself if it is of an unknown kind */
export function classifyNoResponse(error: Error, operation: string): unknown {
  const text = shortText(error.message);
  if (
    /CredentialsProviderError|TokenProviderError/.test(error.name) ||
    /^(Could not load|Resolved) credential/i.test(text)
  ) {
    // The command line and the output of a credential process may be secret.
    const detail = /^Command failed/i.test(text) ? 'the credential process failed' : text;
    return refusedFailure(operation, 'no-credentials', detail);
  }
  const code = networkCodeOf(error as SdkError);
  const isUntrusted = /CERT|^UNABLE_TO_|^SELF_SIGNED|^DEPTH_ZERO/.test(code ?? '');
  if (isUntrusted) return refusedFailure(operation, 'rejected', `${code}: ${text}`, { cause: error });
  if (code === PROXY_REFUSED) return refusedFailure(operation, 'rejected', text, { cause: error });
  const isNetwork = code !== null || error.name === 'TimeoutError' || error instanceof SyntaxError;
  if (!isNetwork) return error;
  return unreachableFailure(operation, code === null ? text : `${code}: ${text}`, { cause: error });
}
