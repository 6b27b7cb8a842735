import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { type TestContext, test } from 'node:test';
import { promisify } from 'node:util';
import type { Emulator } from '../../src/emulator/server.js';
import { seededBytes } from '../support/bytes.js';
import { tempFolder } from '../support/temp.js';
import { treeHash } from './support/raw-client.js';
import { MIB } from './support/vault-client.js';
import { withEmulator } from './support/with-emulator.js';

const run = promisify(execFile);

/** Returns an environment without the user's profile, region and credentials. It has only the demo credentials. */
function cleanEnvironment(emulator: Emulator, home: string): NodeJS.ProcessEnv {
  const { PATH, PYENV_ROOT } = process.env;
  return {
    PATH,
    HOME: home,
    // pyenv's shims look for Python versions here and not in HOME.
    ...(PYENV_ROOT === undefined ? {} : { PYENV_ROOT }),
    AWS_ACCESS_KEY_ID: emulator.accessKeyId,
    AWS_SECRET_ACCESS_KEY: emulator.secretAccessKey,
    AWS_DEFAULT_REGION: 'eu-west-1',
    AWS_CONFIG_FILE: join(home, 'none'),
    AWS_SHARED_CREDENTIALS_FILE: join(home, 'none'),
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_PAGER: '',
  };
}

async function missing(command: string, ...words: string[]): Promise<string | false> {
  return run(command, words, { timeout: 60_000 }).then(
    () => false as const,
    () => `${[command, ...words].join(' ')} does not run on this system`,
  );
}

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
