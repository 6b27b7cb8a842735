/** Objects from beginning to end, by the built program, on Ceph's gateway, which answers in its own way. */
import assert from 'node:assert/strict';
import { chmodSync, readFileSync } from 'node:fs';
import { describe, type TestContext, test } from 'node:test';
import {
  AbortMultipartUploadCommand,
  CreateMultipartUploadCommand,
  HeadObjectCommand,
  PutBucketPolicyCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { assertAuditOfStore } from '../support/audits.js';
import type { BucketHome, Scheme } from '../support/bucket-home.js';
import { sharedBuckets } from '../support/bucket-service.js';
import { seededBytes } from '../support/bytes.js';
import { jsonLines, onlyObject } from '../support/calve.js';
import { assertFailed } from '../support/failed.js';
import { isComplete, isPart } from '../support/requests.js';
import { missingRgw, startRgw } from '../support/rgw.js';

const MIB_BYTES = 1024 * 1024;
/** Three parts of 8 MiB, the last one short. */
const SIZE_BYTES = 16 * MIB_BYTES + 5;
const SMALL_PARTS = ['--part-size', '8M'];

describe('objects on Ceph RGW', { skip: missingRgw(), concurrency: 2 }, () => {
  const buckets = sharedBuckets(startRgw);

  type Check = (home: BucketHome, scheme: Scheme, t: TestContext) => Promise<void>;

  function fact(title: string, check: Check, schemes: readonly Scheme[] = ['s3']): void {
    for (const scheme of schemes) {
      test(`${scheme}: ${title}`, async (t) => check(await buckets.home(t, scheme), scheme, t));
    }
  }

  fact(
    'an upload killed half-way is listed, goes on, reads back, and is not sent again when touched',
    async (home) => {
      const file = home.file('a.tar', SIZE_BYTES);
      const words = ['upload', file, `${home.target}/p/a.tar`, ...SMALL_PARTS, '--json'];
      await home.killAtPart(words, 2);
      const [upload] = jsonLines((await home.run(['list-uploads', home.target, '--json'])).stdout);
      assert.deepEqual([upload?.['key'], upload?.['local']], ['p/a.tar', { file, partsDone: 2, parts: 3 }]);
      const parts = ['list-parts', `${home.target}/p/a.tar`, `--upload-id=${upload?.['uploadId']}`, '--json'];
      assert.deepEqual(
        jsonLines((await home.run(parts)).stdout).map(({ index, start, size }) => [index, start, size]),
        [
          [0, 0, 8 * MIB_BYTES],
          [1, 8 * MIB_BYTES, 8 * MIB_BYTES],
        ],
      );
      const done = onlyObject(await home.run(words));
      assert.deepEqual([done['partsSent'], done['partsReused']], [1, 2]);
      assert.match(String(done['etag']), /^[0-9a-f]{32}-3$/);
      assert.equal(home.passed().filter(isComplete).length, 1, 'an empty ETag is no reason to repeat it');
      assert.deepEqual(await home.readBack('p/a.tar'), readFileSync(file));
      chmodSync(file, 0o400);
      assert.equal(onlyObject(await home.run(words))['skipped'], true);
      assert.deepEqual(await home.openKeys(), []);
    },
  );

  fact(
    'an upload to the bucket in the host name goes on after a kill, with MD5 instead of checksums',
    async (home) => {
      const file = home.file('a.tar', SIZE_BYTES);
      const words = ['upload', file, `${home.target}/p/a.tar`, ...SMALL_PARTS, '--json'];
      await home.killAtPart(words, 2);
      const done = onlyObject(await home.run(words));
      assert.deepEqual([done['partsSent'], done['partsReused']], [1, 2]);
      assert.deepEqual(await home.readBack('p/a.tar'), readFileSync(file));
    },
    ['obs'],
  );

  fact(
    'an audit finds what was deleted, replaced or added among 1,000 objects, and nothing else',
    (home, scheme) => assertAuditOfStore(home, scheme, 1000),
  );

  fact('uploads of a bucket are listed over pages, and aborted with all their parts', async (home) => {
    const file = home.file('a.tar', SIZE_BYTES);
    await home.killAtPart(['upload', file, `${home.target}/a.tar`, ...SMALL_PARTS], 1);
    for (const Key of ['b', 'b', 'c']) await home.createUpload(Key);
    const page = async (...more: string[]) =>
      jsonLines((await home.run(['list-uploads', home.target, '--limit', '2', '--json', ...more])).stdout);
    const [first, second, { marker } = {}] = await page();
    const rest = await page(`--marker=${marker}`);
    assert.deepEqual(
      [first, second, ...rest].map((line) => line?.['key']),
      ['a.tar', 'b', 'b', 'c', undefined],
    );
    const { code, stderr } = await home.run(['abort', home.target, '--all', '--yes']);
    assert.equal(code, 0, stderr);
    assert.doesNotMatch(stderr, /billed/);
    assert.deepEqual(await home.openKeys(), []);
  });

  fact(
    'parts of different sizes, from another program, have no ranges, and are not continued',
    async (home) => {
      const uploadId = await uploadParts(home, [5 * MIB_BYTES, 6 * MIB_BYTES]);
      const url = `${home.target}/a.tar`;
      const listed = await home.run(['list-parts', url, `--upload-id=${uploadId}`, '--json']);
      assert.deepEqual(
        jsonLines(listed.stdout).map(({ index, start, end, size }) => [index, start, end, size]),
        [
          [0, null, null, 5 * MIB_BYTES],
          [1, null, null, 6 * MIB_BYTES],
        ],
      );
      const file = home.file('a.tar', 11 * MIB_BYTES);
      const ended = await home.run(['resume', file, url, `--upload-id=${uploadId}`]);
      assert.match(
        assertFailed(ended, 2),
        /different sizes \(part 1 has 5242880 bytes, part 2 has 6291456 bytes\)/,
      );
      assert.deepEqual(await home.openKeys(), ['a.tar']);
    },
  );

  fact('--no-overwrite keeps an object that was there, or that appears during the upload', async (home) => {
    const file = home.file('a.tar', SIZE_BYTES);
    const words = ['upload', file, `${home.target}/a.tar`, ...SMALL_PARTS, '--no-overwrite'];
    let parts = 0;
    home.hook({
      before: async (passing): Promise<'pass'> => {
        if (isPart(passing) && ++parts === 3) await put(home);
        return 'pass';
      },
    });
    assert.match(assertFailed(await home.run(words), 17), /the object exists already/);
    assert.equal(parts, 3);
    assert.match(assertFailed(await home.run(words), 17), /the object exists already/);
    assert.equal(parts, 3);
    assert.equal((await home.readBack('a.tar')).toString(), 'theirs');
  });

  fact('a versioned bucket keeps both versions, and each is named in the result', async (home) => {
    const { client, bucket: Bucket } = home;
    const VersioningConfiguration = { Status: 'Enabled' } as const;
    await client.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration }));
    const versions: string[] = [];
    for (const seed of [1, 2]) {
      const file = home.file('a.tar', 9 * MIB_BYTES, seed);
      const done = onlyObject(await home.run(['upload', file, `${home.target}/`, '--json']));
      versions.push(String(done['versionId']));
    }
    assert.notEqual(versions[0], versions[1]);
    for (const VersionId of versions) {
      await client.send(new HeadObjectCommand({ Bucket, Key: 'a.tar', VersionId }));
    }
  });

  fact('an upload that is gone at complete ends with 16, and complete is not repeated', async (home) => {
    const statuses: number[] = [];
    const file = home.file('a.tar', 9 * MIB_BYTES);
    home.hook({
      before: async (passing): Promise<'pass'> => {
        if (isComplete(passing)) await abortBehind(home, passing.path);
        return 'pass';
      },
      after: (passing, status) => {
        if (isComplete(passing)) statuses.push(status);
        return 'pass';
      },
    });
    assertFailed(await home.run(['upload', file, `${home.target}/a.tar`, ...SMALL_PARTS]), 16);
    assert.deepEqual(statuses, [500]);
  });

  fact('an object that was replaced right after complete is not taken for the result', async (home) => {
    const file = home.file('a.tar', 9 * MIB_BYTES);
    let completes = 0;
    home.hook({
      before: async (passing): Promise<'pass'> => {
        if (passing.method === 'HEAD' && completes === 1) await put(home);
        return 'pass';
      },
      after: (passing) => (isComplete(passing) && ++completes === 1 ? 'cut' : 'pass'),
    });
    const words = ['upload', file, `${home.target}/a.tar`, ...SMALL_PARTS, '--max-attempts', '2'];
    assertFailed(await home.run(words), 3);
    assert.equal(completes, 2);
    assert.equal((await home.readBack('a.tar')).toString(), 'theirs');
  });

  fact('a refusal to create an upload names the options that this store does not know', async (home) => {
    const line = ['upload', home.file('a', 5), `${home.target}/a`];
    const ended = await home.run([...line, '--storage-class', 'STANDARD_IA']);
    const said = assertFailed(ended, 12);
    assert.match(said, /InvalidArgument/);
    assert.doesNotMatch(said, /UnknownError/);
    assert.match(ended.stderr, /^hint: .*--storage-class/m);
  });

  fact('tags, which this store drops from an upload in parts, are reported as missing', async (home) => {
    const tagging = ['--tagging', 'kind=backup', ...SMALL_PARTS];
    const parts = ['upload', home.file('a', SIZE_BYTES), `${home.target}/a`, ...tagging];
    const { code, stderr } = await home.run(parts);
    assert.equal(code, 0, stderr);
    assert.match(stderr, /the store has not set the tags of --tagging/);
    const single = await home.run(['upload', home.file('b', 5), `${home.target}/b`, ...tagging]);
    assert.doesNotMatch(single.stderr, /tags/, 'it keeps those of an object that one request makes');
  });

  fact(
    'a wrong secret and a refused list are reported by their codes, with the action to allow',
    async (home) => {
      const list = ['list-uploads', home.target];
      const said = assertFailed(await home.run(list, { AWS_SECRET_ACCESS_KEY: 'wrong' }), 12);
      assert.match(said, /does not accept these credentials: SignatureDoesNotMatch/);
      const Policy = denial(home.bucket, 's3:ListBucketMultipartUploads');
      await home.client.send(new PutBucketPolicyCommand({ Bucket: home.bucket, Policy }));
      const refused = await home.run(list);
      assert.match(assertFailed(refused, 12), /these credentials do not permit this: AccessDenied/);
      assert.match(refused.stderr, /^hint: .*\(s3:ListBucketMultipartUploads\)$/m);
      assert.doesNotMatch(refused.stderr, /vault|UnknownError/);
    },
  );

  fact('a used-up quota is reported as a store without room', async (home) => {
    const quota = ['quota', 'set', '--quota-scope=bucket', `--bucket=${home.bucket}`, '--max-size=1M'];
    await buckets.server().admin(...quota);
    await buckets.server().admin('quota', 'enable', '--quota-scope=bucket', `--bucket=${home.bucket}`);
    const ended = await home.run(['upload', home.file('a', 2 * MIB_BYTES), `${home.target}/a`]);
    assert.match(assertFailed(ended, 12), /a quota is used up.*QuotaExceeded/);
    assert.doesNotMatch(ended.stderr, /policy/);
  });
});

function put({ client, bucket: Bucket }: BucketHome): Promise<unknown> {
  return client.send(new PutObjectCommand({ Bucket, Key: 'a.tar', Body: 'theirs' }));
}

/** Aborts the upload that a request names, with another client. A repeat finds none. */
async function abortBehind({ client, bucket: Bucket }: BucketHome, path: string): Promise<void> {
  const UploadId = new URL(path, 'http://localhost').searchParams.get('uploadId') ?? '';
  await client.send(new AbortMultipartUploadCommand({ Bucket, Key: 'a.tar', UploadId })).catch(() => {});
}

/** Sends parts with another client. @returns the id of the upload */
async function uploadParts(
  { client, bucket: Bucket }: BucketHome,
  sizes: readonly number[],
): Promise<string> {
  const { UploadId = '' } = await client.send(new CreateMultipartUploadCommand({ Bucket, Key: 'a.tar' }));
  for (const [index, sizeBytes] of sizes.entries()) {
    const PartNumber = index + 1;
    const part = { Bucket, Key: 'a.tar', UploadId, PartNumber, Body: seededBytes(sizeBytes, PartNumber) };
    await client.send(new UploadPartCommand(part));
  }
  return UploadId;
}

function denial(bucket: string, action: string): string {
  const Resource = [`arn:aws:s3:::${bucket}`, `arn:aws:s3:::${bucket}/*`];
  const statement = { Effect: 'Deny', Principal: '*', Action: action, Resource };
  return JSON.stringify({ Version: '2012-10-17', Statement: [statement] });
}
