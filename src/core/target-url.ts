/** Parses target URLs: `glacier://VAULT`, `local://VAULT`, `s3://BUCKET/KEY`, `obs://BUCKET/KEY`. */
import { TransferError } from './failures.js';
import type { NameExcess } from './name-excess.js';

export const SCHEMES = ['glacier', 'local', 's3', 'obs'] as const;
export type Scheme = (typeof SCHEMES)[number];

/** A checked target. `url` is the same for every spelling that the user may choose. */
export interface TargetUrl {
  readonly scheme: Scheme;
  /** The vault, or the bucket. */
  readonly container: string;
  /** The object's key, or a key prefix when it ends in `/`. Empty for a whole bucket and for vaults. */
  readonly key: string;
  readonly url: string;
}

interface Naming {
  readonly thing: 'vault' | 'bucket';
  readonly hasKeys: boolean;
  isName(name: string): boolean;
  readonly rule: string;
  /** Returns the key's length in the unit that the service counts: bytes or characters. */
  keyLength(key: string): number;
  readonly keyUnit: 'bytes' | 'characters';
}

/** Source: Amazon Glacier developer guide, api-vault-put: 1 to 255 of a–z, A–Z, 0–9, `_`, `-`, `.`. */
const VAULT: Naming = {
  thing: 'vault',
  hasKeys: false,
  isName: (name) => /^[A-Za-z0-9_.-]{1,255}$/.test(name),
  rule: 'a vault name is 1 to 255 of the characters a–z, A–Z, 0–9, _, - and .',
  keyLength: () => 0,
  keyUnit: 'bytes',
};

/**
 * Buckets from before 2018 may break today's rules (capitals, `_`, up to 255 characters), and compatible
 * stores have rules of their own. So only names that are legal nowhere are refused here.
 * Source: Amazon S3 user guide, "General purpose bucket naming rules" and, for the length of keys in bytes,
 * "Naming Amazon S3 objects".
 */
const S3_BUCKET: Naming = {
  thing: 'bucket',
  hasKeys: true,
  isName: (name) => /^[A-Za-z0-9][A-Za-z0-9._-]{1,253}[A-Za-z0-9]$/.test(name),
  rule: 'a bucket name is 3 to 255 letters, digits, ., - and _, with a letter or digit at each end',
  keyLength: (key) => new TextEncoder().encode(key).length,
  keyUnit: 'bytes',
};

/** Source: Huawei OBS, "Aborting a Multipart Upload": bucketName and objectKey (characters). */
const OBS_BUCKET: Naming = {
  thing: 'bucket',
  hasKeys: true,
  isName: (name) =>
    /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(name) &&
    !/\.\.|-\.|\.-/.test(name) &&
    !/^\d{1,3}(\.\d{1,3}){3}$/.test(name),
  rule: 'a bucket name is 3 to 63 lower-case letters, digits, - and ., with a letter or digit at each end, without .., .- and -., and it is not an IP address',
  keyLength: (key) => Array.from(key).length,
  keyUnit: 'characters',
};

const NAMINGS: { readonly [S in Scheme]: Naming } = {
  glacier: VAULT,
  local: VAULT,
  s3: S3_BUCKET,
  obs: OBS_BUCKET,
};

const KEY_LENGTH_MAX = 1024;

/** Tells whether a word looks like a target, so that a forgotten target is not reported as a missing file. */
export function looksLikeTarget(word: string): boolean {
  return /^[a-z][a-z0-9+.-]*:\/\//i.test(word);
}

/** Returns true when targets of this scheme are objects of a bucket, with keys; false for vaults. */
export function storesObjects(scheme: Scheme): boolean {
  return NAMINGS[scheme].hasKeys;
}

/** Returns the scheme of a target's URL that was checked before. */
export function schemeOf(url: string): Scheme {
  return parseTargetUrl(url).scheme;
}

/**
 * @throws TransferError `usage` for an unknown scheme, a missing or illegal name, a key in a
 * vault, or a key that is too long
 */
export function parseTargetUrl(word: string): TargetUrl {
  const match = /^([a-z][a-z0-9+.-]*):\/\/(.*)$/is.exec(word);
  const scheme = SCHEMES.find((each) => each === match?.[1]?.toLowerCase());
  if (match === null || scheme === undefined) {
    throw new TransferError('usage', {
      what: `target ${word}`,
      why: match === null ? 'it has no scheme' : `${match[1]}:// is not the scheme of a target`,
      hint: 'name a vault as glacier://VAULT, an object as s3://BUCKET/KEY or obs://BUCKET/KEY, or local://VAULT for the embedded emulator',
    });
  }
  const rest = match[2] ?? '';
  return NAMINGS[scheme].hasKeys ? parseObject(scheme, rest, word) : parseVault(scheme, rest, word);
}

function parseVault(scheme: Scheme, rest: string, word: string): TargetUrl {
  const container = rest.replace(/\/$/, '');
  if (!VAULT.isName(container)) {
    throw new TransferError('usage', {
      what: `target ${word}`,
      why: container.includes('/') ? 'a vault identifies archives by id, not by path' : VAULT.rule,
      hint: 'name only the vault, for example glacier://photos',
    });
  }
  return { scheme, container, key: '', url: `${scheme}://${container}` };
}

function parseObject(scheme: Scheme, rest: string, word: string): TargetUrl {
  const slash = rest.indexOf('/');
  const container = slash < 0 ? rest : rest.slice(0, slash);
  const key = slash < 0 ? '' : rest.slice(slash + 1);
  const naming = NAMINGS[scheme];
  const refuse = (why: string): never => {
    const hint = `name the object, for example ${scheme}://photos/2026/backup.tar`;
    throw new TransferError('usage', { what: `target ${word.slice(0, KEY_LENGTH_MAX)}`, why, hint });
  };
  if (/^arn:/i.test(rest)) refuseArn(rest, word);
  if (!naming.isName(container)) refuse(naming.rule);
  if (naming.keyLength(key) > KEY_LENGTH_MAX) refuse(`its key is longer than ${KEY_LENGTH_MAX}`);
  return { scheme, container, key, url: formatUrl(scheme, container, key) };
}

/**
 * Refuses an ARN in the place of a bucket. An access point has an alias, which is a bucket's name for every call here.
 * Source: Amazon S3 user guide, "Access point aliases".
 */
function refuseArn(arn: string, word: string): never {
  const isAccessPoint = /:accesspoint[/:]/i.test(arn);
  throw new TransferError('usage', {
    what: `target ${word.slice(0, KEY_LENGTH_MAX)}`,
    why: `calve takes the name of a bucket, not an ARN${isAccessPoint ? ' of an access point' : ''}`,
    hint: isAccessPoint
      ? 'name the alias of the access point, which ends in -s3alias, or its bucket: s3://ALIAS/KEY (aws s3control get-access-point shows both)'
      : 'name only the bucket, for example s3://photos/2026/backup.tar',
  });
}

function formatUrl(scheme: Scheme, container: string, key: string): string {
  return key === '' ? `${scheme}://${container}` : `${scheme}://${container}/${key}`;
}

/** Returns the URL of the same bucket with another key. Null as the key leaves the URL unchanged. */
export function withKey(url: string, key: string | null): string {
  if (key === null) return url;
  const { scheme, container } = parseTargetUrl(url);
  return formatUrl(scheme, container, key);
}

/** Returns the target of one file: like aws s3 cp, appends its name to a key that is empty or ends in `/`. */
export function urlOfFile(target: TargetUrl, baseName: string): TargetUrl {
  const { scheme, container, key } = target;
  if (!storesObjects(scheme) || !namesMany(target)) return target;
  return parseTargetUrl(formatUrl(scheme, container, key + baseName));
}

/** Returns by how much the key of a file of this name would be too long; null if it is not, and for vaults. */
export function keyExcess({ scheme, key }: TargetUrl, name: string): NameExcess | null {
  const { keyLength, keyUnit } = NAMINGS[scheme];
  const length = keyLength(key + name);
  return length <= KEY_LENGTH_MAX ? null : { thing: 'key', length, max: KEY_LENGTH_MAX, unit: keyUnit };
}

/**
 * Returns true if answers of the service cannot contain the key, because XML has no form for one of its characters: some
 * stores then answer 500 to every request.
 * Source: XML 1.0, section 2.2, "Char".
 */
export function isBeyondXml(key: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters that are looked for.
  return /[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/.test(key);
}

/** Tells whether the target names a whole bucket or a key prefix. */
export function namesMany({ key }: TargetUrl): boolean {
  return key === '' || key.endsWith('/');
}
