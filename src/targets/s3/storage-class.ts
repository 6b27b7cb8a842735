/** Checks the names of S3's storage classes. */
import { TransferError } from '../../core/failures.js';

/** Source: Amazon S3 API Reference, CreateMultipartUpload (x-amz-storage-class). */
const KNOWN_CLASSES = [
  ...['STANDARD', 'REDUCED_REDUNDANCY', 'STANDARD_IA', 'ONEZONE_IA', 'INTELLIGENT_TIERING', 'GLACIER'],
  ...['DEEP_ARCHIVE', 'OUTPOSTS', 'GLACIER_IR', 'SNOW', 'EXPRESS_ONEZONE'],
];

/** Returns the letters and digits of a name, so that names can be compared that differ in case or separators only. */
function lettersOf(name: string): string {
  return name.toUpperCase().replaceAll(/[^A-Z0-9]/g, '');
}

/**
 * Accepts any other name in capitals, because compatible stores have classes of their own, and S3 refuses an unknown class
 * before the first part. A name that is a known one but for case and separators is a mistake.
 * @throws TransferError `usage`
 */
export function checkS3Class(given: string): string {
  const meant = KNOWN_CLASSES.find((known) => lettersOf(known) === lettersOf(given)) ?? given;
  if (meant === given && /^[A-Z][A-Z0-9_-]{0,63}$/.test(given)) return given;
  throw new TransferError('usage', {
    what: `--storage-class ${given}`,
    why: meant === given ? 'storage classes are written in capitals' : `the name of this class is ${meant}`,
    hint: 'S3 has STANDARD, STANDARD_IA, GLACIER_IR, GLACIER and DEEP_ARCHIVE, among others',
  });
}
