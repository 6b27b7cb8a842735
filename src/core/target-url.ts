/** The words that name a target: `glacier://VAULT`, `local://VAULT`. */
import { TransferError } from './failures.js';

export const SCHEMES = ['glacier', 'local'] as const;
export type Scheme = (typeof SCHEMES)[number];

/** A target as the user named it, checked. `url` is its one spelling. */
export interface TargetUrl {
  readonly scheme: Scheme;
  readonly vault: string;
  readonly url: string;
}

/** Source: Amazon Glacier developer guide, api-vault-put: 1 to 255 of a–z, A–Z, 0–9, `_`, `-`, `.`. */
const VAULT_NAME = /^[A-Za-z0-9_.-]{1,255}$/;

/** Whether a word looks like a target, so that a forgotten one can be told from a missing file. */
export function looksLikeTarget(word: string): boolean {
  return /^[a-z][a-z0-9+.-]*:\/\//i.test(word);
}

/**
 * @throws TransferError `usage` for an unknown scheme, a missing or illegal vault name, or a key in a vault
 */
export function parseTargetUrl(word: string): TargetUrl {
  const match = /^([a-z][a-z0-9+.-]*):\/\/(.*)$/i.exec(word);
  const scheme = match?.[1]?.toLowerCase();
  if (match === null || !SCHEMES.some((known) => known === scheme)) {
    throw new TransferError('usage', {
      what: `target ${word}`,
      why: match === null ? 'it has no scheme' : `no target has the scheme ${match[1]}://`,
      hint: 'name a vault as glacier://VAULT, or local://VAULT for the embedded emulator',
    });
  }
  const vault = (match[2] ?? '').replace(/\/$/, '');
  if (!VAULT_NAME.test(vault)) {
    throw new TransferError('usage', {
      what: `target ${word}`,
      why: vault.includes('/')
        ? 'a vault holds archives by id, not by path'
        : 'a vault name is 1 to 255 of the characters a–z, A–Z, 0–9, _, - and .',
      hint: 'name the vault alone, as in glacier://photos',
    });
  }
  return { scheme: scheme as Scheme, vault, url: `${scheme}://${vault}` };
}
