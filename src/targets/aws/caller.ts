/** One request to a service: sent, obeying a signal, its failure told in calve's terms. */
import { TransferError } from '../../core/failures.js';
import { retryAfterMs } from './retry-after.js';
import type { SdkError } from './service-answer.js';

interface SendOptions {
  readonly abortSignal: AbortSignal;
}

type Send<T, Client, Sdk> = (client: Client, options: SendOptions, sdk: Sdk) => Promise<T>;

export interface Connection<Client, Sdk> {
  readonly sdk: Sdk;
  readonly client: Client;
}

/** A client of the SDK, made when it is first used, because loading it costs more than a whole `status`. */
export interface Connector<Client, Sdk> {
  /** Whether requests go over TLS. */
  readonly isEncrypted: boolean;
  connect(): Promise<Connection<Client, Sdk>>;
  /** Credentials are looked up anew from the next request on; requests under way are left alone. */
  forgetCredentials(): void;
  /** Ends all connections. */
  close(): void;
}

export interface Caller<Client, Sdk, Operation> {
  /** Whether requests go over TLS. */
  readonly isEncrypted: boolean;
  /** @throws what `classify` makes of the failure, or the signal's reason */
  call<T>(operation: Operation, signal: AbortSignal, send: Send<T, Client, Sdk>): Promise<T>;
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

/** @param classify what an error of the SDK means; it gives an error back that it does not know */
export function serviceCaller<Client, Sdk, Operation>(
  connector: Connector<Client, Sdk>,
  classify: (error: unknown, operation: Operation) => unknown,
  isExpiredToken: (failure: unknown) => boolean,
): Caller<Client, Sdk, Operation> {
  async function call<T>(operation: Operation, signal: AbortSignal, send: Send<T, Client, Sdk>): Promise<T> {
    signal.throwIfAborted();
    try {
      const { sdk, client } = await connector.connect();
      return await orAborted(send(client, { abortSignal: signal }, sdk), signal);
    } catch (error) {
      signal.throwIfAborted();
      const failure = classify(error, operation);
      if (isExpiredToken(failure)) connector.forgetCredentials();
      const headers = (error as SdkError).$response?.headers;
      if (failure instanceof TransferError && headers !== undefined) {
        failure.retryAfterMs = retryAfterMs(headers, Date.now());
      }
      throw failure;
    }
  }

  return { isEncrypted: connector.isEncrypted, call, close: () => connector.close() };
}
