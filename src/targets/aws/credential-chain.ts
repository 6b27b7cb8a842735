/**
 * Finds credentials where the AWS tools find them: environment, profile, SSO, process, token file, container, instance.
 * A place that is configured is the only one that is asked: otherwise its failure would be hidden by the failure of the
 * last place, the instance's metadata, which takes a minute on a machine that is no instance.
 */
import { readFile } from 'node:fs/promises';
import { isError } from '../../core/is-error.js';
import { limitOtherRequests } from './answer-limits.js';
import { trimKey } from './clean-key.js';
import { limitProcess, processError } from './credential-process.js';
import type { CredentialSource, Identity, LookUp, LookUpOptions } from './credentials.js';
import { CredentialsError } from './credentials-error.js';
import { type Profile, profileFiles, readProfile } from './profiles.js';
import { type WatchedHandler, watchHandler } from './watched-handler.js';

type Env = Readonly<Record<string, string | undefined>>;

export interface ChainOptions {
  /** Null: AWS_PROFILE, or the default profile. */
  readonly profile: string | null;
  readonly env: Env;
  /** The longest silence of a service, from which the time limits of a look-up are derived. */
  readonly readTimeoutMs: number;
}

/** Limits for the endpoints of this machine, a container's and an instance's, which answer at once. */
const ENDPOINT_LIMIT_MS = 10_000;
/** The time for a program: it may ask a person for a code. */
const PROCESS_TIMES = 10;

/** The keys of a profile that say where its credentials are. */
const SOURCE_KEYS = [
  'aws_access_key_id',
  'credential_process',
  'credential_source',
  'login_session',
  'role_arn',
  'source_profile',
  'sso_account_id',
  'sso_session',
  'sso_start_url',
  'web_identity_token_file',
];

const VARIABLES: Readonly<Partial<Record<keyof Identity, string>>> = {
  accessKeyId: 'AWS_ACCESS_KEY_ID',
  secretAccessKey: 'AWS_SECRET_ACCESS_KEY',
  sessionToken: 'AWS_SESSION_TOKEN',
};

const PROFILE_KEYS: Readonly<Partial<Record<keyof Identity, string>>> = {
  accessKeyId: 'aws_access_key_id',
  secretAccessKey: 'aws_secret_access_key',
  sessionToken: 'aws_session_token',
};

export function credentialChain({ profile, env, readTimeoutMs }: ChainOptions): CredentialSource {
  const named = profile ?? (env['AWS_PROFILE'] || null);
  const isInVariables =
    named === null && Boolean(env['AWS_ACCESS_KEY_ID']) && Boolean(env['AWS_SECRET_ACCESS_KEY']);
  return {
    lookUp: isInVariables
      ? askWholeChain({})
      : (options) => lookUp({ profile: named, env, readTimeoutMs }, options),
    canChange: !isInVariables,
    nameOf: (part) =>
      isInVariables
        ? `${VARIABLES[part]}`
        : `${PROFILE_KEYS[part]} of profile ${named ?? 'default'} (${profileFiles(env)})`,
  };
}

async function lookUp(
  { profile: named, env, readTimeoutMs }: ChainOptions,
  options: LookUpOptions | undefined,
): Promise<Identity> {
  const endpointMs = Math.min(readTimeoutMs, ENDPOINT_LIMIT_MS);
  limitOtherRequests({ silenceMs: null, answerMs: endpointMs, option: null });
  const profile = await readProfile(named, env);
  const handler = watchHandler(options);
  const init = {
    // SSO and STS are asked over the connections of the service: by the same proxies, certificates and time-outs.
    ...(handler !== null && { clientConfig: { requestHandler: handler.handler, maxAttempts: 1 } }),
    ignoreCache: true,
    // Only transfer retries.
    maxRetries: 0,
    logger: silentLogger(),
  };
  try {
    if (SOURCE_KEYS.some((key) => profile.section[key] !== undefined)) {
      await prepareToken(profile.section['web_identity_token_file']);
      await limitProcess(readTimeoutMs * PROCESS_TIMES);
      const { fromIni } = await import('@aws-sdk/credential-provider-ini');
      return await fromIni({ ...init, profile: profile.name })(options);
    }
    if (env['AWS_ROLE_ARN']) await prepareToken(env['AWS_WEB_IDENTITY_TOKEN_FILE']);
    const given = named === null ? {} : { profile: named };
    return await askWholeChain({ ...init, ...given, ...(await containerToken(env)) })(options);
  } catch (error) {
    throw explain(error, { profile, env, handler, messages: init.logger.messages });
  }
}

function askWholeChain(init: object): LookUp {
  return async (options) => {
    const { defaultProvider } = await import('@aws-sdk/credential-provider-node');
    return await defaultProvider(init)(options);
  };
}

/** Reads a token file. @throws CredentialsError that names the file */
async function readToken(path: string): Promise<string> {
  try {
    return trimKey(await readFile(path, 'utf8'));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new CredentialsError(`the token file ${path} cannot be read: ${code}`, { cause: error });
  }
}

/** Gives the SDK the token of a web identity without a line end at its end, which the SDK would send as a part of it. */
async function prepareToken(path: string | undefined): Promise<void> {
  if (path === undefined || path === '') return;
  const token = await readToken(path);
  const { externalDataInterceptor } = await import('@smithy/core/config');
  externalDataInterceptor.interceptToken(path, token);
}

/** Returns the token for the container's endpoint: a line end at its end would make it an illegal header. */
async function containerToken(env: Env): Promise<object> {
  if (containerVariable(env) === undefined) return {};
  const path = env['AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE'];
  const token = env['AWS_CONTAINER_AUTHORIZATION_TOKEN'];
  if (path) {
    const read = await readToken(path);
    return { awsContainerAuthorizationTokenFile: '', awsContainerAuthorizationToken: read };
  }
  return token ? { awsContainerAuthorizationToken: trimKey(token) } : {};
}

/** Returns the variable that names the container's endpoint, if one is set. */
function containerVariable(env: Env): string | undefined {
  const names = ['AWS_CONTAINER_CREDENTIALS_RELATIVE_URI', 'AWS_CONTAINER_CREDENTIALS_FULL_URI'];
  return names.find((name) => env[name]);
}

/** Collects the messages of the SDK: its last error hides the reasons of the places that it asked before. */
function silentLogger() {
  const messages: string[] = [];
  const keep = (...words: unknown[]): void => void messages.push(words.map(String).join(' '));
  const silence = (): void => undefined;
  return { messages, trace: silence, debug: keep, info: silence, warn: silence, error: silence };
}

interface Circumstances {
  readonly profile: Profile;
  readonly env: Env;
  readonly handler: WatchedHandler | null;
  readonly messages: readonly string[];
}

/** Returns the error that says what failed, or the error itself if it says so already. */
function explain(error: unknown, { profile, env, handler, messages }: Circumstances): unknown {
  if (!isError(error) || error instanceof CredentialsError) return error;
  const { code, path } = error as NodeJS.ErrnoException;
  if (path !== undefined) {
    return new CredentialsError(`${path} cannot be read: ${code}`, { cause: error });
  }
  const isOfChain = /CredentialsProviderError|TokenProviderError/.test(error.name);
  // The SDK wraps the network's errors, and loses their codes.
  if (isOfChain && handler?.trouble() != null) return handler.trouble();
  const ofProcess = processError(error, profile);
  if (ofProcess !== null) return ofProcess;
  if (isOfChain) return containerTrouble(env, messages) ?? error;
  return error;
}

const TRANSIENT =
  /ECONN\w+|ETIMEDOUT|EHOST\w+|ENET\w+|EAI_AGAIN|ENOTFOUND|TimeoutError|AnswerError|status: (5\d\d|429)/;

/** Returns the error of a container's endpoint that does not answer; null if there is none, or if it did answer. */
function containerTrouble(env: Env, messages: readonly string[]): CredentialsError | null {
  const variable = containerVariable(env);
  const last = messages.findLast((message) => TRANSIENT.test(message));
  if (variable === undefined || last === undefined) return null;
  const why = TRANSIENT.exec(last)?.[0] ?? '';
  return new CredentialsError(`the endpoint of ${variable} gives no credentials (${why})`, {
    isTransient: true,
  });
}
