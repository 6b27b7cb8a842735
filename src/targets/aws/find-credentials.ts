/** Looks up the credentials for their facts: `check` says whose they are, and never a secret. */
import { HttpRequest } from '@smithy/core/protocols';
import { checkEndpoint } from '../../core/endpoint.js';
import type { CredentialFacts } from '../../transfer/ports/target.js';
import type { TargetSettings } from '../settings.js';
import type { Caller } from './caller.js';
import type { Identity } from './credentials.js';

/** The SDK adds the account where the place of the credentials names it, for example in the ARN of a role. */
type FoundIdentity = Identity & { readonly accountId?: string };

/** The configuration of a client of the SDK, as far as this file needs it. */
interface Client {
  readonly config: {
    /** The look-up, also where the credentials were given as a value. */
    readonly credentials: () => Promise<FoundIdentity>;
    readonly signer: (scheme: never) => Promise<Signer>;
    readonly requestHandler: {
      handle(request: never, options: object): Promise<{ readonly response: Answer }>;
    };
  };
}

interface Signer {
  sign(request: never, options: object): Promise<unknown>;
}

interface Answer {
  readonly statusCode: number;
  readonly body?: AsyncIterable<Uint8Array>;
}

/** The service of AWS that says whose credentials sign a request. */
interface IdentityService {
  readonly region: string;
  /** Null for credentials that are not of AWS, which must not be sent there. */
  readonly url: string | null;
}

type Owner = Pick<CredentialFacts, 'account' | 'arn'>;

/**
 * Returns the identity service of AWS. Another endpoint of the target has other credentials, unless the user names the
 * service too: its variable is that of the AWS tools.
 */
export function identityService(
  env: TargetSettings['env'],
  region: string,
  endpoint: string | null,
): IdentityService {
  const named = env['AWS_ENDPOINT_URL_STS'];
  const suffix = region.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com';
  const own = endpoint === null ? `https://sts.${region}.${suffix}` : null;
  return { region, url: named ? named : own };
}

/** @throws TransferError `refused`, `unreachable`, as a request without credentials does */
export function findCredentials<C extends Client, Sdk, Operation>(
  caller: Caller<C, Sdk, Operation>,
  operation: Operation,
  service: IdentityService,
  signal: AbortSignal,
): Promise<CredentialFacts> {
  return caller.call(operation, signal, async (client) => {
    const { accessKeyId, accountId = null, expiration } = await client.config.credentials();
    const expiresAt = expiration === undefined ? null : expiration.toISOString();
    // The checks that follow do not depend on it: a network may have no way to this service.
    const owner = await askForOwner(client, service, signal).catch(() => null);
    return { accessKeyId, account: owner?.account ?? accountId, arn: owner?.arn ?? null, expiresAt };
  });
}

/** Source: AWS Security Token Service API reference, GetCallerIdentity: no policy can deny it. */
async function askForOwner(
  { config }: Client,
  { region, url }: IdentityService,
  abortSignal: AbortSignal,
): Promise<Owner | null> {
  if (url === null) return null;
  const { protocol, hostname, port, host } = new URL(checkEndpoint(url, false));
  const request = new HttpRequest({
    protocol,
    hostname,
    ...(port !== '' && { port: Number(port) }),
    path: '/',
    query: { Action: 'GetCallerIdentity', Version: '2011-06-15' },
    headers: { host },
  });
  const place = { signingName: 'sts', signingRegion: region };
  const signer = await config.signer({ schemeId: 'aws.auth#sigv4', properties: {}, ...place } as never);
  const signed = await signer.sign(request as never, { signingService: 'sts', signingRegion: region });
  const { response } = await config.requestHandler.handle(signed as never, { abortSignal });
  return response.statusCode === 200 ? parseOwner(await textOf(response)) : null;
}

async function textOf({ body }: Answer): Promise<string> {
  const pieces: Uint8Array[] = [];
  for await (const piece of body ?? []) pieces.push(piece);
  return Buffer.concat(pieces).toString();
}

function parseOwner(text: string): Owner {
  const [, arn = null] = /<Arn>(arn:[^<]{1,2048})<\/Arn>/.exec(text) ?? [];
  const [, account = null] = /<Account>(\d{12})<\/Account>/.exec(text) ?? [];
  return { arn, account };
}
