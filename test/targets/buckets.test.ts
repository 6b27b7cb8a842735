/** Runs the contract of every target with a real object store: S3 is Swift, OBS is Swift behind a front that acts like OBS. */
import { after, before, describe } from 'node:test';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { OBS_DIALECT } from '../../src/targets/obs/dialect.js';
import { S3_DIALECT } from '../../src/targets/s3/dialect.js';
import { type BucketTargetOptions, bucketTarget } from '../../src/targets/s3/target.js';
import { type Front, startFront } from '../support/front.js';
import { OBS } from '../support/front-protocols.js';
import { missingSwift, type Swift, startSwift } from '../support/swift.js';
import type { Cleanup } from '../support/temp.js';
import { BUCKET_KIND, targetContract } from './target-contract.js';

describe('buckets on Swift', { skip: missingSwift() }, () => {
  const cleanups: (() => unknown)[] = [];
  const cleanup: Cleanup = { after: (work) => void cleanups.unshift(work as () => unknown) };
  let swift: Swift;
  let client: S3Client;
  let front: Front;
  let buckets = 0;

  before(async () => {
    swift = await startSwift(cleanup);
    const { accessKeyId, secretAccessKey, url: endpoint } = swift;
    const credentials = { accessKeyId, secretAccessKey };
    client = new S3Client({ region: 'us-east-1', endpoint, credentials, forcePathStyle: true });
    cleanups.unshift(() => client.destroy());
    front = await startFront(cleanup, endpoint, {}, OBS);
  });
  after(async () => {
    for (const work of cleanups) await work();
  });

  function options(scheme: 's3' | 'obs', bucket: string): BucketTargetOptions {
    const { accessKeyId, secretAccessKey } = swift;
    const endpoint = scheme === 's3' ? swift.url : front.url;
    return {
      dialect: scheme === 's3' ? S3_DIALECT : OBS_DIALECT,
      bucket,
      key: 'backups/photos.tar',
      url: `${scheme}://${bucket}/backups/photos.tar`,
      region: 'us-east-1',
      endpoint,
      endpointForState: endpoint,
      credentials: { accessKeyId, secretAccessKey },
      profile: null,
      pathStyle: false,
      object: { sse: null, sseKmsKeyId: null, tagging: null },
      requestHeaders: new Map(),
      connectTimeoutMs: 20_000,
      readTimeoutMs: 10_000,
      concurrency: 4,
      proxies: () => null,
      trust: { verify: true, authorities: null },
      env: {},
    };
  }

  for (const scheme of ['s3', 'obs'] as const) {
    targetContract(`the ${scheme} target and Swift`, BUCKET_KIND, async () => {
      buckets += 1;
      await client.send(new CreateBucketCommand({ Bucket: `photos-${buckets}` }));
      return {
        target: bucketTarget(options(scheme, `photos-${buckets}`)),
        absent: bucketTarget(options(scheme, 'nowhere')),
      };
    });
  }
});
