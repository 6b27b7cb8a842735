/** Chooses the place of the bucket in a request: the path or the host name. */

/**
 * Matches AWS's own hosts, and those of other services that refuse a bucket in the path.
 * Source: Amazon S3 user guide, "Virtual hosting of general purpose buckets"; the vendors' pages on S3's protocol
 * (Alibaba OSS, Huawei OBS, Tencent COS, Volcengine TOS).
 */
const NEEDS_HOST_STYLE =
  /(^|\.)(amazonaws\.com|amazonaws\.com\.cn|api\.aws|aliyuncs\.com|myhuaweicloud\.(com|eu)|myqcloud\.com|volces\.com)$/;

/**
 * Returns true if the bucket goes into the path. A private store rarely has a name and a certificate for each bucket, and
 * every store of that kind accepts the path: aws s3, rclone and restic use it for a given endpoint, too.
 * @param endpoint null: the service's own
 */
export function isPathStyle(endpoint: string | null): boolean {
  return endpoint !== null && !NEEDS_HOST_STYLE.test(new URL(endpoint).hostname);
}
