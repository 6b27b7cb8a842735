/** A home whose program sends to a bucket of its own. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import {
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  ListMultipartUploadsCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { awsEnv } from './aws-tools.js';
import type { BucketServer } from './bucket-server.js';
import type { Front, FrontHooks } from './front.js';
import { type Env, type Home, openHome } from './home.js';
import { killAtPart } from './kill-at-part.js';
import { headerOf, type Passing } from './requests.js';
import type { Cleanup } from './temp.js';

export const REGION = 'us-east-1';

export type Scheme = 's3' | 'obs';

export interface BucketService {
  readonly server: BucketServer;
  readonly client: S3Client;
  readonly fronts: Readonly<Record<Scheme, Front>>;
  /** The hooks of each bucket. */
  readonly hooks: Map<string, FrontHooks>;
}

/** Returns the bucket that a request addresses, in the host's name or in the path. */
export function bucketOf(passing: Passing): string {
  const inHost = /^([^.]+)\.localhost/.exec(headerOf(passing, 'host') ?? '')?.[1];
  return inHost ?? passing.path.split(/[/?]/)[1] ?? '';
}

export interface BucketHome extends Home {
  readonly bucket: string;
  /** `s3://BUCKET` */
  readonly target: string;
  readonly client: S3Client;
  /** Sets what is done with this bucket's requests from now on. */
  hook(hooks: FrontHooks): void;
  /** Returns this bucket's requests so far. */
  passed(): readonly Passing[];
  /** Creates an upload with another client. */
  createUpload(key: string): Promise<void>;
  /** Returns the keys of the uploads in progress on the service. */
  openKeys(): Promise<string[]>;
  /** Runs the program with one lane, and kills it when it would send one part more. */
  killAtPart(words: readonly string[], partsDone: number, input?: Buffer): Promise<void>;
  /** Reads an object with the AWS CLI. @returns the path of the file that has its bytes */
  download(key: string): Promise<string>;
  /** Returns an object's bytes, read with the SDK, which starts no program. */
  readBack(key: string): Promise<Buffer>;
}

/** Creates the bucket. */
export async function openBucketHome(
  t: Cleanup,
  service: BucketService,
  scheme: Scheme,
  bucket: string,
): Promise<BucketHome> {
  const { server, client, fronts, hooks } = service;
  await client.send(new CreateBucketCommand({ Bucket: bucket }));
  const home = openHome(t, serviceEnv(service, scheme));
  const hook: BucketHome['hook'] = (wanted) => void hooks.set(bucket, wanted);
  return {
    ...home,
    bucket,
    target: `${scheme}://${bucket}`,
    client,
    hook,
    passed: () => fronts[scheme].passed.filter((passing) => bucketOf(passing) === bucket),
    async createUpload(Key) {
      await client.send(new CreateMultipartUploadCommand({ Bucket: bucket, Key }));
    },
    async openKeys() {
      const { Uploads = [] } = await client.send(new ListMultipartUploadsCommand({ Bucket: bucket }));
      return Uploads.map(({ Key = '' }) => Key);
    },
    killAtPart: (...run) => killAtPart({ ...home, hook }, ...run),
    async download(key) {
      const path = join(home.folder, 'read-back');
      const words = ['s3', 'cp', `s3://${bucket}/${key}`, path, '--quiet', `--endpoint-url=${server.url}`];
      const { accessKeyId, secretAccessKey } = server;
      const own = { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey };
      const env = { ...awsEnv(home.folder), ...own, AWS_DEFAULT_REGION: REGION };
      await promisify(execFile)('aws', words, { env, timeout: 120_000 });
      return path;
    },
    async readBack(Key) {
      const { Body } = await client.send(new GetObjectCommand({ Bucket: bucket, Key }));
      return Buffer.from((await Body?.transformToByteArray()) ?? []);
    },
  };
}

function serviceEnv({ server, fronts }: BucketService, scheme: Scheme): Env {
  const { accessKeyId, secretAccessKey } = server;
  const { url } = fronts[scheme];
  return scheme === 's3'
    ? {
        AWS_ACCESS_KEY_ID: accessKeyId,
        AWS_SECRET_ACCESS_KEY: secretAccessKey,
        AWS_REGION: REGION,
        AWS_ENDPOINT_URL_S3: url,
      }
    : {
        OBS_ACCESS_KEY_ID: accessKeyId,
        OBS_SECRET_ACCESS_KEY: secretAccessKey,
        CALVE_REGION: REGION,
        CALVE_ENDPOINT_URL: url,
      };
}
