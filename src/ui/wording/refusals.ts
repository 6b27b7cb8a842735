/** The refusals of the service, or of calve on its behalf: each reason with its fix. */
import type { FailureFacts, TransferError } from '../../core/failures.js';
import { pasteLine } from './paste-line.js';
import { actionOf, withAction } from './policy-actions.js';
import {
  couldNot,
  type FailureDescriber,
  isObject,
  schemeOf,
  thenResume,
  withDetail,
  withServiceWords,
} from './wording-parts.js';

type Reason = FailureFacts['refused']['why'];

const REASONS = {
  'no-credentials': {
    why: 'no credentials were found',
    fix: 'set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or name a profile that has them with --profile; calve then uses only that profile',
  },
  'wrong-credentials': {
    why: 'the service does not accept these credentials',
    fix: 'check the access key, its secret and the region; temporary credentials need their AWS_SESSION_TOKEN, and must not have expired',
  },
  denied: {
    why: 'these credentials do not permit this',
    fix: 'name another profile with --profile, or allow it in the policy of the user and of',
  },
  quota: {
    why: 'the store has no room left: a quota is used up',
    fix: 'free some space there or raise the quota',
  },
  'too-large': {
    why: 'the service, or a proxy in front of it, takes no part of this size',
    fix: 'create a new upload of smaller parts with --fresh --part-size, or raise the limit of the proxy',
  },
  'not-the-service': {
    why: 'the answer is not from the service',
    fix: 'check --endpoint-url, and the proxies between this machine and the service',
  },
  clock: {
    why: "this machine's clock differs too much from the service's, so its signatures are not valid",
    fix: 'set the clock (timedatectl status shows it)',
  },
  'wrong-region': {
    why: 'the bucket is in another region',
    fix: 'name that region with --region',
  },
  // Source: banner of the Amazon Glacier developer guide: no new customers from 15 December 2025.
  'no-longer-supported': {
    why: 'this account cannot use vaults; since 15 December 2025 the service accepts no new customers',
    fix: 'upload it to a bucket instead',
  },
  // The endpoint is deliberately not part of a line to paste, because someone else may have written it into the state.
  'endpoint-unconfirmed': {
    why: "the recorded endpoint is neither the service's own nor on this machine",
    fix: 'if you know that endpoint, confirm it with the same --endpoint-url; if not, someone may have changed the state folder',
  },
  'untrusted-certificate': {
    why: 'the certificate is not trusted, so nothing was sent',
    fix: "check the name of the endpoint and this machine's clock; if the authority is your own (a private service, or a proxy that reads TLS), set AWS_CA_BUNDLE, ca_bundle in your AWS profile, or NODE_EXTRA_CA_CERTS to the file of its certificate",
  },
  rejected: {
    why: 'the service refused the request',
    fix: 'see the answer of the service above',
  },
} satisfies { [R in Reason]: { why: string; fix: string } };

/** The fixes that differ for OBS, which has variables of its own. */
const OBS_FIXES: { readonly [R in Reason]?: string } = {
  'no-credentials':
    'set OBS_ACCESS_KEY_ID and OBS_SECRET_ACCESS_KEY, both, or name an AWS profile that holds OBS keys with --profile',
  'wrong-credentials':
    'check the access key, its secret and the region; temporary credentials need their OBS_SECURITY_TOKEN, and must not have expired',
};

/** Returns `the vault (glacier:ListParts)`: where a policy must allow an action, and the action if it is known. */
function placeOfPolicy(error: TransferError<'refused'>): string {
  const action = actionOf(schemeOf(error), error.facts.operation);
  return `the ${isObject(error) ? 'bucket' : 'vault'}${action === null ? '' : ` (${action})`}`;
}

/** Returns the alternative to a vault: the same file as an object of a cold storage class. */
function objectLine(file: string | undefined): string {
  const words = ['calve', 'upload', file ?? 'FILE', 's3://BUCKET/KEY', '--storage-class', 'DEEP_ARCHIVE'];
  return `${REASONS['no-longer-supported'].fix}: ${pasteLine(words)}`;
}

function fixFor(error: TransferError<'refused'>): string {
  const { why } = error.facts;
  if (why === 'no-longer-supported') return objectLine(error.context.file);
  const { fix } = REASONS[why];
  if (why === 'denied') return `${fix} ${placeOfPolicy(error)}`;
  return (schemeOf(error) === 'obs' ? OBS_FIXES[why] : undefined) ?? fix;
}

/** Names the options of the request that the service may refuse on their own, each with its own right. */
function withOptions(fix: string, error: TransferError<'refused'>): string {
  const { facts, context } = error;
  const options = (context.options ?? []).map((option) => withAction(schemeOf(error), option));
  const mayBeRefused = facts.why === 'denied' || facts.why === 'rejected';
  if (options.length === 0 || !mayBeRefused) return fix;
  return `${fix}; the request had ${options.join(', ')}: the service may refuse that, so try it without`;
}

export const describeRefusal: FailureDescriber<'refused'> = (error, env) => {
  const { why, operation, detail } = error.facts;
  const canResumeAfterFix = why !== 'endpoint-unconfirmed' && why !== 'no-longer-supported';
  const fix = withOptions(fixFor(error), error);
  return {
    what: couldNot(operation, error),
    why: withServiceWords(withDetail(REASONS[why].why, detail), error.service),
    hint: canResumeAfterFix ? thenResume(fix, error, env) : fix,
  };
};
