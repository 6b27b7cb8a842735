/** Checks the names of S3's storage classes. */
import { TransferError } from '../../core/failures.js';

/**
 * Accepts any name in capitals: compatible stores have classes of their own, and S3 refuses an unknown class before the
 * first part.
 * @throws TransferError `usage`
 */
export function checkS3Class(given: string): string {
  if (/^[A-Z][A-Z0-9_-]{0,63}$/.test(given)) return given;
  throw new TransferError('usage', {
    what: `--storage-class ${given}`,
    why: 'storage classes are written in capitals',
    hint: 'S3 has STANDARD, STANDARD_IA, GLACIER_IR, GLACIER and DEEP_ARCHIVE, among others',
  });
}
