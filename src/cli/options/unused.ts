/** Refuses typed options that the target would not use: an option that is dropped in silence misleads. */
import { TransferError } from '../../core/failures.js';
import type { Scheme, TargetUrl } from '../../core/target-url.js';

/** The refusal of an option for objects, where the target is a vault. */
export const OBJECTS_ONLY = {
  why: 'it is for objects only, and the target is a vault',
  hint: 'the option is for objects: s3://BUCKET/KEY or obs://BUCKET/KEY',
};
const OWNER = {
  why: 'it is for vaults only, and the target is an object',
  hint: 'to refuse a bucket of another account, use --request-header x-amz-expected-bucket-owner=ID',
};
const EMBEDDED = {
  why: 'it is for services, and the target is the embedded emulator',
  hint: 'omit it, or name a vault of the service: glacier://VAULT',
};
const FOLDER = { why: 'it is for local:// vaults only', hint: 'omit it' };

type Refusals = Readonly<Record<string, { readonly why: string; readonly hint: string }>>;

const UNUSED: { readonly [S in Scheme]: Refusals } = {
  glacier: { '--path-style': OBJECTS_ONLY, '--request-header': OBJECTS_ONLY, '--local-dir': FOLDER },
  s3: { '--account-id': OWNER, '--local-dir': FOLDER },
  obs: { '--account-id': OWNER, '--local-dir': FOLDER },
  local: {
    '--path-style': OBJECTS_ONLY,
    '--request-header': OBJECTS_ONLY,
    '--region': EMBEDDED,
    '--profile': EMBEDDED,
    '--endpoint-url': EMBEDDED,
    '--account-id': EMBEDDED,
  },
};

/**
 * @param typed the flags on the command line; variables may be set for other targets
 * @throws TransferError `usage`
 */
export function refuseUnused(typed: readonly string[], { scheme }: TargetUrl): void {
  const what = typed.find((flag) => UNUSED[scheme][flag] !== undefined);
  if (what === undefined) return;
  const { why = '', hint = null } = UNUSED[scheme][what] ?? {};
  throw new TransferError('usage', { what, why, hint });
}
