/** Other clients read the archives that calve sent, and calve continues the uploads that they created. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { type TestContext, test } from 'node:test';
import { awsTools, missingTool, sizesReadBack } from '../support/aws-tools.js';
import { seededBytes, writeSeededFile } from '../support/bytes.js';
import { openCommandHome } from '../support/emulator-command.js';
import { assertFailed } from '../support/failed.js';
import { jsonOfFiles, oneJson } from '../support/json-shapes.js';

const MIB_BYTES = 1024 * 1024;
const VAULT = '--vault-name=photos';
const TARGET = 'glacier://photos';

const noCli = await missingTool('aws');
const noBoto = await missingTool('boto3');

async function openBench(t: TestContext) {
  const home = await openCommandHome(t, ['--vault', 'photos', '--data-dir', 'vaults']);
  return { ...home, ...awsTools(home) };
}

type Bench = Awaited<ReturnType<typeof openBench>>;

/** Ends an upload with SIGKILL once some of its parts are confirmed. */
async function uploadAndKill(home: Bench, file: string): Promise<void> {
  const words = ['upload', file, TARGET, '--part-size=1M', '--concurrency=1', '--progress=json'];
  const { child, ended } = home.start(words);
  for await (const line of createInterface({ input: child.stderr as Readable })) {
    if (line.startsWith('{"type":"part"')) child.kill('SIGKILL');
  }
  assert.equal((await ended).signal, 'SIGKILL');
}

test('Archives of 1 byte to 33 MiB are what boto3 reads back, byte for byte', { skip: noBoto }, async (t) => {
  const home = await openBench(t);
  const sizes = [1, MIB_BYTES - 1, MIB_BYTES, MIB_BYTES + 1, 33 * MIB_BYTES + 1];
  const files = sizes.map((size, i) => home.file(`f${size}`, size, i));
  const { code, stdout, stderr } = await home.run(['upload', ...files, TARGET, '--part-size=16M', '--json']);
  assert.equal(code, 0, stderr);
  const { objects: archives } = jsonOfFiles(stdout, 'archive');
  assert.deepEqual(
    archives.map(({ parts }) => parts),
    [1, 1, 1, 1, 3],
  );
  assert.deepEqual(await sizesReadBack(home, archives), sizes);
});

test('The AWS CLI retrieves an archive that calve sent, and finds it under its description', {
  skip: noCli,
}, async (t) => {
  const { folder, run, glacier } = await openBench(t);
  const file = join(folder, 'holiday.tar');
  writeSeededFile(file, 3 * MIB_BYTES + 7, 8);
  const archiveId = (await run(['upload', file, TARGET, '--part-size=1M'])).stdout.trim();
  const inventory = await glacier('initiate-job', VAULT, '--job-parameters={"Type":"inventory-retrieval"}');
  await glacier('get-job-output', VAULT, `--job-id=${inventory['jobId']}`, join(folder, 'inventory'));
  const { ArchiveList } = JSON.parse(readFileSync(join(folder, 'inventory'), 'utf8')) as {
    ArchiveList: { ArchiveId: string; ArchiveDescription: string; Size: number; SHA256TreeHash: string }[];
  };
  const hashed = oneJson((await run(['hash', file, '--json'])).stdout, 'hash');
  assert.deepEqual(
    ArchiveList.map((each) => [each.ArchiveId, each.ArchiveDescription, each.Size, each.SHA256TreeHash]),
    [[archiveId, 'holiday.tar', 3 * MIB_BYTES + 7, hashed['treeHash']]],
  );
  const order = JSON.stringify({ Type: 'archive-retrieval', ArchiveId: archiveId });
  const { jobId } = await glacier('initiate-job', VAULT, `--job-parameters=${order}`);
  await glacier('get-job-output', VAULT, `--job-id=${jobId}`, join(folder, 'back'));
  assert.ok(readFileSync(join(folder, 'back')).equals(readFileSync(file)));
});

test('An upload that the AWS CLI began, with two parts of it, is adopted by its id', {
  skip: noCli,
}, async (t) => {
  const { folder, run, glacier } = await openBench(t);
  const bytes = seededBytes(4 * MIB_BYTES + 9, 9);
  const file = join(folder, 'f');
  writeFileSync(file, bytes);
  const begun = await glacier(
    'initiate-multipart-upload',
    VAULT,
    '--part-size=1048576',
    '--archive-description=by the CLI',
  );
  const id = `--upload-id=${begun['uploadId']}`;
  for (const index of [0, 2]) {
    const [start, end] = [index * MIB_BYTES, (index + 1) * MIB_BYTES];
    writeFileSync(join(folder, 'part'), bytes.subarray(start, end));
    const range = `--range=bytes ${start}-${end - 1}/*`;
    await glacier('upload-multipart-part', VAULT, id, range, `--body=${join(folder, 'part')}`);
  }
  const adopted = await run(['resume', file, TARGET, id, '--json']);
  assert.equal(adopted.code, 0, adopted.stderr);
  const archive = oneJson(adopted.stdout, 'archive');
  assert.deepEqual([archive['partsReused'], archive['partsSent'], archive['resumed']], [2, 3, true]);
  const listed = oneJson((await run(['archives', '--json'])).stdout, 'archive');
  assert.equal(listed['description'], 'by the CLI');
});

test('An upload that calve left is listed and aborted by the AWS CLI: resume exits 16, upload creates another one', {
  skip: noCli,
}, async (t) => {
  const bench = await openBench(t);
  const { folder, run, glacier } = bench;
  const file = join(folder, 'f');
  writeSeededFile(file, 24 * MIB_BYTES, 10);
  await uploadAndKill(bench, file);
  const { UploadsList } = (await glacier('list-multipart-uploads', VAULT)) as {
    UploadsList: { MultipartUploadId: string; ArchiveDescription: string; PartSizeInBytes: number }[];
  };
  const [open] = UploadsList;
  assert.deepEqual(
    [UploadsList.length, open?.ArchiveDescription, open?.PartSizeInBytes],
    [1, 'f', MIB_BYTES],
  );
  await glacier('abort-multipart-upload', VAULT, `--upload-id=${open?.MultipartUploadId}`);
  assert.match(
    assertFailed(await run(['resume', file]), 16),
    /it is no longer on the service: another program aborted or completed it$/,
  );
  const anew = await run(['upload', file, TARGET, '--json']);
  assert.equal(anew.code, 0, anew.stderr);
  assert.match(
    anew.stderr,
    /is no longer on the service: another program aborted or completed it; calve creates a new one/,
  );
  assert.notEqual(oneJson(anew.stdout, 'archive')['uploadId'], open?.MultipartUploadId);
});
