/** Looks up the credentials for their facts: `check` says whose they are, and never a secret. */
import type { CredentialFacts } from '../../transfer/ports/target.js';
import type { Caller } from './caller.js';
import type { Identity } from './credentials.js';

/** The SDK adds the account where the place of the credentials names it, for example in the ARN of a role. */
type FoundIdentity = Identity & { readonly accountId?: string };

/** Clients of the SDK keep the look-up of their credentials, which may have been given as a value. */
interface Client {
  readonly config: { readonly credentials: () => Promise<FoundIdentity> };
}

/** @throws TransferError `refused`, `unreachable`, as a request without credentials does */
export function findCredentials<C extends Client, Sdk, Operation>(
  caller: Caller<C, Sdk, Operation>,
  operation: Operation,
  signal: AbortSignal,
): Promise<CredentialFacts> {
  return caller.call(operation, signal, async ({ config }) => {
    const { accessKeyId, accountId = null, expiration } = await config.credentials();
    const expiresAt = expiration === undefined ? null : expiration.toISOString();
    return { accessKeyId, account: accountId, arn: null, expiresAt };
  });
}
