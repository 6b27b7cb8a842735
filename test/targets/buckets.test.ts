/** Runs the contract of every target with real object stores: OBS is such a store behind a front that acts like OBS. */
import { describe } from 'node:test';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { OBS_DIALECT } from '../../src/targets/obs/dialect.js';
import { S3_DIALECT } from '../../src/targets/s3/dialect.js';
import { type BucketTargetOptions, bucketTarget } from '../../src/targets/s3/target.js';
import type { BucketServer } from '../support/bucket-server.js';
import { startFront } from '../support/front.js';
import { OBS } from '../support/front-protocols.js';
import { missingRgw, startRgw } from '../support/rgw.js';
import { shared } from '../support/shared.js';
import { missingSwift, startSwift } from '../support/swift.js';
import type { Cleanup } from '../support/temp.js';
import { bucketOptions } from './scripted-server.js';
import { BUCKET_KIND, targetContract } from './target-contract.js';

interface Service {
  readonly server: BucketServer;
  readonly client: S3Client;
  readonly urls: Readonly<Record<'s3' | 'obs', string>>;
}

type StartServer = (t: Cleanup) => Promise<BucketServer>;

async function startService(t: Cleanup, start: StartServer): Promise<Service> {
  const server = await start(t);
  const { accessKeyId, secretAccessKey, url } = server;
  const credentials = { accessKeyId, secretAccessKey };
  const client = new S3Client({ region: 'us-east-1', endpoint: url, credentials, forcePathStyle: true });
  t.after(() => client.destroy());
  return { server, client, urls: { s3: url, obs: (await startFront(t, url, {}, OBS)).url } };
}

function options({ server, urls }: Service, scheme: 's3' | 'obs', bucket: string): BucketTargetOptions {
  const { accessKeyId, secretAccessKey } = server;
  return bucketOptions(urls[scheme], {
    dialect: scheme === 's3' ? S3_DIALECT : OBS_DIALECT,
    bucket,
    key: 'backups/photos.tar',
    url: `${scheme}://${bucket}/backups/photos.tar`,
    region: 'us-east-1',
    credentials: { accessKeyId, secretAccessKey },
    pathStyle: false,
    readTimeoutMs: 10_000,
  });
}

function bucketContracts(name: string, skip: string | false, start: StartServer): void {
  describe(`buckets on ${name}`, { skip }, () => {
    const service = shared((t) => startService(t, start));
    let buckets = 0;
    for (const scheme of ['s3', 'obs'] as const) {
      targetContract(`the ${scheme} target and ${name}`, BUCKET_KIND, async () => {
        buckets += 1;
        await service().client.send(new CreateBucketCommand({ Bucket: `photos-${buckets}` }));
        return {
          target: bucketTarget(options(service(), scheme, `photos-${buckets}`)),
          absent: bucketTarget(options(service(), scheme, 'nowhere')),
        };
      });
    }
  });
}

bucketContracts('Swift', missingSwift(), startSwift);
bucketContracts('Ceph RGW', missingRgw(), startRgw);
