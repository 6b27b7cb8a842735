/** Watches the requests that the SDK sends for a look-up of credentials, because its errors do not say what failed. */

import type { LookUpOptions } from './credentials.js';
import { CredentialsError } from './credentials-error.js';

interface Request {
  readonly hostname?: string;
}

interface Handler {
  handle(
    request: Request,
    options?: unknown,
  ): Promise<{ readonly response: { readonly statusCode: number } }>;
}

export interface WatchedHandler {
  /** A request handler for the clients of the look-up. */
  readonly handler: object;
  /** Returns the error of the last request, if a retry may help; null if it was answered. */
  trouble(): Error | null;
}

/** @returns null if the SDK did not pass the handler of the service's client */
export function watchHandler(options: LookUpOptions | undefined): WatchedHandler | null {
  const config = options?.['callerClientConfig'] as { readonly requestHandler?: Handler } | undefined;
  const inner = config?.requestHandler;
  if (inner === undefined) return null;
  let trouble: Error | null = null;
  const handle: Handler['handle'] = async (request, sendOptions) => {
    try {
      const result = await inner.handle(request, sendOptions);
      const { statusCode } = result.response;
      trouble = statusCode >= 500 || statusCode === 429 ? busy(request, statusCode) : null;
      return result;
    } catch (error) {
      trouble = error as Error;
      throw error;
    }
  };
  // The service's client closes the connections.
  const handler = Object.assign(Object.create(inner) as object, { handle, destroy: () => undefined });
  return { handler, trouble: () => trouble };
}

function busy({ hostname = '' }: Request, statusCode: number): CredentialsError {
  const message = `the credentials could not be looked up: ${hostname} answered HTTP ${statusCode}`;
  return new CredentialsError(message, { isTransient: true });
}
