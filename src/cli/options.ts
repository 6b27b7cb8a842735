/** The options that several commands share: declared once, read once. */
import { isAbsolute, join, resolve } from 'node:path';
import { type Command, Option } from 'commander';
import { checkEndpoint, checkRegion } from '../core/endpoint.js';
import { TransferError } from '../core/failures.js';
import type { ObjectSettings } from '../targets/settings.js';
import type { RetryPolicy } from '../transfer/decorators/retrier.js';
import { PROGRESS_FLAGS, type ProgressFlag } from '../ui/progress/progress-mode.js';
import type { Io } from './io.js';
import { type OptionReader, optionReader } from './option-reader.js';

function withEnv(flags: string, description: string, variable: string): Option {
  return new Option(flags, description).env(variable);
}

/** For options that may be given several times. */
export function collect(value: string, values: readonly string[] = []): string[] {
  return [...values, value];
}

export function addOutputOptions(command: Command): Command {
  return command
    .addOption(withEnv('--json', 'one JSON object a line on stdout', 'CALVE_JSON'))
    .addOption(withEnv('--quiet', 'no progress and no notices; errors and hints always', 'CALVE_QUIET'))
    .addOption(withEnv('--progress <how>', 'auto, bar, plain, json or none', 'CALVE_PROGRESS'))
    .addOption(withEnv('--debug', 'stacks and every retry on stderr', 'CALVE_DEBUG'));
}

export function addStateOptions(command: Command): Command {
  return command
    .addOption(withEnv('--state-dir <dir>', 'where unfinished uploads are remembered', 'CALVE_STATE_DIR'))
    .addOption(withEnv('--catalogue <dir>', 'where archive ids are remembered', 'CALVE_CATALOGUE'));
}

export function addServiceOptions(command: Command): Command {
  return command
    .addOption(withEnv('--region <region>', 'as in eu-west-1 (else AWS_REGION, profile)', 'CALVE_REGION'))
    .addOption(withEnv('--profile <name>', 'AWS profile (else AWS_PROFILE)', 'CALVE_PROFILE'))
    .addOption(
      withEnv('--endpoint-url <url>', 'another server that speaks the protocol', 'CALVE_ENDPOINT_URL'),
    )
    .addOption(withEnv('--account-id <id>', 'vault owner: 12 digits, or - (default)', 'CALVE_ACCOUNT_ID'))
    .addOption(
      withEnv('--path-style', 'the bucket in the path, not in the host (S3, OBS)', 'CALVE_PATH_STYLE'),
    )
    .addOption(
      withEnv(
        '--request-header <name=value>',
        'send this header, too (S3, OBS; repeatable)',
        'CALVE_REQUEST_HEADER',
      ).argParser(collect),
    )
    .addOption(withEnv('--allow-http', 'plain http to another machine', 'CALVE_ALLOW_HTTP'))
    .addOption(withEnv('--local-dir <dir>', 'data folder of local:// vaults', 'CALVE_LOCAL_DIR'))
    .addOption(withEnv('--max-attempts <n>', 'per request (default 10)', 'CALVE_MAX_ATTEMPTS'))
    .addOption(
      withEnv('--retry-delay <time>', 'first back-off, doubled up to 60s (default 1s)', 'CALVE_RETRY_DELAY'),
    )
    .addOption(withEnv('--give-up-after <time>', 'with a dead line (default 1h)', 'CALVE_GIVE_UP_AFTER'))
    .addOption(withEnv('--connect-timeout <time>', 'default 10s', 'CALVE_CONNECT_TIMEOUT'))
    .addOption(
      withEnv('--read-timeout <time>', 'no byte moved for so long (default 60s)', 'CALVE_READ_TIMEOUT'),
    );
}

export function addTransferOptions(command: Command): Command {
  return command
    .addOption(withEnv('--concurrency <n>', 'parts in flight, 1 to 64 (default 4)', 'CALVE_CONCURRENCY'))
    .addOption(withEnv('--limit-rate <rate>', 'bytes a second, all parts together: 5M', 'CALVE_LIMIT_RATE'))
    .addOption(
      withEnv('--lock-wait <time>', "wait for another calve's lock (default: exit 11)", 'CALVE_LOCK_WAIT'),
    );
}

export interface OutputOptions {
  readonly json: boolean;
  readonly quiet: boolean;
  readonly progress: ProgressFlag;
  readonly debug: boolean;
}

interface StateOptions {
  readonly stateDir: string;
  readonly stateDirGiven: boolean;
  readonly catalogueDir: string;
  readonly catalogueGiven: boolean;
}

interface ServiceOptions {
  readonly region: string | null;
  readonly profile: string | null;
  readonly isProfileNamed: boolean;
  readonly endpoint: string | null;
  readonly accountId: string;
  readonly allowHttp: boolean;
  readonly localDir: string;
  readonly retry: RetryPolicy;
  readonly connectTimeoutMs: number;
  readonly readTimeoutMs: number;
  readonly object: ObjectSettings;
}

interface TransferOptions {
  readonly concurrency: number;
  readonly lockWaitMs: number;
  /** Bytes a second over all parts; null: as fast as they go. */
  readonly limitRate: number | null;
}

/** A command's options, typed. Each group is read only by commands that declared it. */
export interface Options {
  readonly read: OptionReader;
  readonly output: OutputOptions;
  readonly state: StateOptions;
  readonly service: ServiceOptions;
  readonly transfer: TransferOptions;
}

/** @throws TransferError `usage` for any malformed value */
export function readOptions(io: Io, command: Command): Options {
  const read = optionReader(command);
  return {
    read,
    output: {
      json: read.flag('json'),
      quiet: read.flag('quiet'),
      progress: read.choice('progress', PROGRESS_FLAGS) ?? 'auto',
      debug: read.flag('debug'),
    },
    state: readStateOptions(io, read),
    service: readServiceOptions(io, read),
    transfer: {
      concurrency: read.count('concurrency', 1, 64) ?? 4,
      lockWaitMs: read.durationMs('lockWait') ?? 0,
      limitRate: read.sizeBytes('limitRate'),
    },
  };
}

function readStateOptions(io: Io, read: OptionReader): StateOptions {
  const stateDir = read.named('stateDir', 'folder');
  const catalogue = read.named('catalogue', 'folder');
  return {
    stateDir: stateDir === null ? xdgFolder(io, 'XDG_STATE_HOME', '.local/state') : resolve(io.cwd, stateDir),
    stateDirGiven: stateDir !== null,
    catalogueDir: resolve(io.cwd, catalogue ?? join(dataFolder(io), 'archives')),
    catalogueGiven: catalogue !== null,
  };
}

function readServiceOptions(io: Io, read: OptionReader): ServiceOptions {
  const allowHttp = read.flag('allowHttp');
  const accountId = read.text('accountId') ?? '-';
  if (!/^(-|\d{12})$/.test(accountId)) read.refuse('accountId', 'an account number is 12 digits, or -');
  return {
    region: read.checked('region', checkRegion),
    profile: read.named('profile', 'profile'),
    isProfileNamed: read.flagged('profile'),
    endpoint: read.checked('endpointUrl', (given) => checkEndpoint(given, allowHttp)),
    accountId,
    allowHttp,
    localDir: resolve(io.cwd, read.named('localDir', 'folder') ?? join(dataFolder(io), 'vaults')),
    retry: {
      maxAttempts: read.count('maxAttempts', 1, 1000) ?? 10,
      maxAttemptsGiven: read.given('maxAttempts'),
      retryDelayMs: read.durationMs('retryDelay') ?? 1000,
      giveUpAfterMs: read.durationMs('giveUpAfter') ?? 3_600_000,
    },
    connectTimeoutMs: read.durationMs('connectTimeout') ?? 10_000,
    readTimeoutMs: read.durationMs('readTimeout') ?? 60_000,
    object: readObjectSettings(read),
  };
}

function readObjectSettings(read: OptionReader): ObjectSettings {
  const tagging = read.text('tagging');
  if (tagging !== null && !isTagging(tagging)) {
    read.refuse('tagging', 'tags are given as KEY=VALUE&KEY2=VALUE2, each URL-encoded, 10 at the most');
  }
  const sse = read.choice('sse', SSE_KINDS);
  const sseKmsKeyId = read.text('sseKmsKeyId');
  if (sseKmsKeyId !== null && (sse === null || sse === 'AES256')) {
    read.refuse('sseKmsKeyId', 'a key belongs to --sse aws:kms, or aws:kms:dsse');
  }
  return {
    pathStyle: read.flag('pathStyle'),
    requestHeaders: read.texts('requestHeader'),
    sse,
    sseKmsKeyId,
    tagging,
  };
}

/** Of the emulator: whether it refuses what is not signed rightly. */
export const SIGNATURE_MODES = ['verify', 'lenient'] as const;

/** Source: Amazon S3 API reference, CreateMultipartUpload (x-amz-server-side-encryption). */
export const SSE_KINDS = ['AES256', 'aws:kms', 'aws:kms:dsse', 'kms'] as const;

/** Source: Amazon S3 API reference, CreateMultipartUpload (x-amz-tagging): URL query parameters. */
function isTagging(text: string): boolean {
  const pairs = text.split('&');
  return (
    pairs.length <= 10 &&
    pairs.every((pair) => /^[^=&\s]+=[^=&\s]*$/.test(pair) && /^[\x21-\x7e]+$/.test(pair))
  );
}

/** Source: XDG base directory specification; a relative value is to be ignored. */
function xdgFolder(io: Io, variable: string, fallback: string): string {
  const given = io.env[variable];
  if (given !== undefined && isAbsolute(given)) return join(given, 'calve');
  if (io.homeDir === '') {
    throw new TransferError('usage', {
      what: 'the state folder',
      why: `neither HOME nor ${variable} is set`,
      hint: 'name the folders with --state-dir and --catalogue',
    });
  }
  return join(io.homeDir, fallback, 'calve');
}

function dataFolder(io: Io): string {
  return xdgFolder(io, 'XDG_DATA_HOME', '.local/share');
}
