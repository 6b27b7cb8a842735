/** The service (or calve on its behalf) says no: each reason with its way out. */
import type { FailureFacts } from '../core/failures.js';
import { couldNot, type Describe, thenResume, withDetail, withServiceWords } from './wording-parts.js';

type Reason = FailureFacts['refused']['why'];

const REASONS = {
  'no-credentials': {
    why: 'no credentials were found',
    mend: 'set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or name a profile with --profile',
  },
  'wrong-credentials': {
    why: 'the service does not accept these credentials',
    mend: 'check the access key, its secret and the region; temporary credentials need their AWS_SESSION_TOKEN, and must not have expired',
  },
  denied: {
    why: 'these credentials may not do this',
    mend: 'allow it in the policy of the user and of the vault (glacier:InitiateMultipartUpload, UploadMultipartPart, ListParts, ListMultipartUploads, CompleteMultipartUpload, AbortMultipartUpload, DescribeVault), or name another profile with --profile',
  },
  clock: {
    why: "this machine's clock and the service's differ too much for a signature to hold",
    mend: 'set the clock (timedatectl status shows it)',
  },
  // Source: banner of the Amazon Glacier developer guide: no new customers from 15 December 2025.
  'no-longer-supported': {
    why: 'this account cannot use vaults any more; since 15 December 2025 the service takes no new customers',
    mend: 'use an account that had vaults before then; local://VAULT tries calve without any account',
  },
  // The endpoint is deliberately not printed as part of a line to paste: whoever wrote the state chose it.
  'endpoint-unconfirmed': {
    why: "the recorded endpoint is neither the service's own nor on this machine",
    mend: 'if you know that endpoint, confirm it by giving the same --endpoint-url; if not, somebody may have changed the state folder',
  },
  rejected: {
    why: 'the service refuses the request',
    mend: 'see what the service said above; --debug shows the requests',
  },
} satisfies { [R in Reason]: { why: string; mend: string } };

export const describeRefusal: Describe<'refused'> = (error, env) => {
  const { why, operation, detail } = error.facts;
  const reason = REASONS[why];
  const isHintForResume = why !== 'endpoint-unconfirmed' && why !== 'no-longer-supported';
  return {
    what: couldNot(operation, error),
    why: withServiceWords(withDetail(reason.why, detail), error.service),
    hint: isHintForResume ? thenResume(reason.mend, error, env) : reason.mend,
  };
};
