/** One Swift for all tests of a `describe`, with a front before it for each kind of bucket. */
import type { TestContext } from 'node:test';
import { S3Client } from '@aws-sdk/client-s3';
import {
  type BucketHome,
  type BucketService,
  bucketOf,
  openBucketHome,
  REGION,
  type Scheme,
} from './bucket-home.js';
import { type FrontHooks, startFront } from './front.js';
import { OBS, S3 } from './front-protocols.js';
import { shared } from './shared.js';
import { startSwift } from './swift.js';
import type { Cleanup } from './temp.js';

async function startService(t: Cleanup): Promise<BucketService> {
  const hooks = new Map<string, FrontHooks>();
  const swift = await startSwift(t);
  const byBucket: FrontHooks = {
    before: (passing) => hooks.get(bucketOf(passing))?.before?.(passing) ?? 'pass',
    after: (passing, status, headers) =>
      hooks.get(bucketOf(passing))?.after?.(passing, status, headers) ?? 'pass',
  };
  const fronts = {
    s3: await startFront(t, swift.url, byBucket, S3),
    obs: await startFront(t, swift.url, byBucket, OBS),
  };
  const { accessKeyId, secretAccessKey, url: endpoint } = swift;
  const credentials = { accessKeyId, secretAccessKey };
  const client = new S3Client({ region: REGION, endpoint, credentials, forcePathStyle: true });
  t.after(() => client.destroy());
  return { swift, client, fronts, hooks };
}

export interface SharedBuckets {
  /** Opens a home with a bucket of its own. */
  home(t: TestContext, scheme: Scheme): Promise<BucketHome>;
}

/** Starts one Swift for all tests of the `describe` that calls this. */
export function sharedBuckets(): SharedBuckets {
  const service = shared(startService);
  let homes = 0;
  return {
    async home(t, scheme) {
      homes += 1;
      return openBucketHome(t, service(), scheme, `bucket-${homes}`);
    },
  };
}
