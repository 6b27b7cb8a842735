/** One request to the service: sent, obeying a signal, its failure told in calve's terms. */
import type { GlacierClient } from '@aws-sdk/client-glacier';
import { type ClientOptions, glacierConnector, type Sdk } from './client.js';
import { classify, isExpiredToken, type Operation } from './failures.js';

interface SendOptions {
  readonly abortSignal: AbortSignal;
}

type Send<T> = (client: GlacierClient, options: SendOptions, sdk: Sdk) => Promise<T>;

export interface Caller {
  /** Whether requests go over TLS. */
  readonly isEncrypted: boolean;
  /** @throws what `classify` makes of the failure, or the signal's reason */
  call<T>(operation: Operation, signal: AbortSignal, send: Send<T>): Promise<T>;
  close(): void;
}

/** Settles as `promise` does, or with the signal's reason: looking up credentials does not listen to signals. */
async function orAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  let onAbort = (): void => undefined;
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => reject(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
  });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

export function glacierCaller(options: ClientOptions): Caller {
  const connector = glacierConnector(options);

  async function call<T>(operation: Operation, signal: AbortSignal, send: Send<T>): Promise<T> {
    signal.throwIfAborted();
    try {
      const { sdk, client } = await connector.connect();
      return await orAborted(send(client, { abortSignal: signal }, sdk), signal);
    } catch (error) {
      signal.throwIfAborted();
      const failure = classify(error, operation);
      if (isExpiredToken(failure)) connector.forgetCredentials();
      throw failure;
    }
  }

  const isEncrypted = options.endpoint === null || options.endpoint.startsWith('https:');
  return { isEncrypted, call, close: () => connector.close() };
}
