import { TransferError } from '../../../core/failures.js';
import { namesMany, storesObjects, type TargetUrl } from '../../../core/target-url.js';

/**
 * Refuses the key of no object: an audit that compares nothing must not look like one that finds nothing wrong.
 * @throws TransferError `not-found` (catalogue entry)
 */
export function assertAudited(target: TargetUrl): void {
  const { scheme, url } = target;
  if (!storesObjects(scheme) || namesMany(target)) return;
  const detail = `neither the catalogue nor the bucket has this object; for all keys that start with it, name ${url}/`;
  throw new TransferError('not-found', { what: 'catalogue entry', name: url, detail });
}
