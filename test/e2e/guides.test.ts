/** Every command of docs/restore.md, docs/moving.md and docs/costs.md runs, in its order, with the AWS CLI. */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { crc32 } from 'node:zlib';
import { GetBucketLifecycleConfigurationCommand } from '@aws-sdk/client-s3';
import { missingTool } from '../support/aws-tools.js';
import { sharedBuckets } from '../support/bucket-service.js';
import { startColdStore } from '../support/cold-store.js';
import { type GuideRun, runGuide, shellParts } from '../support/guide.js';
import { missingPrograms } from '../support/programs.js';
import { missingRgw, startRgw } from '../support/rgw.js';
import { missingSwift, startSwift } from '../support/swift.js';
import type { VaultHome } from '../support/vault-home.js';
import { openVault, TARGET } from '../support/vault-service.js';

const MIB_BYTES = 1024 ** 2;
const noTools = (await missingTool('aws')) || missingPrograms(['jq'], 'jq');
const noSwift = noTools || missingSwift();

const DOCUMENTS = ['docs/restore.md', 'docs/moving.md', 'docs/costs.md'];
/** The parts that the tests of this file have run, or skipped visibly. */
const used = new Set<string>();

/** Returns the commands of a part of a document. */
function part(document: string, heading: string): string {
  const script = shellParts(document).get(heading);
  if (script === undefined) throw new Error(`${document} has no commands below ${heading}`);
  used.add(`${document} ${heading}`);
  return script;
}

function vaultRun(home: VaultHome): GuideRun {
  const { AWS_ENDPOINT_URL_GLACIER: glacier = '' } = home.env;
  return { endpoints: { glacier }, env: { AWS_DEFAULT_REGION: 'eu-west-1' } };
}

/** Jobs take an hour, which is over as soon as a client asks for the second time. */
async function openSlowVault(t: TestContext): Promise<VaultHome> {
  const home = await openVault(t, { jobDelayMs: 3_600_000 });
  let looks = 0;
  home.hook({
    before({ method, path }) {
      if (method !== 'GET' || !/\/jobs\/[^/]+$/.test(path)) return 'pass';
      looks += 1;
      if (looks % 2 === 0) home.finishJobs();
      return 'pass';
    },
  });
  return home;
}

async function upload(home: VaultHome, ...words: string[]): Promise<string> {
  const { code, stdout, stderr } = await home.run(['upload', ...words]);
  assert.equal(code, 0, stderr);
  return stdout.trim();
}

describe('The guide to get data back', () => {
  test('gets an archive from a vault: whole, in ranges after an interruption, in part, and by the inventory', {
    skip: noTools,
  }, async (t) => {
    const script = part('docs/restore.md', 'From a Glacier vault');
    const home = await openSlowVault(t);
    const file = home.file('backup.tar', 2.5 * MIB_BYTES);
    // An older version of the file, which is not the one to get.
    await upload(home, file, TARGET);
    const bytes = readFileSync(home.file('backup.tar', 3.5 * MIB_BYTES, 2));
    const archiveId = await upload(home, file, TARGET, '--part-size', '1M');
    // An earlier run was interrupted within the second range, and the third one fails at first.
    writeFileSync(join(home.folder, 'large.tar'), bytes.subarray(0, 1.5 * MIB_BYTES));
    writeFileSync(join(home.folder, 'fail-once'), '');
    const replace = { '$((1024 * 1024 * 1024))': '$((1024 * 1024))' };
    const printed = await runGuide(home, script, { ...vaultRun(home), replace });
    const read = (name: string): Buffer => readFileSync(join(home.folder, name));
    assert.ok(read('restored.tar').equals(bytes));
    assert.ok(read('large.tar').equals(bytes));
    assert.ok(read('second-mib').equals(bytes.subarray(MIB_BYTES, 2 * MIB_BYTES)));
    assert.equal(printed.match(/^restored\.tar is right$/gm)?.length, 1, printed);
    assert.equal(printed.match(/: OK$/gm)?.length, 2, printed);
    assert.ok(
      printed.split('\n').some((line) => line.endsWith(`\tbackup.tar\t${archiveId}`)),
      printed,
    );
    const ranges = home.passed().flatMap(({ headers }) => headers.range ?? []);
    assert.deepEqual(ranges, ['bytes=1048576-2097151', 'bytes=2097152-3145727', 'bytes=3145728-3670015']);
  });
});

describe('The guide to get objects back', { skip: noSwift }, () => {
  const buckets = sharedBuckets(startSwift);

  test('restores an object of a cold class of S3, and compares it with the catalogue and with its CRC32', async (t) => {
    const script = part('docs/restore.md', 'From the archive classes of S3');
    const home = await buckets.home(t, 's3');
    const cold = await startColdStore(t, buckets.server().url);
    const bytes = readFileSync(home.file('backup.tar', 9 * MIB_BYTES));
    cold.crc32 = Buffer.from(crc32(bytes).toString(16).padStart(8, '0'), 'hex').toString('base64');
    home.env['AWS_ENDPOINT_URL_S3'] = cold.url;
    const key = `${home.target}/2026/`;
    const { code, stderr } = await home.run(['upload', 'backup.tar', key, '--part-size', '8M']);
    assert.equal(code, 0, stderr);
    const path = `/${home.bucket}/2026/backup.tar`;
    const early = await fetch(cold.url + path);
    assert.deepEqual([early.status, /InvalidObjectState/.test(await early.text())], [403, true]);
    const printed = await runGuide(home, script, {
      replace: { 'BUCKET=photos': `BUCKET=${home.bucket}` },
      endpoints: { s3: cold.url, s3api: cold.url },
      env: { AWS_DEFAULT_REGION: 'us-east-1' },
    });
    const { host } = new URL(cold.url);
    assert.deepEqual(cold.restores, [{ host, path, days: 7, tier: 'Bulk' }]);
    assert.ok(readFileSync(join(home.folder, 'restored.tar')).equals(bytes));
    assert.match(printed, /: OK$/m);
    assert.match(printed, /^restored\.tar is right$/m);
  });

  test('restores an object of OBS at its endpoint, with the bucket in the host name', async (t) => {
    const script = part('docs/restore.md', 'From Huawei OBS');
    const home = await buckets.home(t, 'obs');
    const cold = await startColdStore(t, buckets.server().url);
    const bytes = readFileSync(home.file('backup.tar', MIB_BYTES));
    const { code, stderr } = await home.run(['upload', 'backup.tar', `${home.target}/2026/`]);
    assert.equal(code, 0, stderr);
    const printed = await runGuide(home, script, {
      replace: {
        'BUCKET=photos': `BUCKET=${home.bucket}`,
        'https://obs.ap-southeast-1.myhuaweicloud.com': 'http://localhost:1',
        'region ap-southeast-1': 'region us-east-1',
      },
      endpoints: {},
      env: { http_proxy: cold.url },
    });
    const host = `${home.bucket}.localhost:1`;
    assert.deepEqual(cold.restores, [{ host, path: '/2026/backup.tar', days: 7, tier: 'Standard' }]);
    assert.ok(readFileSync(join(home.folder, 'restored.tar')).equals(bytes));
    assert.match(printed, /: OK$/m);
  });

  test('moves the archives of a vault to a bucket, and deletes them from the vault after an audit', async (t) => {
    const script = part('docs/moving.md', 'From a vault to S3 Deep Archive');
    const bucket = await buckets.home(t, 's3');
    const { accessKeyId, secretAccessKey, url } = buckets.server();
    const home = await openVault(t, { accessKeyId, secretAccessKey });
    Object.assign(home.env, { AWS_ENDPOINT_URL_S3: url, AWS_REGION: 'us-east-1' });
    mkdirSync(join(home.folder, 'sub'));
    for (const [name, size] of [
      ['a b.bin', 9],
      ['-c', 1.5 * MIB_BYTES],
      ['sub/d', 70],
    ] as const)
      await upload(home, home.file(name, size), TARGET);
    await runGuide(home, script, {
      ...vaultRun(home),
      replace: { 's3://photos': bucket.target, DEEP_ARCHIVE: 'STANDARD' },
    });
    assert.deepEqual(await home.archiveIds(), [], 'the vault is empty');
    for (const name of ['a b.bin', '-c', 'sub/d']) {
      const path = join(home.folder, name);
      assert.ok((await bucket.readBack(path.slice(1))).equals(readFileSync(path)), name);
    }
    const kept = (await home.cataloguedIds()).map((id) => id.slice(0, bucket.target.length));
    assert.deepEqual(kept, [bucket.target, bucket.target, bucket.target]);
  });
});

describe('The guide to move', { skip: noTools }, () => {
  test('takes over a journal of mtglacier, after which the same files are not sent again', async (t) => {
    const script = part('docs/moving.md', 'From mtglacier');
    const home = await openVault(t);
    const folder = join(home.folder, 'srv');
    mkdirSync(folder);
    for (const name of ['srv/a', 'srv/ü']) await upload(home, home.file(name, 20), TARGET);
    // mtglacier knows whole seconds only.
    const words = ['archives', '--export', 'journal.log', '--format', 'mtglacier', '--target', TARGET];
    assert.equal((await home.run([...words, '--base', folder])).code, 0);
    for (const archiveId of await home.cataloguedIds())
      assert.equal((await home.run(['archives', `--forget=${archiveId}`])).code, 0);
    home.file('srv/new', 30);
    const replace = { '/srv/photos': folder };
    const printed = await runGuide(home, script, { ...vaultRun(home), replace });
    assert.equal((await home.archiveIds()).length, 3, 'only the new file was sent');
    assert.match(printed, /\/srv\/ü\t/);
  });

  test('completes an upload that a script left, and reads the archives of scripts from the inventory', async (t) => {
    const script = part('docs/moving.md', 'From scripts with the AWS CLI');
    const home = await openSlowVault(t);
    home.file('backup.tar', 1000);
    home.file('big.tar', 2.5 * MIB_BYTES);
    await home.createUpload('big.tar');
    const by = await home.createUpload('another program');
    const { code, stderr } = await home.run([
      'resume',
      home.file('other.tar', 300),
      TARGET,
      `--upload-id=${by}`,
    ]);
    assert.equal(code, 0, stderr);
    const [known = ''] = await home.cataloguedIds();
    assert.equal((await home.run(['archives', `--forget=${known}`])).code, 0);
    const [before = '', after = ''] = script.split('|| [ $? = 3 ]\n');
    await runGuide(home, `${before}|| [ $? = 3 ]\n`, vaultRun(home));
    home.finishJobs();
    const printed = await runGuide(home, after, vaultRun(home));
    assert.equal((await home.openIds()).length, 0);
    assert.ok((await home.cataloguedIds()).includes(known), printed);
    assert.equal((await home.cataloguedIds()).length, 3);
  });
});

describe('The guide to costs', { skip: noTools || missingRgw() }, () => {
  const buckets = sharedBuckets(startRgw);

  test('sets a rule that aborts incomplete uploads, which a store accepts', async (t) => {
    const script = part('docs/costs.md', 'Incomplete uploads');
    const home = await buckets.home(t, 's3');
    const { url } = buckets.server();
    await runGuide(home, script, {
      replace: { '--bucket photos': `--bucket ${home.bucket}` },
      endpoints: { s3api: url },
      env: { AWS_DEFAULT_REGION: 'us-east-1' },
    });
    const { Rules = [] } = await home.client.send(
      new GetBucketLifecycleConfigurationCommand({ Bucket: home.bucket }),
    );
    assert.deepEqual(
      Rules.map(({ Status, AbortIncompleteMultipartUpload }) => [Status, AbortIncompleteMultipartUpload]),
      [['Enabled', { DaysAfterInitiation: 7 }]],
    );
  });
});

test('Every command of the guides is in a part that a test of this file runs', {
  skip: noTools || noSwift || missingRgw(),
}, () => {
  const parts = DOCUMENTS.flatMap((document) =>
    [...shellParts(document).keys()].map((heading) => `${document} ${heading}`),
  );
  assert.deepEqual([...used].sort(), parts.sort());
});
