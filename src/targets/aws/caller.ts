/** Sends one request to a service, obeys a signal, and reports failures as `TransferError`. */
import { onAbort } from '../../core/abort-signals.js';
import { TransferError } from '../../core/failures.js';
import type { ClientLoader } from './client-loader.js';
import type { HeldCredentials } from './credentials.js';
import { retryAfterMs } from './retry-after.js';
import type { SdkError } from './service-response.js';

interface SendOptions {
  readonly abortSignal: AbortSignal;
}

type Send<T, Client, Sdk> = (client: Client, options: SendOptions, sdk: Sdk) => Promise<T>;

export interface Caller<Client, Sdk, Operation> {
  /** @throws the failure that `classify` returns, or the signal's reason */
  call<T>(operation: Operation, signal: AbortSignal, send: Send<T, Client, Sdk>): Promise<T>;
  close(): Promise<void>;
}

/** Settles as `promise` does, or rejects with the signal's reason: the look-up of credentials ignores signals. */
async function orAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  let stopListening = (): void => undefined;
  const aborted = new Promise<never>((_, reject) => {
    stopListening = onAbort(signal, () => reject(signal.reason));
  });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    stopListening();
  }
}

async function mayBeRenewed(credentials: HeldCredentials | null, generation: number): Promise<boolean> {
  return credentials !== null && (await credentials.renew(generation));
}

/** @param classify turns an error of the SDK into a failure; returns errors that it does not know unchanged */
export function serviceCaller<Client, Sdk, Operation>(
  loader: ClientLoader<Client, Sdk>,
  classify: (error: unknown, operation: Operation) => unknown,
  isRefusedKey: (failure: unknown) => boolean,
): Caller<Client, Sdk, Operation> {
  async function call<T>(operation: Operation, signal: AbortSignal, send: Send<T, Client, Sdk>): Promise<T> {
    signal.throwIfAborted();
    // The first request looks up the first credentials itself.
    const generation = Math.max(1, loader.credentials?.generation ?? 0);
    try {
      const { sdk, client } = await loader.load();
      return await orAborted(send(client, { abortSignal: signal }, sdk), signal);
    } catch (error) {
      signal.throwIfAborted();
      const failure = await orAborted(afterLookUp(classify(error, operation), generation), signal);
      const headers = (error as SdkError).$response?.headers;
      if (failure instanceof TransferError && headers !== undefined) {
        failure.retryAfterMs = retryAfterMs(headers, Date.now());
      }
      throw failure;
    }
  }

  /** Looks up the credentials that the service refused, and marks the failure as final if a retry cannot succeed. */
  async function afterLookUp(failure: unknown, generation: number): Promise<unknown> {
    if (!(failure instanceof TransferError) || failure.retryClass !== 'renew') return failure;
    const { credentials } = loader;
    const mayChange = isRefusedKey(failure)
      ? await mayBeRenewed(credentials, generation)
      : credentials?.wereFound === true;
    return mayChange ? failure : failure.asFinal();
  }

  return { call, close: () => loader.close() };
}
