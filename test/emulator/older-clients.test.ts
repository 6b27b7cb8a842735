/**
 * The SDKs of AWS for JavaScript and Ruby against the emulator. Each walks the same way: a vault, an upload of three parts,
 * lists, complete, an inventory, a download in ranges, abort and delete.
 */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import * as sdk from '@aws-sdk/client-glacier';
import { seededBytes } from '../support/bytes.js';
import { tempFolder } from '../support/temp.js';
import { cleanEnvironment, missing, run } from './support/other-clients.js';
import { treeHash } from './support/raw-client.js';
import { MIB } from './support/vault-client.js';
import { withEmulator } from './support/with-emulator.js';

const SIZE_BYTES = 2 * MIB + 77;

/** Runs a client in a program of its own, with the emulator's URL and a file of three parts. */
async function walk(t: TestContext, command: string, words: readonly string[]): Promise<void> {
  const { emulator } = await withEmulator(t);
  const folder = tempFolder(t);
  const file = join(folder, 'data');
  writeFileSync(file, seededBytes(SIZE_BYTES, 95));
  const env = cleanEnvironment(emulator, folder);
  const { stdout } = await run(command, [...words, emulator.url, file], { env, timeout: 120_000 });
  assert.equal(stdout, 'done\n');
}

test('the AWS SDK for JavaScript, version 3, uploads in parts, lists, downloads in ranges, aborts and deletes', async (t) => {
  const { emulator } = await withEmulator(t);
  const { url: endpoint, accessKeyId, secretAccessKey } = emulator;
  const credentials = { accessKeyId, secretAccessKey };
  const client = new sdk.GlacierClient({ region: 'eu-west-1', endpoint, credentials, maxAttempts: 1 });
  t.after(() => client.destroy());
  const bytes = seededBytes(SIZE_BYTES, 94);
  const vault = { accountId: '-', vaultName: 'js3' };
  await client.send(new sdk.CreateVaultCommand(vault));

  const create = new sdk.InitiateMultipartUploadCommand({ ...vault, partSize: String(MIB) });
  const upload = { ...vault, uploadId: (await client.send(create)).uploadId };
  for (let start = 0; start < bytes.length; start += MIB) {
    const body = bytes.subarray(start, start + MIB);
    const range = `bytes ${start}-${start + body.length - 1}/*`;
    const sent = await client.send(new sdk.UploadMultipartPartCommand({ ...upload, range, body }));
    assert.equal(sent.checksum, treeHash(body));
  }
  const { Parts = [] } = await client.send(new sdk.ListPartsCommand(upload));
  assert.deepEqual(
    Parts.map(({ RangeInBytes }) => RangeInBytes),
    ['0-1048575', '1048576-2097151', '2097152-2097228'],
  );
  const { UploadsList = [] } = await client.send(new sdk.ListMultipartUploadsCommand(vault));
  assert.equal(UploadsList.length, 1);
  const whole = { archiveSize: String(bytes.length), checksum: treeHash(bytes) };
  const { archiveId } = await client.send(new sdk.CompleteMultipartUploadCommand({ ...upload, ...whole }));

  const read = async (jobParameters: sdk.JobParameters, range?: string): Promise<Buffer> => {
    const { jobId } = await client.send(new sdk.InitiateJobCommand({ ...vault, jobParameters }));
    const output = await client.send(new sdk.GetJobOutputCommand({ ...vault, jobId, range }));
    return Buffer.from((await output.body?.transformToByteArray()) ?? []);
  };
  const inventory = JSON.parse(String(await read({ Type: 'inventory-retrieval' })));
  assert.deepEqual(
    inventory.ArchiveList.map((each: { ArchiveId: string }) => each.ArchiveId),
    [archiveId],
  );
  const order = { Type: 'archive-retrieval', ArchiveId: archiveId };
  assert.ok((await read(order, 'bytes=1048576-2097151')).equals(bytes.subarray(MIB, 2 * MIB)));
  assert.ok((await read(order)).equals(bytes));

  const { uploadId } = await client.send(
    new sdk.InitiateMultipartUploadCommand({ ...vault, partSize: String(MIB) }),
  );
  await client.send(new sdk.AbortMultipartUploadCommand({ ...vault, uploadId }));
  await client.send(new sdk.DeleteArchiveCommand({ ...vault, archiveId }));
  await assert.rejects(
    client.send(new sdk.InitiateJobCommand({ ...vault, jobParameters: order })),
    (error) => {
      return error instanceof sdk.ResourceNotFoundException && error.code === 'ResourceNotFoundException';
    },
  );
});

/** Installed by .ci/run, and not by npm ci: it has 100 MB, and AWS no longer supports it. */
const SDK_2 = fileURLToPath(new URL('../../../.ci/clients/node_modules/aws-sdk', import.meta.url));

const JAVASCRIPT_2 = `
const assert = require('node:assert/strict');
const { readFileSync } = require('node:fs');
const [sdk, endpoint, path] = process.argv.slice(1);
process.env.AWS_SDK_JS_SUPPRESS_MAINTENANCE_MODE_MESSAGE = '1';
const Glacier = require(sdk + '/clients/glacier');
const data = readFileSync(path);
const MIB = 1048576;

async function main() {
  const glacier = new Glacier({ endpoint, region: 'eu-west-1', maxRetries: 0 });
  const vaultName = 'js2';
  await glacier.createVault({ vaultName }).promise();
  const initiate = () => glacier.initiateMultipartUpload({ vaultName, partSize: String(MIB) }).promise();
  const { uploadId } = await initiate();
  for (let start = 0; start < data.length; start += MIB) {
    const body = data.subarray(start, start + MIB);
    const range = 'bytes ' + start + '-' + (start + body.length - 1) + '/*';
    const sent = await glacier.uploadMultipartPart({ vaultName, uploadId, range, body }).promise();
    assert.equal(sent.checksum, glacier.computeChecksums(body).treeHash);
  }
  assert.equal((await glacier.listParts({ vaultName, uploadId, limit: '1000' }).promise()).Parts.length, 3);
  assert.equal((await glacier.listMultipartUploads({ vaultName }).promise()).UploadsList.length, 1);
  const checksum = glacier.computeChecksums(data).treeHash;
  const whole = { vaultName, uploadId, archiveSize: String(data.length), checksum };
  const { archiveId } = await glacier.completeMultipartUpload(whole).promise();
  const read = async (jobParameters, range) => {
    const { jobId } = await glacier.initiateJob({ vaultName, jobParameters }).promise();
    return (await glacier.getJobOutput({ vaultName, jobId, range }).promise()).body;
  };
  const inventory = JSON.parse(await read({ Type: 'inventory-retrieval' }));
  assert.deepEqual(inventory.ArchiveList.map((each) => each.ArchiveId), [archiveId]);
  const order = { Type: 'archive-retrieval', ArchiveId: archiveId };
  assert.ok((await read(order, 'bytes=1048576-2097151')).equals(data.subarray(MIB, 2 * MIB)));
  assert.ok((await read(order)).equals(data));
  await glacier.abortMultipartUpload({ vaultName, uploadId: (await initiate()).uploadId }).promise();
  await glacier.deleteArchive({ vaultName, archiveId }).promise();
  await assert.rejects(read(order), { code: 'ResourceNotFoundException', statusCode: 404 });
  console.log('done');
}
main();
`;

test('the AWS SDK for JavaScript, version 2, uploads in parts, lists, downloads in ranges, aborts and deletes', async (t) => {
  const reason = await missing(process.execPath, '-e', `require('${SDK_2}/clients/glacier')`);
  if (reason !== false) return t.skip(reason);
  await walk(t, process.execPath, ['-e', JAVASCRIPT_2, SDK_2]);
});

/** Debian's ruby-aws-sdk is version 1, of 2015. */
const RUBY_1 = `
require 'aws-sdk-v1'
require 'json'
require 'stringio'
require 'uri'
url, path = ARGV
data = File.binread(path)
MIB = 1048576
def check(truth, what) raise what unless truth end

AWS.config(:glacier_endpoint => '127.0.0.1', :glacier_port => URI(url).port, :use_ssl => false,
           :region => 'eu-west-1', :glacier_region => 'eu-west-1', :max_retries => 0)
glacier = AWS::Glacier.new
glacier.vaults.create('ruby')
client = glacier.client
at = { :account_id => '-', :vault_name => 'ruby' }

def tree_hash(bytes)
  level = (0...bytes.bytesize).step(MIB).map { |start| OpenSSL::Digest::SHA256.digest(bytes.byteslice(start, MIB)) }
  while level.size > 1
    level = level.each_slice(2).map { |a, b| b ? OpenSSL::Digest::SHA256.digest(a + b) : a }
  end
  level[0].unpack1('H*')
end

upload = at.merge(:upload_id => client.initiate_multipart_upload(at.merge(:part_size => MIB))[:upload_id])
(0...data.bytesize).step(MIB) do |start|
  body = data.byteslice(start, MIB)
  sent = client.upload_multipart_part(upload.merge(
    :range => "bytes #{start}-#{start + body.bytesize - 1}/*", :body => StringIO.new(body),
    :checksum => tree_hash(body), :content_sha256 => OpenSSL::Digest::SHA256.hexdigest(body)))
  check(sent[:checksum] == tree_hash(body), 'checksum of a part')
end
check(client.list_parts(upload)[:parts].map { |part| part[:range_in_bytes] } ==
  ['0-1048575', '1048576-2097151', '2097152-2097228'], 'list of parts')
check(client.list_multipart_uploads(at)[:uploads_list].size == 1, 'list of uploads')
whole = { :archive_size => data.bytesize, :checksum => tree_hash(data) }
archive_id = client.complete_multipart_upload(upload.merge(whole))[:archive_id]
hashes = { :checksum => tree_hash(data), :content_sha256 => OpenSSL::Digest::SHA256.hexdigest(data) }
single = client.upload_archive(at.merge(hashes).merge(:body => StringIO.new(data)))[:archive_id]

read = lambda do |parameters, more = {}|
  job_id = client.initiate_job(at.merge(:job_parameters => parameters))[:job_id]
  client.get_job_output(at.merge(:job_id => job_id).merge(more))[:body]
end
inventory = JSON.parse(read.call({ :type => 'inventory-retrieval' }))
check(inventory['ArchiveList'].map { |each| each['ArchiveId'] }.sort == [archive_id, single].sort, 'inventory')
order = { :type => 'archive-retrieval', :archive_id => archive_id }
check(read.call(order, :range => 'bytes=1048576-2097151') == data.byteslice(MIB, MIB), 'range')
check(read.call(order) == data, 'whole')
another = client.initiate_multipart_upload(at.merge(:part_size => MIB))[:upload_id]
client.abort_multipart_upload(at.merge(:upload_id => another))
client.delete_archive(at.merge(:archive_id => single))
begin
  read.call(order.merge(:archive_id => single))
  raise 'a deleted archive was read'
rescue AWS::Glacier::Errors::ResourceNotFoundException
end
puts 'done'
`;

/** A Ruby from elsewhere does not see the packages of Debian. */
const DEBIAN_RUBY = '/usr/bin/ruby';

test('the AWS SDK for Ruby, version 1, uploads in parts and at once, lists, downloads in ranges, aborts and deletes', async (t) => {
  const reason = await missing(DEBIAN_RUBY, '-e', "require 'aws-sdk-v1'");
  if (reason !== false) return t.skip(reason);
  await walk(t, DEBIAN_RUBY, ['-W0', '-e', RUBY_1]);
});
