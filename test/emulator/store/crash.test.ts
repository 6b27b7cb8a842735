import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { request as send } from 'node:http';
import { join } from 'node:path';
import process from 'node:process';
import { type TestContext, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { DEMO_CREDENTIALS, startEmulator } from '../../../src/emulator/server.js';
import { openStore } from '../../../src/emulator/store/store.js';
import { openUploadFolder, type UploadMetadata } from '../../../src/emulator/store/upload-metadata.js';
import { seededBytes } from '../../support/bytes.js';
import { startEmulatorProcess } from '../../support/emulator-process.js';
import { tempFolder } from '../../support/temp.js';
import { treeHash } from '../support/raw-client.js';
import { errorOf, MIB, signedPartHeaders, type VaultClient, vaultClient } from '../support/vault-client.js';

const RULES = { uploadTtlMs: null, repeatWindowMs: 3_600_000, inventoryIntervalMs: null, keepsBytes: true };
const whole = seededBytes(3 * MIB + 13, 31);
const slice = (index: number) => whole.subarray(index * MIB, (index + 1) * MIB);

/** Prepares a folder with an upload that is ready to complete. Part 1 was sent twice, so it is in a side file. */
async function readyToComplete(t: TestContext) {
  const dataDir = tempFolder(t);
  const first = await startEmulator({ dataDir, vaults: ['v'] });
  const client = vaultClient(first.url, 'v');
  const uploadId = await client.initiate(MIB, 'crash');
  await client.part(uploadId, MIB, seededBytes(MIB, 99));
  for (const index of [0, 1, 2, 3]) await client.part(uploadId, index * MIB, slice(index));
  await first.close();
  const vault = join(dataDir, 'v1/vaults/v');
  const open = openUploadFolder(vault, uploadId);
  const metadata = JSON.parse(readFileSync(join(open, 'upload.json'), 'utf8')) as UploadMetadata;
  const completing = join(vault, 'completing', `${uploadId}~${deadOwner(await ownPidScope(dataDir))}`);
  return { dataDir, vault, uploadId, open, metadata, completing };
}

async function ownPidScope(dataDir: string): Promise<string> {
  return (await openStore(dataDir, RULES)).owner.split('.')[0] ?? '';
}

/** Returns the name of an owner whose process has ended. */
function deadOwner(pidScope: string): string {
  const { pid } = spawnSync(process.execPath, ['-e', '']);
  return `${pidScope}.${pid}.0123456789abcdef`;
}

async function restart(t: TestContext, dataDir: string): Promise<VaultClient> {
  const emulator = await startEmulator({ dataDir });
  t.after(() => emulator.close());
  return vaultClient(emulator.url, 'v');
}

async function expectArchive(client: VaultClient, uploadId: string, archiveId: string): Promise<void> {
  const done = await client.complete(uploadId, whole);
  assert.equal(done.status, 201, done.text);
  assert.equal(done.headers['x-amz-archive-id'], archiveId);
  assert.ok((await client.fetch(archiveId)).equals(whole));
  const job = await client.request({ method: 'POST', path: '/jobs', body: '{"Type":"inventory-retrieval"}' });
  const output = await client.request({ method: 'GET', path: `/jobs/${job.headers['x-amz-job-id']}/output` });
  assert.equal(JSON.parse(output.text).ArchiveList.length, 1);
}

test('uploads, parts and archives survive a restart', async (t) => {
  const { dataDir, uploadId, metadata } = await readyToComplete(t);
  const client = await restart(t, dataDir);
  assert.equal(JSON.parse((await client.listParts(uploadId)).text).Parts.length, 4);
  await expectArchive(client, uploadId, metadata.archiveId);
});

test('killed after the upload was taken for completion: it is open again, and can be listed and completed', async (t) => {
  const { dataDir, uploadId, open, completing, metadata } = await readyToComplete(t);
  renameSync(open, completing);
  const client = await restart(t, dataDir);
  const list = JSON.parse((await client.request({ method: 'GET', path: '/multipart-uploads' })).text);
  assert.deepEqual(
    list.UploadsList.map((upload: { MultipartUploadId: string }) => upload.MultipartUploadId),
    [uploadId],
  );
  await expectArchive(client, uploadId, metadata.archiveId);
});

test('killed while a side file was copied into place: the part is still complete', async (t) => {
  const { dataDir, uploadId, open, completing, metadata } = await readyToComplete(t);
  const data = readFileSync(join(open, 'data'));
  slice(1).subarray(0, 300_000).copy(data, MIB);
  writeFileSync(join(open, 'data'), data);
  renameSync(open, completing);
  const client = await restart(t, dataDir);
  assert.equal((await client.listParts(uploadId)).status, 200);
  await expectArchive(client, uploadId, metadata.archiveId);
});

test('killed after the metadata was written and before the bytes were moved: there is no archive yet', async (t) => {
  const { dataDir, vault, uploadId, open, completing, metadata } = await readyToComplete(t);
  writeArchiveMetadata(vault, metadata);
  renameSync(open, completing);
  const client = await restart(t, dataDir);
  const job = JSON.stringify({ Type: 'archive-retrieval', ArchiveId: metadata.archiveId });
  assert.equal(
    errorOf(await client.request({ method: 'POST', path: '/jobs', body: job })),
    '404 ResourceNotFoundException',
  );
  await expectArchive(client, uploadId, metadata.archiveId);
});

function writeArchiveMetadata(vault: string, { archiveId, description }: UploadMetadata): void {
  const text = {
    archiveId,
    description,
    createdAt: '2026-01-01T00:00:00.000Z',
    sizeBytes: whole.length,
    treeHash: treeHash(whole),
  };
  writeFileSync(join(vault, 'archives', `${archiveId}.json`), JSON.stringify(text));
}

for (const [instant, isCopy] of [
  ['moved', false],
  ['copied', true],
] as const) {
  test(`killed after the bytes were ${instant} and before the result was recorded: the archive exists`, async (t) => {
    const { dataDir, vault, uploadId, open, completing, metadata } = await readyToComplete(t);
    writeArchiveMetadata(vault, metadata);
    renameSync(open, completing);
    const archive = join(vault, 'archives', metadata.archiveId);
    if (isCopy) copyFileSync(join(completing, 'data'), archive);
    else renameSync(join(completing, 'data'), archive);
    writeFileSync(archive, whole);
    const client = await restart(t, dataDir);
    await expectArchive(client, uploadId, metadata.archiveId);
    assert.equal(errorOf(await client.listParts(uploadId)), '404 ResourceNotFoundException');
    assert.ok(!existsSync(completing) && !existsSync(open));
  });
}

test('an upload whose completer was killed can be aborted', async (t) => {
  const { dataDir, uploadId, open, completing } = await readyToComplete(t);
  renameSync(open, completing);
  const client = await restart(t, dataDir);
  assert.equal((await client.abort(uploadId)).status, 204);
  assert.equal(errorOf(await client.complete(uploadId, whole)), '404 ResourceNotFoundException');
});

test('a record that a power cut left empty counts as a missing part, which can be sent again', async (t) => {
  const { dataDir, uploadId, open, metadata } = await readyToComplete(t);
  truncateSync(join(open, 'parts/00002'), 0);
  const client = await restart(t, dataDir);
  assert.equal(JSON.parse((await client.listParts(uploadId)).text).Parts.length, 3);
  assert.equal(errorOf(await client.complete(uploadId, whole)), '400 InvalidParameterValueException');
  await client.part(uploadId, 2 * MIB, slice(2));
  await expectArchive(client, uploadId, metadata.archiveId);
});

test('while another process may still write into the data file, the archive is made from a copy', async (t) => {
  const { dataDir, vault, uploadId, open, metadata } = await readyToComplete(t);
  // The parent of this process is another process that is running.
  const alive = `${await ownPidScope(dataDir)}.${process.ppid}.0123456789abcdef`;
  writeFileSync(join(open, 'busy', `1~${alive}`), '');
  const { ino } = statSync(join(open, 'data'));
  const client = await restart(t, dataDir);
  await expectArchive(client, uploadId, metadata.archiveId);
  assert.notEqual(statSync(join(vault, 'archives', metadata.archiveId)).ino, ino);
});

test('completing moves the data file and copies nothing', async (t) => {
  const { dataDir, vault, uploadId, open, metadata } = await readyToComplete(t);
  const before = statSync(join(open, 'data')).ino;
  const client = await restart(t, dataDir);
  await expectArchive(client, uploadId, metadata.archiveId);
  assert.equal(statSync(join(vault, 'archives', metadata.archiveId)).ino, before);
});

test('starting removes the unfinished files of killed servers and keeps those of running servers', async (t) => {
  const { dataDir } = await readyToComplete(t);
  const pidScope = await ownPidScope(dataDir);
  const tmp = join(dataDir, 'v1/tmp');
  mkdirSync(join(tmp, `dead~${deadOwner(pidScope)}`));
  writeFileSync(join(tmp, `alive~${pidScope}.${process.ppid}.0123456789abcdef`), '');
  writeFileSync(join(tmp, 'foreign~000000000000.1.0123456789abcdef'), '');
  mkdirSync(join(dataDir, 'v1/trash/x/y'), { recursive: true });
  await restart(t, dataDir);
  assert.deepEqual(
    readdirSync(tmp)
      .map((name) => name.split('~')[0])
      .sort(),
    ['alive', 'foreign'],
  );
  assert.deepEqual(readdirSync(join(dataDir, 'v1/trash')), []);
});

test('kill -9 in the middle of a part: the other parts are complete, and the part can be sent again', async (t) => {
  const dataDir = tempFolder(t);
  const first = await startEmulatorProcess(t, { dataDir, vaults: ['v'] });
  const before = vaultClient(first.url, 'v');
  const uploadId = await before.initiate(4 * MIB);
  const bytes = seededBytes(9 * MIB, 41);
  await before.part(uploadId, 0, bytes.subarray(0, 4 * MIB));
  const second = bytes.subarray(4 * MIB, 8 * MIB);
  const path = `/-/vaults/v/multipart-uploads/${uploadId}`;
  const part = { path, startByte: 4 * MIB, bytes: second };
  const headers = signedPartHeaders(first.url, part, DEMO_CREDENTIALS);
  const request = send(first.url + path, { method: 'PUT', headers });
  request.on('error', () => {});
  request.write(second.subarray(0, 3 * MIB));
  const data = join(openUploadFolder(join(dataDir, 'v1/vaults/v'), uploadId), 'data');
  while (readFileSync(data).length < 5 * MIB) await wait(5);
  await first.kill();
  const { url } = await startEmulatorProcess(t, { dataDir });
  const client = vaultClient(url, 'v');
  assert.equal(JSON.parse((await client.listParts(uploadId)).text).Parts.length, 1);
  await client.part(uploadId, 8 * MIB, bytes.subarray(8 * MIB));
  await client.part(uploadId, 4 * MIB, second);
  const done = await client.complete(uploadId, bytes);
  assert.equal(done.status, 201, done.text);
  assert.ok((await client.fetch(String(done.headers['x-amz-archive-id']))).equals(bytes));
});

test('kill -9 at any instant of completing ends in one archive', async (t) => {
  const dataDir = tempFolder(t);
  const rounds = 8;
  const bytes = seededBytes(3 * MIB + 1, 51);
  const parts = Array.from({ length: 4 }, (_, i) => bytes.subarray(i * MIB, (i + 1) * MIB));
  let answered = 0;
  for (let round = 0; round < rounds; round++) {
    const first = await startEmulatorProcess(t, { dataDir, vaults: ['v'] });
    const before = vaultClient(first.url, 'v');
    const uploadId = await before.initiate(MIB);
    // Each part is sent twice, so its bytes are in a side file. This makes completing take longer.
    for (const [i, part] of [...parts.entries(), ...parts.entries()])
      await before.part(uploadId, i * MIB, part);
    const completed = before.complete(uploadId, bytes).then(
      (answer) => answer.headers['x-amz-archive-id'],
      () => undefined,
    );
    await wait(round * 2);
    await first.kill();
    const firstId = await completed;
    if (firstId !== undefined) answered += 1;
    const second = await startEmulator({ dataDir });
    try {
      const client = vaultClient(second.url, 'v');
      const done = await client.complete(uploadId, bytes);
      assert.equal(done.status, 201, `killed after ${round * 2} ms: ${done.text}`);
      const archiveId = String(done.headers['x-amz-archive-id']);
      if (firstId !== undefined) assert.equal(archiveId, firstId);
      assert.ok((await client.fetch(archiveId)).equals(bytes), `killed after ${round * 2} ms`);
    } finally {
      await second.close();
    }
  }
  const archives = readdirSync(join(dataDir, 'v1/vaults/v/archives')).filter(
    (name) => !name.endsWith('.json'),
  );
  assert.equal(archives.length, rounds, `${answered} of ${rounds} were answered before the kill`);
});
