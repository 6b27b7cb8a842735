/** Sends Content-MD5 with parts to buckets that require it. */
import { isFailure } from '../../core/failures.js';
import type { PreparedPart } from '../../transfer/ports/source.js';
import type { RequestHeaders } from './request-headers.js';

/**
 * Matches the words of a store that requires the header, for example `Content-MD5 OR x-amz-checksum- HTTP header is
 * required for Put Part requests with Object Lock parameters`. A header that is wrong gets other words (BadDigest,
 * InvalidDigest). Source: s3tools/s3cmd issue 1436; jenkinsci/s3-plugin pull request 123.
 */
const REQUIRED = /(?=.*content-?md5)(?=.*(required|missing))/i;

function isRefusedForMissingMd5(error: unknown): boolean {
  if (!isFailure(error, 'refused') || error.facts.why !== 'rejected') return false;
  const { code = null, message = null } = error.service ?? {};
  return REQUIRED.test(`${code} ${message}`);
}

/**
 * Returns true if the user's headers lock the objects of the run, so that their parts need a checksum or Content-MD5.
 * Source: Amazon S3 user guide, "Object Lock considerations".
 */
export function locksObjects(headers: RequestHeaders): boolean {
  return [...headers.keys()].some((name) => name.startsWith('x-amz-object-lock-'));
}

/**
 * The knowledge about one bucket. A bucket that locks its objects by default says so only when it refuses a part. That
 * part is then sent again with its MD5, and all later parts have theirs. MD5 costs CPU time, and S3 with checksums does
 * not need it, so that the others have none.
 */
export class RequiredMd5 {
  #wasRequired = false;

  /**
   * Returns true if parts are sent with their MD5.
   * @param isKnown true if the parts of this upload certainly need it
   */
  isSent(isKnown: boolean): boolean {
    return isKnown || this.#wasRequired;
  }

  async send<Receipt>(
    part: PreparedPart,
    isKnown: boolean,
    send: (md5: string | null) => Promise<Receipt>,
  ): Promise<Receipt> {
    const withMd5 = this.isSent(isKnown);
    try {
      return await send(withMd5 ? await part.digest('md5') : null);
    } catch (error) {
      if (withMd5 || !isRefusedForMissingMd5(error)) throw error;
      this.#wasRequired = true;
      return await send(await part.digest('md5'));
    }
  }
}
