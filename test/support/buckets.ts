/**
 * One Swift for a whole file of tests, with a front of S3's and one of OBS's manners, and for each test a bucket, a
 * home and a folder of its own.
 */
import { execFile } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { after, before, type TestContext } from 'node:test';
import { promisify } from 'node:util';
import {
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  ListMultipartUploadsCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import {
  type BucketFront,
  type BucketHooks,
  type BucketPassing,
  isPart,
  startBucketFront,
} from './bucket-front.js';
import { writeSeededFile } from './bytes.js';
import { cleanEnv, type Ended, type Running, runCalve, startCalve } from './calve.js';
import { type Swift, startSwift } from './swift.js';
import { type Cleanup, tempFolder } from './temp.js';

const execute = promisify(execFile);
const REGION = 'us-east-1';

export type Scheme = 's3' | 'obs';
type Env = Readonly<Record<string, string>>;

export interface BucketHome {
  readonly folder: string;
  readonly bucket: string;
  /** `s3://BUCKET` */
  readonly target: string;
  readonly env: Record<string, string>;
  readonly client: S3Client;
  run(words: readonly string[], more?: Env): Promise<Ended>;
  start(words: readonly string[], more?: Env): Running;
  /** Writes a file of seeded bytes. @returns its absolute path */
  file(name: string, sizeBytes: number, seed?: number): string;
  /** What is done with this bucket's requests from now on. */
  hook(hooks: BucketHooks): void;
  /** This bucket's requests so far. */
  passed(): readonly BucketPassing[];
  /** Begins an upload with another client. */
  createUpload(key: string): Promise<void>;
  /** Keys of the uploads in progress on the service. */
  openKeys(): Promise<string[]>;
  /** Runs calve with one lane until it would send one part more, and kills it then. */
  killAtPart(words: readonly string[], partsDone: number): Promise<void>;
  /** An object, by the AWS CLI. @returns the path of the file that it is in now */
  download(key: string): Promise<string>;
  /** An object's bytes, by the SDK, which starts no program. */
  readBack(key: string): Promise<Buffer>;
  /** How much the store holds on its disk, of whatever objects and parts. */
  storedBytes(): number;
}

export interface SharedBuckets {
  home(t: TestContext, scheme: Scheme): Promise<BucketHome>;
}

/** To be called in a `describe`, whose tests share it. */
export function sharedBuckets(): SharedBuckets {
  let swift: Swift;
  let client: S3Client;
  const fronts = new Map<Scheme, BucketFront>();
  const hooks = new Map<string, BucketHooks>();
  const cleanups: (() => unknown)[] = [];
  let homes = 0;

  before(async () => {
    const cleanup: Cleanup = { after: (work) => void cleanups.unshift(work as () => unknown) };
    swift = await startSwift(cleanup);
    for (const scheme of ['s3', 'obs'] as const) {
      const front = await startBucketFront(cleanup, swift.url, scheme, {
        instead: (passing, response) => hooks.get(bucketOf(passing))?.instead?.(passing, response) ?? false,
        after: (passing, status) => hooks.get(bucketOf(passing))?.after?.(passing, status) ?? 'pass',
      });
      fronts.set(scheme, front);
    }
    const { accessKeyId, secretAccessKey, url: endpoint } = swift;
    const credentials = { accessKeyId, secretAccessKey };
    client = new S3Client({ region: REGION, endpoint, credentials, forcePathStyle: true });
    cleanups.unshift(() => client.destroy());
  });
  after(async () => {
    for (const work of cleanups) await work();
  });

  return {
    async home(t, scheme) {
      homes += 1;
      const bucket = `bucket-${homes}`;
      await client.send(new CreateBucketCommand({ Bucket: bucket }));
      const front = fronts.get(scheme) as BucketFront;
      return openHome(t, { scheme, bucket, swift, client, front, hooks });
    },
  };
}

/** The bucket in the host's name, or in the path. */
function bucketOf({ path, headers }: BucketPassing): string {
  const inHost = /^([^.]+)\.localhost/.exec(String(headers['host'] ?? ''))?.[1];
  return inHost ?? path.split(/[/?]/)[1] ?? '';
}

interface Place {
  readonly scheme: Scheme;
  readonly bucket: string;
  readonly swift: Swift;
  readonly client: S3Client;
  readonly front: BucketFront;
  readonly hooks: Map<string, BucketHooks>;
}

function credentialsOf(scheme: Scheme, { accessKeyId, secretAccessKey }: Swift, url: string): Env {
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

function openHome(t: TestContext, place: Place): BucketHome {
  const { scheme, bucket, swift, client, front, hooks } = place;
  const folder = tempFolder(t);
  mkdirSync(join(folder, 'home'));
  const env = cleanEnv(join(folder, 'home'), {
    ...credentialsOf(scheme, swift, front.url),
    CALVE_RETRY_DELAY: '10ms',
  });
  const home: BucketHome = {
    folder,
    bucket,
    target: `${scheme}://${bucket}`,
    env,
    client,
    run: (words, more = {}) => runCalve(words, { env: { ...env, ...more }, cwd: folder }),
    start(words, more = {}) {
      const running = startCalve(words, { env: { ...env, ...more }, cwd: folder });
      // A test that fails half-way must not leave one behind.
      t.after(() => running.child.kill('SIGKILL'));
      return running;
    },
    file(name, sizeBytes, seed = 1) {
      const path = join(folder, name);
      writeSeededFile(path, sizeBytes, seed);
      return path;
    },
    hook: (wanted) => void hooks.set(bucket, wanted),
    passed: () => front.passed.filter((passing) => bucketOf(passing) === bucket),
    async createUpload(Key) {
      await client.send(new CreateMultipartUploadCommand({ Bucket: bucket, Key }));
    },
    async openKeys() {
      const { Uploads = [] } = await client.send(new ListMultipartUploadsCommand({ Bucket: bucket }));
      return Uploads.map(({ Key = '' }) => Key);
    },
    killAtPart: (words, partsDone) => killAtPart(home, words, partsDone),
    async download(key) {
      const path = join(folder, 'read-back');
      const words = ['s3', 'cp', `s3://${bucket}/${key}`, path, '--quiet', `--endpoint-url=${swift.url}`];
      await execute('aws', words, { env: cliEnv(swift, folder), timeout: 120_000 });
      return path;
    },
    async readBack(Key) {
      const { Body } = await client.send(new GetObjectCommand({ Bucket: bucket, Key }));
      return Buffer.from((await Body?.transformToByteArray()) ?? []);
    },
    storedBytes: () => swift.storedBytes(),
  };
  return home;
}

/** Nothing of the person's own: no profile, no region, no credentials but the store's. */
function cliEnv({ accessKeyId, secretAccessKey }: Swift, home: string): Record<string, string> {
  const { PATH = '', PYENV_ROOT } = process.env;
  return {
    PATH,
    HOME: home,
    ...(PYENV_ROOT === undefined ? {} : { PYENV_ROOT }),
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    AWS_DEFAULT_REGION: REGION,
    AWS_CONFIG_FILE: join(home, 'none'),
    AWS_SHARED_CREDENTIALS_FILE: join(home, 'none'),
    AWS_EC2_METADATA_DISABLED: 'true',
  };
}

async function killAtPart(home: BucketHome, words: readonly string[], partsDone: number): Promise<void> {
  let parts = 0;
  home.hook({
    instead: (passing) => {
      if (!isPart(passing) || ++parts <= partsDone) return false;
      running.child.kill('SIGKILL');
      return true;
    },
  });
  const running = home.start([...words, '--concurrency', '1']);
  const { signal, stderr } = await running.ended;
  home.hook({});
  if (signal !== 'SIGKILL') throw new Error(`calve ended by itself: ${stderr}`);
}
