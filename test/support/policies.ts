/** The policies in `examples/iam`, as a service applies them: each request needs an action on a resource. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Passing } from './requests.js';
import type { StoreOperation } from './small-store.js';

const ROOT = join(import.meta.dirname, '../../..');

interface Policy {
  readonly Version: string;
  readonly Statement: readonly {
    readonly Effect: string;
    readonly Action: readonly string[];
    readonly Resource: string | readonly string[];
  }[];
}

/** What a request needs. */
export interface Need {
  readonly action: string;
  readonly resource: string;
}

/** Applies a policy, and records what was needed. */
export interface PolicyGuard {
  readonly policy: Policy;
  /** The actions that requests needed so far. */
  readonly used: Set<string>;
  /** An action that is taken out of the policy. */
  without: string | null;
  /** The number of statements that apply, from the first. */
  statements: number;
  allows(need: Need): boolean;
}

function matches(pattern: string, text: string): boolean {
  const escaped = pattern.replaceAll(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*');
  return new RegExp(`^${escaped}$`).test(text);
}

/** @param service the name of the file in `examples/iam` */
export function policyGuard(service: 'vault' | 's3' | 'obs'): PolicyGuard {
  const policy = JSON.parse(readFileSync(join(ROOT, `examples/iam/${service}.json`), 'utf8')) as Policy;
  const guard: PolicyGuard = {
    policy,
    used: new Set(),
    without: null,
    statements: policy.Statement.length,
    allows({ action, resource }) {
      guard.used.add(action);
      if (action === guard.without) return false;
      return policy.Statement.slice(0, guard.statements).some(
        ({ Effect, Action, Resource }) =>
          Effect === 'Allow' &&
          Action.some((pattern) => matches(pattern, action)) &&
          [Resource].flat().some((pattern) => matches(pattern, resource)),
      );
    },
  };
  return guard;
}

/** Source: Amazon Glacier developer guide, "Glacier API permissions": the actions have the names of the operations. */
export function vaultNeed({ method, path }: Passing): Need {
  const [, vault = '', rest = ''] = /\/vaults\/([^/?]+)([^?]*)/.exec(path) ?? [];
  const kind = rest.replace(/^(\/[a-z-]+)\/[^/]+/, '$1/ID');
  const names: Record<string, string> = {
    'GET ': 'DescribeVault',
    'POST /multipart-uploads': 'InitiateMultipartUpload',
    'GET /multipart-uploads': 'ListMultipartUploads',
    'PUT /multipart-uploads/ID': 'UploadMultipartPart',
    'GET /multipart-uploads/ID': 'ListParts',
    'POST /multipart-uploads/ID': 'CompleteMultipartUpload',
    'DELETE /multipart-uploads/ID': 'AbortMultipartUpload',
    'POST /jobs': 'InitiateJob',
    'GET /jobs': 'ListJobs',
    'GET /jobs/ID': 'DescribeJob',
    'GET /jobs/ID/output': 'GetJobOutput',
  };
  const name = names[`${method} ${kind}`] ?? `unknown: ${method} ${path}`;
  return { action: `glacier:${name}`, resource: `arn:aws:glacier:eu-west-1:111122223333:vaults/${vault}` };
}

/** The actions of each operation: that of AWS, and that of the IAM of Huawei Cloud. */
const BUCKET_ACTIONS: Readonly<Record<StoreOperation, readonly [s3: string, obs: string]>> = {
  HeadBucket: ['s3:ListBucket', 'obs:bucket:HeadBucket'],
  ListObjects: ['s3:ListBucket', 'obs:bucket:ListBucket'],
  ListMultipartUploads: ['s3:ListBucketMultipartUploads', 'obs:bucket:ListBucketMultipartUploads'],
  HeadObject: ['s3:GetObject', 'obs:object:GetObject'],
  GetObjectTagging: ['s3:GetObjectTagging', 'obs:object:GetObjectTagging'],
  CreateMultipartUpload: ['s3:PutObject', 'obs:object:PutObject'],
  UploadPart: ['s3:PutObject', 'obs:object:PutObject'],
  PutObject: ['s3:PutObject', 'obs:object:PutObject'],
  CompleteMultipartUpload: ['s3:PutObject', 'obs:object:PutObject'],
  ListParts: ['s3:ListMultipartUploadParts', 'obs:object:ListMultipartUploadParts'],
  AbortMultipartUpload: ['s3:AbortMultipartUpload', 'obs:object:AbortMultipartUpload'],
};

/**
 * Source: Amazon S3 user guide, "Required permissions for Amazon S3 API operations"; Huawei OBS API reference,
 * "Permissions and Supported Actions".
 * @param key '' for an operation of the bucket
 */
export function bucketNeed(scheme: 's3' | 'obs', operation: StoreOperation, key: string): Need {
  const [s3, obs] = BUCKET_ACTIONS[operation];
  const isOfBucket = key === '';
  const path = isOfBucket ? 'photos' : `photos/${key}`;
  return scheme === 's3'
    ? { action: s3, resource: `arn:aws:s3:::${path}` }
    : { action: obs, resource: `OBS:*:*:${isOfBucket ? 'bucket' : 'object'}:${path}` };
}
