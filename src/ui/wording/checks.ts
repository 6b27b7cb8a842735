/** The results of `check` in words, one line each. The compiler proves that every reason has its words. */
import { parseTargetUrl, type Scheme, storesObjects } from '../../core/target-url.js';
import { formatDuration, formatSize } from '../../core/units.js';
import type { CheckName, CheckResult, CheckWhy } from '../../transfer/check-results.js';
import { safeText, safeWhole } from '../text/safe-text.js';
import { formatTimestamp } from '../text/timestamps.js';
import { describeFailure } from './failures.js';
import type { WordingEnvironment } from './paste-line.js';
import { actionOf } from './policy-actions.js';

interface Circumstances {
  /** `vault` or `bucket`. */
  readonly thing: string;
  readonly scheme: Scheme;
  readonly env: WordingEnvironment;
}

type Words = (result: CheckResult, circumstances: Circumstances) => string;

/** The use of each right, and the operation that it allows. */
const RIGHTS: { readonly [N in CheckName]?: { readonly use: string; readonly operation: string } } = {
  'list-uploads': {
    use: 'list uploads, which list-uploads and abort need',
    operation: 'ListMultipartUploads',
  },
  'list-parts': {
    use: 'list the parts of an upload, which resume needs to compare them',
    operation: 'ListParts',
  },
};

function right({ check }: CheckResult): string {
  return RIGHTS[check]?.use ?? check;
}

/** Returns ` (s3:ListMultipartUploadParts)`: the action that a policy must allow for a right. */
function actionFor({ check }: CheckResult, scheme: Scheme): string {
  const action = actionOf(scheme, RIGHTS[check]?.operation ?? '');
  return action === null ? '' : ` (${action})`;
}

function clockWords({ clockOffsetMs }: CheckResult): string {
  const offsetMs = clockOffsetMs ?? 0;
  const way = offsetMs < 0 ? 'ahead of' : 'behind';
  return `the clock of this machine is ${formatDuration(Math.abs(offsetMs))} ${way} the service's`;
}

function credentialWords({ accessKeyId, account, arn, expiresAt }: CheckResult): string {
  const parts = [
    `access key ${safeText(accessKeyId ?? '')}`,
    ...(account === null ? [] : [`account ${safeText(account)}`]),
    ...(arn === null ? [] : [safeText(arn)]),
    ...(expiresAt === null ? [] : [`valid until ${formatTimestamp(expiresAt)}`]),
  ];
  return parts.join(', ');
}

function spaceWords({ path, freeBytes }: CheckResult): string {
  return `${safeWhole(path ?? '')} has ${formatSize(freeBytes ?? 0)} free`;
}

const WORDS: { readonly [W in CheckWhy]: Words } = {
  found: (result, { thing }) =>
    result.check === 'credentials'
      ? credentialWords(result)
      : `the ${thing} answers${result.account === null ? '' : `; it belongs to account ${safeText(result.account)}`}`,
  'created-later': () => 'the vault does not exist yet; the first upload creates it',
  'account-unknown': () =>
    'these credentials may not describe the vault (glacier:DescribeVault), so it is not known whether it exists and whose it is',
  'clock-right': clockWords,
  'clock-differs': (result) =>
    `${clockWords(result)}: a vault refuses signatures from 5 minutes on, a bucket from 15; set the clock`,
  'clock-unknown': () => 'the answer of the service has no date, so the clock was not compared',
  allowed: (result) => `these credentials may ${right(result)}`,
  denied: (result, { scheme }) =>
    `these credentials may not ${right(result)}${actionFor(result, scheme)}; an upload works without it`,
  unclear: (result) => `the service does not show whether these credentials may ${right(result)}`,
  'created-and-aborted': () => 'an upload was created and aborted',
  'not-asked': () => 'not tried, because it writes; --write creates and aborts an upload',
  'needs-earlier': () => 'not tried, because an earlier check has to succeed first',
  writable: ({ path }) => `calve can write to ${safeWhole(path ?? '')}`,
  'enough-space': (result) =>
    `${spaceWords(result)}: enough for a stream in parts of up to ${formatSize(result.partSizeBytes ?? 0)}`,
  'little-space': (result) =>
    `${spaceWords(result)}: too little for a stream in parts of more than ${formatSize(result.partSizeBytes ?? 0)}`,
  failure: ({ failure }, { env }) => {
    if (failure === null) return '';
    const { what, why } = describeFailure(failure, env);
    return `${what}: ${why}`;
  },
};

/** @param url the target */
export function describeCheck(result: CheckResult, url: string, env: WordingEnvironment): string {
  const { scheme } = parseTargetUrl(url);
  const thing = storesObjects(scheme) ? 'bucket' : 'vault';
  return WORDS[result.why](result, { thing, scheme, env });
}

/** Returns the name of a check as it is printed. */
export function checkName({ check }: Pick<CheckResult, 'check'>, url: string): string {
  if (check !== 'container') return check;
  return storesObjects(parseTargetUrl(url).scheme) ? 'bucket' : 'vault';
}
