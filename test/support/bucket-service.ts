/** One object store for all tests of a `describe`, with a front before it for each kind of bucket. */
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
import type { BucketServer } from './bucket-server.js';
import { type FrontHooks, startFront } from './front.js';
import { OBS, S3 } from './front-protocols.js';
import { shared } from './shared.js';
import type { Cleanup } from './temp.js';

type Start<S extends BucketServer> = (t: Cleanup) => Promise<S>;

interface Service<S extends BucketServer> extends BucketService {
  readonly server: S;
}

async function startService<S extends BucketServer>(t: Cleanup, start: Start<S>): Promise<Service<S>> {
  const hooks = new Map<string, FrontHooks>();
  const server = await start(t);
  const byBucket: FrontHooks = {
    before: (passing) => hooks.get(bucketOf(passing))?.before?.(passing) ?? 'pass',
    after: (passing, status, headers) =>
      hooks.get(bucketOf(passing))?.after?.(passing, status, headers) ?? 'pass',
  };
  const fronts = {
    s3: await startFront(t, server.url, byBucket, S3),
    obs: await startFront(t, server.url, byBucket, OBS),
  };
  const { accessKeyId, secretAccessKey, url: endpoint } = server;
  const credentials = { accessKeyId, secretAccessKey };
  const client = new S3Client({ region: REGION, endpoint, credentials, forcePathStyle: true });
  t.after(() => client.destroy());
  return { server, client, fronts, hooks };
}

export interface SharedBuckets<S extends BucketServer> {
  /** Returns the store itself, in a test. */
  server(): S;
  /** Opens a home with a bucket of its own. */
  home(t: TestContext, scheme: Scheme): Promise<BucketHome>;
}

/** Starts one store, Swift for example, for all tests of the `describe` that calls this. */
export function sharedBuckets<S extends BucketServer>(start: Start<S>): SharedBuckets<S> {
  const service = shared((t) => startService(t, start));
  let homes = 0;
  return {
    server: () => service().server,
    async home(t, scheme) {
      homes += 1;
      return openBucketHome(t, service(), scheme, `bucket-${homes}`);
    },
  };
}
