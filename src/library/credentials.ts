/** The credentials that a program gives. */
import { TransferError } from '../core/failures.js';
import { isError } from '../core/is-error.js';
import { CredentialsError } from '../targets/aws/credentials-error.js';
import type { AccessKey, GivenCredentials } from '../targets/settings.js';
import type { AccessKey as Given } from './options.js';

function isKey(value: unknown): value is string {
  return typeof value === 'string' && /^[\x21-\x7e]+$/.test(value);
}

/** Returns the key without what is absent; null if it is not a key. */
function accessKeyOf(given: unknown): AccessKey | null {
  const { accessKeyId, secretAccessKey, sessionToken, expiration } = (given ?? {}) as Partial<Given>;
  const token = sessionToken ?? '';
  if (!isKey(accessKeyId) || !isKey(secretAccessKey) || (token !== '' && !isKey(token))) return null;
  return {
    accessKeyId,
    secretAccessKey,
    ...(token !== '' && { sessionToken: token }),
    ...(expiration && { expiration }),
  };
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
  const key = accessKeyOf(given);
  if (key !== null) return key;
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
  const key = accessKeyOf(found);
  if (key !== null) return key;
  throw new CredentialsError(`the function that looks them up does not return ${RULE}`);
}
