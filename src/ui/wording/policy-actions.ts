/** The actions of a policy, which a refusal names so that the reader can add them. */
import type { Scheme } from '../../core/target-url.js';

/**
 * The actions that allow an operation of S3, for objects and for buckets.
 * Source: Amazon S3 user guide, "Required permissions for Amazon S3 API operations".
 */
const S3_ACTIONS: ReadonlyMap<string, string> = new Map(
  Object.entries({
    HeadBucket: 's3:ListBucket',
    ListObjects: 's3:ListBucket',
    HeadObject: 's3:GetObject',
    GetObjectTagging: 's3:GetObjectTagging',
    CreateMultipartUpload: 's3:PutObject',
    UploadPart: 's3:PutObject',
    PutObject: 's3:PutObject',
    CompleteMultipartUpload: 's3:PutObject',
    ListParts: 's3:ListMultipartUploadParts',
    ListMultipartUploads: 's3:ListBucketMultipartUploads',
    AbortMultipartUpload: 's3:AbortMultipartUpload',
  }),
);

/**
 * The same for OBS, as its IAM names them; in a policy of a bucket they have no prefix.
 * Source: Huawei OBS API reference, "Permissions and Supported Actions".
 */
const OBS_ACTIONS: ReadonlyMap<string, string> = new Map(
  Object.entries({
    HeadBucket: 'obs:bucket:HeadBucket',
    ListObjects: 'obs:bucket:ListBucket',
    HeadObject: 'obs:object:GetObject',
    CreateMultipartUpload: 'obs:object:PutObject',
    UploadPart: 'obs:object:PutObject',
    PutObject: 'obs:object:PutObject',
    CompleteMultipartUpload: 'obs:object:PutObject',
    ListParts: 'obs:object:ListMultipartUploadParts',
    ListMultipartUploads: 'obs:bucket:ListBucketMultipartUploads',
    AbortMultipartUpload: 'obs:object:AbortMultipartUpload',
  }),
);

/**
 * The actions that an option needs in addition, when an object is created.
 * Source: Amazon S3 user guide, "Required permissions for Amazon S3 API operations" and "Multipart upload API and
 * permissions" (the key service).
 */
const OPTION_ACTIONS: ReadonlyMap<string, string> = new Map([
  ['--tagging', 's3:PutObjectTagging'],
  ['--sse-kms-key-id', 'kms:GenerateDataKey and kms:Decrypt of the key'],
]);

/**
 * Returns the action that allows an operation; null if it is not known.
 * @param operation the service's name of it. The actions of vaults have the names of their operations
 */
export function actionOf(scheme: Scheme | null, operation: string): string | null {
  if (scheme === 's3') return S3_ACTIONS.get(operation) ?? null;
  if (scheme === 'obs') return OBS_ACTIONS.get(operation) ?? null;
  return /^[A-Z][A-Za-z]+$/.test(operation) ? `glacier:${operation}` : null;
}

/** Returns an option, with the action in brackets that it needs in addition. */
export function withAction(scheme: Scheme | null, option: string): string {
  const action = scheme === 's3' ? OPTION_ACTIONS.get(option) : undefined;
  return action === undefined ? option : `${option} (${action})`;
}
