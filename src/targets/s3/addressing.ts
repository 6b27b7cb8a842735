/** Whether a bucket goes into the path of a request, or into its host's name. */

/**
 * AWS's own hosts; and of other services those that refuse a bucket in the path.
 * Source: Amazon S3 user guide, "Virtual hosting of general purpose buckets"; the vendors' pages on S3's protocol
 * (Alibaba OSS, Huawei OBS, Tencent COS, Volcengine TOS).
 */
const TAKES_HOST_STYLE =
  /(^|\.)(amazonaws\.com|amazonaws\.com\.cn|api\.aws|aliyuncs\.com|myhuaweicloud\.(com|eu)|myqcloud\.com|volces\.com)$/;

/**
 * A private store seldom has a name, and a certificate, for each bucket, and every store of that kind takes it in the
 * path: so do aws s3, rclone and restic where an endpoint is given.
 * @param endpoint null: the service's own
 */
export function isPathStyle(endpoint: string | null): boolean {
  return endpoint !== null && !TAKES_HOST_STYLE.test(new URL(endpoint).hostname);
}
