import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TransferError } from '../../../src/core/failures.js';
import { describeFailure } from '../../../src/ui/wording/failures.js';

const ENV = { stateDirectory: null, stateDirectoryGiven: false, isTerminal: true };

/** Returns the hint after a service has denied an operation. */
function hintFor(target: string, operation: string, options: readonly string[] = []): string {
  const error = new TransferError('refused', { why: 'denied', operation, detail: null });
  error.context = { target, ...(options.length > 0 && { options }) };
  return describeFailure(error, ENV).hint ?? '';
}

test('a denied operation of a vault names the action of the same name', () => {
  for (const operation of ['InitiateMultipartUpload', 'CompleteMultipartUpload', 'ListJobs', 'DescribeJob']) {
    assert.ok(hintFor('glacier://photos', operation).endsWith(`the vault (glacier:${operation})`));
  }
});

test('a denied operation of a bucket names the action of S3 or of OBS', () => {
  assert.ok(hintFor('s3://photos/a', 'HeadBucket').endsWith('the bucket (s3:ListBucket)'));
  assert.ok(hintFor('obs://photos/a', 'HeadBucket').endsWith('the bucket (obs:bucket:HeadBucket)'));
  assert.ok(hintFor('s3://photos/a', 'UploadPart').endsWith('the bucket (s3:PutObject)'));
  assert.ok(hintFor('obs://photos/a', 'UploadPart').endsWith('the bucket (obs:object:PutObject)'));
  assert.ok(hintFor('s3://photos/a', 'Unknown').endsWith('of the bucket'));
});

test('options that need actions of their own are named with these', () => {
  const options = ['--storage-class', '--sse-kms-key-id', '--tagging'];
  assert.ok(
    hintFor('s3://photos/a', 'PutObject', options).endsWith(
      'the request had --storage-class, --sse-kms-key-id (kms:GenerateDataKey and kms:Decrypt of the key), --tagging (s3:PutObjectTagging): the service may refuse that, so try it without',
    ),
  );
  assert.match(
    hintFor('obs://photos/a', 'PutObject', options),
    /had --storage-class, --sse-kms-key-id, --tagging:/,
  );
});
