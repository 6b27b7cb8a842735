/** Checks that a vault exists, and finds the account that owns it. */
import { isDenied, isFailure } from '../../core/failures.js';
import { incompleteResponse } from '../aws/failures.js';
import type { VaultCaller } from './client.js';
import type { Operation } from './failures.js';

export interface VaultAddress {
  readonly accountId: string;
  readonly vaultName: string;
}

/** `arn:aws:glacier:us-west-2:012345678901:vaults/photos` */
const VAULT_ARN = /^arn:[^:]+:glacier:[^:]*:(\d{12}):vaults\//;

function operationOf(name: string, address: VaultAddress): Operation {
  return { name, vault: address.vaultName, uploadId: null, sent: null };
}

async function describeAccount(
  caller: VaultCaller,
  address: VaultAddress,
  signal: AbortSignal,
): Promise<string | null> {
  const operation = operationOf('DescribeVault', address);
  try {
    const response = await caller.call(operation, signal, (client, send, sdk) =>
      client.send(new sdk.DescribeVaultCommand(address), send),
    );
    const account = VAULT_ARN.exec(response.VaultARN ?? '')?.[1];
    if (account === undefined) throw incompleteResponse(operation, 'vault ARN');
    return account;
  } catch (error) {
    if (isDenied(error)) return null;
    throw error;
  }
}

/**
 * Returns the account number in the vault's ARN; null if the credentials do not allow DescribeVault.
 * @throws TransferError `not-found` for a missing vault, unless it may be created
 */
export async function locateVault(
  caller: VaultCaller,
  address: VaultAddress,
  mayCreate: boolean,
  signal: AbortSignal,
): Promise<string | null> {
  try {
    return await describeAccount(caller, address, signal);
  } catch (error) {
    if (!(mayCreate && isFailure(error, 'not-found'))) throw error;
    await caller.call(operationOf('CreateVault', address), signal, (client, send, sdk) =>
      client.send(new sdk.CreateVaultCommand(address), send),
    );
    return await describeAccount(caller, address, signal);
  }
}
