import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { Emulator } from '../../src/emulator/server.js';
import { seededBytes } from '../support/bytes.js';
import { tempFolder } from '../support/temp.js';
import { cleanEnvironment, missing, run } from './support/other-clients.js';
import { treeHash } from './support/raw-client.js';
import { MIB } from './support/vault-client.js';
import { withEmulator } from './support/with-emulator.js';

const PYTHON = `
import io, json, sys
import boto3
from botocore.config import Config
from botocore.utils import calculate_tree_hash

url, path = sys.argv[1:]
data = open(path, 'rb').read()
MIB = 1048576
glacier = boto3.client('glacier', endpoint_url=url, config=Config(retries={'max_attempts': 0}))
vault = {'vaultName': 'boto'}
assert glacier.create_vault(**vault)['location'] == '/111122223333/vaults/boto'

ids = [glacier.initiate_multipart_upload(partSize=str(MIB), archiveDescription='from boto', **vault)['uploadId'] for _ in range(53)]
pages = [page['UploadsList'] for page in glacier.get_paginator('list_multipart_uploads').paginate(**vault)]
assert [len(page) for page in pages] == [50, 3], pages
assert sorted(u['MultipartUploadId'] for page in pages for u in page) == sorted(ids)

upload = {'uploadId': ids[0], **vault}
for start in range(0, len(data), MIB):
    part = data[start:start + MIB]
    answer = glacier.upload_multipart_part(range='bytes %d-%d/*' % (start, start + len(part) - 1), body=part, **upload)
    assert answer['checksum'] == calculate_tree_hash(io.BytesIO(part))
parts = [p['RangeInBytes'] for page in glacier.get_paginator('list_parts').paginate(PaginationConfig={'PageSize': 2}, **upload) for p in page['Parts']]
assert parts == ['0-1048575', '1048576-2097151', '2097152-2097228'], parts

whole = {'archiveSize': str(len(data)), 'checksum': calculate_tree_hash(io.BytesIO(data)), **upload}
done = glacier.complete_multipart_upload(**whole)
assert glacier.complete_multipart_upload(**whole)['archiveId'] == done['archiveId']
glacier.abort_multipart_upload(uploadId=ids[1], **vault)
try:
    glacier.list_parts(uploadId=ids[1], **vault)
    raise AssertionError('an aborted upload was listed')
except glacier.exceptions.ResourceNotFoundException as error:
    assert error.response['ResponseMetadata']['HTTPStatusCode'] == 404
try:
    glacier.initiate_multipart_upload(partSize='1000', **vault)
    raise AssertionError('an illegal part size was taken')
except glacier.exceptions.InvalidParameterValueException:
    pass

single = glacier.upload_archive(body=data, archiveDescription='single', **vault)
job = glacier.initiate_job(jobParameters={'Type': 'archive-retrieval', 'ArchiveId': done['archiveId']}, **vault)
assert glacier.describe_job(jobId=job['jobId'], **vault)['Completed'] is True
glacier.get_waiter('vault_exists').wait(**vault)
output = glacier.get_job_output(jobId=job['jobId'], **vault)
assert output['status'] == 200 and output['body'].read() == data
output = glacier.get_job_output(jobId=job['jobId'], range='bytes=1048576-2097151', **vault)
assert output['status'] == 206 and output['body'].read() == data[MIB:2 * MIB]
assert output['checksum'] == calculate_tree_hash(io.BytesIO(data[MIB:2 * MIB]))
job = glacier.initiate_job(jobParameters={'Type': 'inventory-retrieval'}, **vault)
inventory = json.load(glacier.get_job_output(jobId=job['jobId'], **vault)['body'])
assert sorted(a['ArchiveId'] for a in inventory['ArchiveList']) == sorted([done['archiveId'], single['archiveId']])
assert glacier.describe_vault(**vault)['NumberOfArchives'] == 2
assert len(glacier.list_jobs(**vault)['JobList']) == 2
glacier.delete_archive(archiveId=single['archiveId'], **vault)
print('done')
`;

test('boto3 creates, uploads in parts, lists in pages, completes, aborts and reads back', async (t) => {
  const reason = await missing('python3', '-c', 'import boto3');
  if (reason !== false) return t.skip(reason);
  const { emulator } = await withEmulator(t);
  const folder = tempFolder(t);
  const file = join(folder, 'data');
  writeFileSync(file, seededBytes(2 * MIB + 77, 91));
  const env = cleanEnvironment(emulator, folder);
  const { stdout } = await run('python3', ['-c', PYTHON, emulator.url, file], { env, timeout: 120_000 });
  assert.equal(stdout, 'done\n');
});

/** The Python of Debian, whose package python3-boto has boto 2. A Python from elsewhere does not see that package. */
const DEBIAN_PYTHON = '/usr/bin/python3';

/** It does not let boto 2 compare the hashes of what it downloads: on Python 3 it compares text with bytes. */
const BOTO_2 = `
import sys
from urllib.parse import urlsplit
from boto.glacier.layer2 import Layer2
from boto.regioninfo import RegionInfo

url, path = sys.argv[1:]
data = open(path, 'rb').read()
MIB = 1048576
region = RegionInfo(name='eu-west-1', endpoint='127.0.0.1')
glacier = Layer2(is_secure=False, port=urlsplit(url).port, region=region)
layer1 = glacier.layer1
layer1.auth_region_name, layer1.auth_service_name = 'eu-west-1', 'glacier'

vault = glacier.create_vault('boto2')
assert [v.name for v in glacier.list_vaults()] == sorted(['boto2'] + ['v%02d' % i for i in range(20)])
assert len(layer1.list_vaults(limit=1000)['VaultList']) == 10

ids = [layer1.initiate_multipart_upload('boto2', MIB, 'open')['UploadId'] for _ in range(51)]
page = layer1.list_multipart_uploads('boto2', limit=1000)
rest = layer1.list_multipart_uploads('boto2', limit=1000, marker=page['Marker'])
assert [len(page['UploadsList']), len(rest['UploadsList']), rest['Marker']] == [50, 1, None]
for upload_id in ids:
    layer1.abort_multipart_upload('boto2', upload_id)

writer = vault.create_archive_writer(part_size=MIB, description='in parts')
writer.write(data)
parts = layer1.list_parts('boto2', writer.upload_id, limit=1000)['Parts']
assert [p['RangeInBytes'] for p in parts] == ['0-1048575', '1048576-2097151'], parts
archives = [writer.get_archive_id(), vault.upload_archive(path, description='at once')]

for archive_id in archives:
    job = vault.retrieve_archive(archive_id)
    for chunk_size in (MIB, 4 * MIB):
        job.download_to_file(path + '.back', chunk_size=chunk_size, verify_hashes=False)
        assert open(path + '.back', 'rb').read() == data
inventory = vault.get_job(vault.retrieve_inventory()).get_output()
assert sorted(a['ArchiveId'] for a in inventory['ArchiveList']) == sorted(archives)
assert len(layer1.list_jobs('boto2', limit=1000)['JobList']) == len(vault.list_jobs()) == 3
vault.delete_archive(archives[1])
print('done')
`;

test('boto 2, which asks for pages of 1000, uploads in parts and at once, lists, and downloads in chunks', async (t) => {
  const reason = await missing(DEBIAN_PYTHON, '-c', 'import boto.glacier.layer2');
  if (reason !== false) return t.skip(reason);
  const vaults = Array.from({ length: 20 }, (_, i) => `v${String(i).padStart(2, '0')}`);
  const { emulator } = await withEmulator(t, { vaults });
  const folder = tempFolder(t);
  const file = join(folder, 'data');
  writeFileSync(file, seededBytes(2 * MIB + 77, 93));
  const env = cleanEnvironment(emulator, folder);
  const { stdout } = await run(DEBIAN_PYTHON, ['-c', BOTO_2, emulator.url, file], { env, timeout: 120_000 });
  assert.equal(stdout, 'done\n');
});

interface CliAnswer {
  readonly uploadId: string;
  readonly checksum: string;
  readonly archiveId: string;
  readonly jobId: string;
  readonly Parts: readonly object[];
  readonly UploadsList: readonly { readonly MultipartUploadId: string }[];
}

/** The answer of an operation that prints nothing. */
const NOTHING: CliAnswer = {
  uploadId: '',
  checksum: '',
  archiveId: '',
  jobId: '',
  Parts: [],
  UploadsList: [],
};

/** Runs `aws glacier`. Ids may begin with a hyphen, so each value is joined to its option. */
function cli(emulator: Emulator, home: string) {
  const env = cleanEnvironment(emulator, home);
  return async (operation: string, options: Record<string, string>, ...words: string[]) => {
    const joined = Object.entries(options).map(([name, value]) => `--${name}=${value}`);
    const fixed = [
      '--endpoint-url',
      emulator.url,
      '--output',
      'json',
      'glacier',
      operation,
      '--account-id=-',
    ];
    const { stdout } = await run('aws', [...fixed, ...joined, ...words], { env, timeout: 120_000 });
    return stdout === '' ? NOTHING : (JSON.parse(stdout) as CliAnswer);
  };
}

async function uploadByCli(aws: ReturnType<typeof cli>, folder: string, whole: Buffer): Promise<string> {
  const initiated = await aws('initiate-multipart-upload', { 'vault-name': 'cli', 'part-size': '1048576' });
  const at = { 'vault-name': 'cli', 'upload-id': initiated.uploadId };
  for (let start = 0; start < whole.length; start += MIB) {
    const part = whole.subarray(start, start + MIB);
    writeFileSync(join(folder, 'part'), part);
    const range = `bytes ${start}-${start + part.length - 1}/*`;
    const sent = await aws('upload-multipart-part', { ...at, range, body: join(folder, 'part') });
    assert.equal(sent.checksum, treeHash(part));
  }
  const listed = await aws('list-parts', at);
  assert.equal(listed.Parts.length, 2);
  const sums = { 'archive-size': String(whole.length), checksum: treeHash(whole) };
  return (await aws('complete-multipart-upload', { ...at, ...sums })).archiveId;
}

async function runCliScenario(t: TestContext): Promise<void> {
  const { emulator, client } = await withEmulator(t, { vaults: ['v', 'cli'] });
  const folder = tempFolder(t);
  const aws = cli(emulator, folder);
  const whole = seededBytes(MIB + 5, 92);
  const vault = { 'vault-name': 'cli' };
  await aws('create-vault', vault);
  const archiveId = await uploadByCli(aws, folder, whole);
  const initiated = await Promise.all(Array.from({ length: 52 }, () => client.initiate(MIB)));
  const listed = await aws('list-multipart-uploads', { 'vault-name': 'v' });
  const ids = listed.UploadsList.map(({ MultipartUploadId }) => MultipartUploadId);
  assert.deepEqual(ids.toSorted(), initiated.toSorted());
  const hyphen = initiated.find((id) => id.startsWith('-')) ?? initiated[0] ?? '';
  await aws('abort-multipart-upload', { 'vault-name': 'v', 'upload-id': hyphen });
  const parameters = JSON.stringify({ Type: 'archive-retrieval', ArchiveId: archiveId });
  const job = await aws('initiate-job', { ...vault, 'job-parameters': parameters });
  const file = join(folder, 'out');
  const output = await aws('get-job-output', { ...vault, 'job-id': job.jobId }, file);
  assert.equal(output.checksum, treeHash(whole));
  assert.ok(readFileSync(file).equals(whole));
}

test('the AWS CLI creates, uploads in parts, lists, completes, aborts and reads back', async (t) => {
  const reason = await missing('aws', '--version');
  if (reason !== false) return t.skip(reason);
  await runCliScenario(t);
});
