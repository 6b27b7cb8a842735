import { parseTargetUrl, storesObjects, type TargetUrl } from '../../../core/target-url.js';
import type { Given } from '../../options/given.js';

/** Returns the vault of a journal. @throws TransferError `usage` for a bucket */
export function vaultOf(given: Given, word: string): TargetUrl {
  const target = parseTargetUrl(word);
  if (storesObjects(target.scheme))
    given.refuse('--target', 'mtglacier knows vaults only, and this is a bucket');
  return target;
}
