/** Decides which certificates are trusted, and recognises those that are not. */
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import { TransferError } from '../../core/failures.js';
import { isError } from '../../core/is-error.js';
import type { TargetSettings } from '../settings.js';
import { readProfile } from './profiles.js';

export interface Trust {
  /** False if the user wants no verification of certificates. */
  readonly verify: boolean;
  /** The authorities that are trusted, in PEM; null: those of Node, with NODE_EXTRA_CA_CERTS. */
  readonly authorities: string | null;
}

/** The options of Node for a connection. Without them the variable NODE_TLS_REJECT_UNAUTHORIZED would decide. */
export function tlsOptions({ verify, authorities }: Trust): {
  readonly rejectUnauthorized: boolean;
  readonly ca?: string;
} {
  return { rejectUnauthorized: verify, ...(authorities !== null && { ca: authorities }) };
}

/**
 * Reads the file of authorities that AWS_CA_BUNDLE names, or `ca_bundle` of the profile.
 * @param profile undefined: the target has no profile
 * @throws TransferError `usage` for a file that cannot be used
 * Source: AWS SDKs and tools reference guide, "General configuration settings": ca_bundle.
 */
export async function readTrust(
  { env, verifyTls: verify }: Pick<TargetSettings, 'env' | 'verifyTls'>,
  profile: string | null | undefined,
): Promise<Trust> {
  if (!verify) return { verify, authorities: null };
  const variable = env['AWS_CA_BUNDLE'];
  if (variable) return { verify, authorities: readAuthorities('AWS_CA_BUNDLE', variable) };
  // A profile that does not exist is reported when its credentials are needed.
  const found = profile === undefined ? null : await readProfile(profile, env).catch(() => null);
  const path = found?.section['ca_bundle'];
  const authorities = path ? readAuthorities(`ca_bundle of profile ${found?.name}`, path) : null;
  return { verify, authorities };
}

function readAuthorities(what: string, path: string): string {
  try {
    const text = readFileSync(path, 'utf8');
    // Refuses a file without a certificate, which would make every connection fail.
    new X509Certificate(text);
    return text;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new TransferError('usage', {
      what: `${what}=${path}`,
      why: `the certificates cannot be read: ${code ?? message}`,
      hint: 'name a file that has the certificates of the authorities in PEM',
    });
  }
}

const untrusted = new WeakSet<Error>();

/** Remembers the error of a connection whose certificate is refused: it has one of some thirty codes, or none. */
export function watchTrust(socket: Duplex | null | undefined): void {
  socket?.prependOnceListener('error', (error: Error) => {
    if ((socket as TLSSocket).authorizationError) markUntrusted(error);
  });
}

export function markUntrusted(error: Error): void {
  untrusted.add(error);
}

/** Returns true if a connection failed because its certificate is not trusted. */
export function isUntrusted(error: Error): boolean {
  return untrusted.has(error) || (isError(error.cause) && untrusted.has(error.cause));
}
