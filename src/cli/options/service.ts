/** The service: where it is, whose account it is, and how patiently it is asked. */
import { checkEndpoint, checkRegionName } from '../../core/endpoint.js';
import type { GivenCredentials, ObjectSettings } from '../../targets/settings.js';
import type { RetryPolicy } from '../../transfer/decorators/retrier.js';
import { flag, repeatable, text, value, withVariables } from './declare.js';
import { optionGroup } from './group.js';
import { below, rare } from './headings.js';
import { accountNumber, durationMs, nameOf, wholeNumber } from './parsers.js';
import { type FolderOption, folderOption } from './state.js';

export interface ServiceOptions {
  /** The flags of this group that the user typed. */
  readonly typed: readonly string[];
  readonly region: string | null;
  readonly profile: string | null;
  /** Only a program can give them: see src/library. */
  readonly credentials?: GivenCredentials;
  readonly isProfileNamed: boolean;
  readonly endpoint: string | null;
  readonly accountId: string;
  readonly allowHttp: boolean;
  readonly verifyTls: boolean;
  /** Only `local://` needs it. */
  readonly localDir: FolderOption;
  readonly retry: RetryPolicy;
  readonly connectTimeoutMs: number;
  readonly readTimeoutMs: number;
  readonly object: ObjectSettings;
}

const PLACE = withVariables({
  region: text('--region <region>', "region (default: AWS_REGION, or the profile's)"),
  profile: value('--profile <name>', 'AWS profile (default: AWS_PROFILE)', nameOf('profile')),
  endpointUrl: text('--endpoint-url <url>', 'another server that speaks the same protocol'),
});

const SPECIAL_PLACES = withVariables({
  accountId: value(
    '--account-id <id>',
    'owner of the vault: 12 digits, or - for your own account',
    accountNumber,
    '-',
  ),
  pathStyle: flag('--path-style', 'put the bucket into the path, not the host (S3, OBS)'),
  requestHeader: repeatable(
    '--request-header <name=value>',
    'send this header with requests (S3, OBS; repeatable)',
  ),
  allowHttp: flag('--allow-http', 'allow plain http to another machine'),
  noVerifyTls: flag('--no-verify-tls', 'accept any certificate: others may read and change what is sent'),
  localDir: value('--local-dir <dir>', 'data folder of local:// vaults', nameOf('folder')),
});

const RETRIES = withVariables({
  maxAttempts: value('--max-attempts <n>', 'most attempts of one request', wholeNumber(1, 1000), '10'),
  giveUpAfter: value(
    '--give-up-after <time>',
    'longest time in which nothing gets through',
    durationMs,
    '1h',
  ),
});

const PAUSES = withVariables({
  retryDelay: value('--retry-delay <time>', 'first back-off, doubled each time up to 60s', durationMs, '1s'),
  connectTimeout: value('--connect-timeout <time>', 'time limit for a connection', durationMs, '10s'),
  readTimeout: value(
    '--read-timeout <time>',
    'time limit while no byte moves; 10 times this for an answer',
    durationMs,
    '60s',
  ),
});

const DECLARED = {
  ...below('Service options:', { ...PLACE, ...rare(SPECIAL_PLACES) }),
  ...below('Retry options:', { ...RETRIES, ...rare(PAUSES) }),
};

export const serviceOptions = optionGroup(DECLARED, (values, given, io): ServiceOptions => {
  const { profile, allowHttp } = values;
  return {
    typed: Object.values(DECLARED).flatMap(({ long }) => (long && given.isTyped(long) ? [long] : [])),
    region: given.checked('--region', checkRegionName),
    profile,
    isProfileNamed: given.isTyped('--profile'),
    endpoint: given.checked('--endpoint-url', (text) => checkEndpoint(text, allowHttp)),
    accountId: values.accountId,
    allowHttp,
    verifyTls: !values.noVerifyTls,
    localDir: folderOption(io, values.localDir, {
      variable: 'XDG_DATA_HOME',
      fallback: '.local/share',
      name: 'vaults',
    }),
    retry: {
      maxAttempts: values.maxAttempts,
      maxAttemptsGiven: given.isGiven('--max-attempts'),
      retryDelayMs: values.retryDelay,
      giveUpAfterMs: values.giveUpAfter,
      giveUpAfterGiven: given.isGiven('--give-up-after'),
    },
    connectTimeoutMs: values.connectTimeout,
    readTimeoutMs: values.readTimeout,
    // The rest describes a new object: options/objects.ts.
    object: {
      pathStyle: values.pathStyle,
      requestHeaders: allHeaders(
        given.isTyped('--request-header') ? values.requestHeader : [],
        io.env['CALVE_REQUEST_HEADER'] ?? '',
      ),
      sse: null,
      sseKmsKeyId: null,
      tagging: null,
    },
  };
});

/**
 * Adds the headers of the variable, one on each line, to those of the options. An option replaces the variable's header of
 * the same name.
 */
function allHeaders(typed: readonly string[], variable: string): readonly string[] {
  const nameOf = (header: string): string => (header.split('=', 1)[0] ?? '').toLowerCase();
  const names = new Set(typed.map(nameOf));
  const lines = variable.split(/\r?\n/).map((line) => line.trim());
  return [...lines.filter((line) => line !== '' && !names.has(nameOf(line))), ...typed];
}
