/** The object of a bucket that a command is about. */
import { descriptionExcess } from '../core/description.js';
import { TransferError } from '../core/failures.js';
import { isBeyondXml, keyExcess, namesMany, storesObjects, type TargetUrl } from '../core/target-url.js';
import type { FoundFile } from '../source/find-files/look.js';

/** Returns the key of an object; null for a vault, which has no keys. */
export function ownKey({ scheme, key }: TargetUrl): string | null {
  return storesObjects(scheme) ? key : null;
}

/** Checks that the exact key is named, because an upload id belongs to one object. @throws TransferError `usage` */
export function checkKey(url: TargetUrl, what: string): void {
  if (!storesObjects(url.scheme) || url.key !== '') return;
  throw new TransferError('usage', {
    what: `${what} ${url.url}`,
    why: 'an upload is identified by its id and the exact key of its object',
    hint: `calve list-uploads ${url.url} shows both`,
  });
}

/**
 * Checks that the service takes a key, or a description, that is made of this name.
 * @throws TransferError `limit`, `source` (`no-key`)
 */
export function checkName(url: TargetUrl, { path, name }: FoundFile): void {
  if (storesObjects(url.scheme) && isBeyondXml(name)) {
    throw new TransferError('source', { path, why: 'no-key', detail: null });
  }
  const excess = storesObjects(url.scheme) ? keyExcess(url, name) : descriptionExcess(name);
  if (excess !== null) throw new TransferError('limit', { limit: 'name', ...excess });
}

/** Checks that each file becomes an object of its own. @throws TransferError `usage` */
export function checkManyKeys(url: TargetUrl, baseNames: readonly string[]): void {
  if (!storesObjects(url.scheme) || baseNames.length < 2) return;
  const refuse = (why: string, hint: string): never => {
    throw new TransferError('usage', { what: `upload to ${url.url}`, why, hint });
  };
  if (!namesMany(url)) {
    const folder = `${url.scheme}://${url.container}/backups/`;
    refuse(
      'several files would overwrite each other under one key',
      `end the key with a slash, for example ${folder}`,
    );
  }
  const twice = baseNames.find((name, i) => baseNames.indexOf(name) !== i);
  if (twice === undefined) return;
  const why = `two files have the name ${twice}, and would overwrite each other`;
  refuse(why, 'send one of them in a run of its own, to another key');
}
