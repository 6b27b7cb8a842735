/** The credentials that a program gives. */
import { TransferError } from '../core/failures.js';
import { isError } from '../core/is-error.js';
import { CredentialsError } from '../targets/aws/credentials-error.js';
import type { AccessKey, GivenCredentials } from '../targets/settings.js';

function isKey(value: unknown): boolean {
  return typeof value === 'string' && /^[\x21-\x7e]+$/.test(value);
}

function isAccessKey(given: unknown): given is AccessKey {
  const { accessKeyId, secretAccessKey, sessionToken } = (given ?? {}) as Partial<AccessKey>;
  const isToken = (sessionToken ?? '') === '' || isKey(sessionToken);
  return isKey(accessKeyId) && isKey(secretAccessKey) && isToken;
}

const RULE = 'an accessKeyId and a secretAccessKey (with a sessionToken), without white space';

/**
 * Checks what a program gives as credentials. The errors show no part of them.
 * @returns a function whose errors have a place among the failures of a look-up, or the key itself
 * @throws TransferError `usage`
 */
export function checkedCredentials(given: unknown): GivenCredentials {
  if (typeof given === 'function') return () => lookUp(given as () => unknown);
  if (isAccessKey(given)) return given;
  throw new TransferError('usage', {
    what: 'credentials',
    why: `they are ${RULE}, or a function that returns them`,
    hint: 'without this option, calve looks where the AWS tools look',
  });
}

async function lookUp(given: () => unknown): Promise<AccessKey> {
  let found: unknown;
  try {
    found = await given();
  } catch (error) {
    const message = isError(error) ? error.message : String(error);
    throw new CredentialsError(`the function that looks them up failed: ${message}`, { cause: error });
  }
  if (isAccessKey(found)) return found;
  throw new CredentialsError(`the function that looks them up does not return ${RULE}`);
}
