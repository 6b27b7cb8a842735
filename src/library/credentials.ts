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

/** A function that looks credentials up, and the error that it threw last. */
export interface LookUp {
  failure: { readonly error: unknown } | null;
}

const RULE = 'an accessKeyId and a secretAccessKey (with a sessionToken), without white space';

/**
 * Checks what a program gives as credentials. The errors show no part of them.
 * @returns `key`: a function whose errors have a place among the failures of a look-up, or the key itself
 * @throws TransferError `usage`
 */
export function checkedCredentials(given: unknown): { key: GivenCredentials; lookUp: LookUp | null } {
  if (typeof given === 'function') {
    const lookUp: LookUp = { failure: null };
    return { key: () => keyOf(given as () => unknown, lookUp), lookUp };
  }
  return { key: checkedKey(given, `they are ${RULE}, or a function that returns them`), lookUp: null };
}

/** @throws TransferError `usage` */
export function checkedKey(given: unknown, why = `they are ${RULE}`): AccessKey {
  if (isAccessKey(given)) return given;
  throw new TransferError('usage', {
    what: 'credentials',
    why,
    hint: 'for example { accessKeyId: ID, secretAccessKey: SECRET }',
  });
}

async function keyOf(given: () => unknown, lookUp: LookUp): Promise<AccessKey> {
  let found: unknown;
  try {
    found = await given();
  } catch (error) {
    lookUp.failure = { error };
    const message = isError(error) ? error.message : String(error);
    throw new CredentialsError(`the function that looks them up failed: ${message}`, { cause: error });
  }
  if (isAccessKey(found)) return found;
  throw new CredentialsError(`the function that looks them up does not return ${RULE}`);
}
