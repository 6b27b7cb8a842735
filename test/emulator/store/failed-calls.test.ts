/**
 * Calls on the data folder that fail with something other than "not found". A link to itself is such a case on every
 * system and for every user: the calls that follow it fail with ELOOP, as they fail with EIO on a dying disk.
 */
import assert from 'node:assert/strict';
import { renameSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { newOwner, retireOwner } from '../../../src/emulator/store/owner.js';
import { openUploadFolder } from '../../../src/emulator/store/upload-metadata.js';
import { seededBytes } from '../../support/bytes.js';
import { errorOf, MIB, vaultClient } from '../support/vault-client.js';
import { withEmulator } from '../support/with-emulator.js';

const FAILED = '500 ServiceUnavailableException';
const bytes = seededBytes(9, 41);

/** Puts a link to itself in the place of a file or folder. @returns a function that undoes this */
function breakPath(path: string): () => void {
  renameSync(path, `${path}.kept`);
  symlinkSync(path, path);
  return () => {
    rmSync(path);
    renameSync(`${path}.kept`, path);
  };
}

test('every operation in a vault whose folder cannot be read answers 500, and not that the vault is missing', async (t) => {
  const { emulator, dataDir } = await withEmulator(t);
  symlinkSync('broken', join(dataDir, 'v1/vaults/broken'));
  const client = vaultClient(emulator.url, 'broken');
  const id = 'a'.repeat(92);
  for (const [method, path] of [
    ['GET', ''],
    ['DELETE', ''],
    ['POST', '/archives'],
    ['DELETE', `/archives/${'a'.repeat(138)}`],
    ['POST', '/multipart-uploads'],
    ['GET', '/multipart-uploads'],
    ['GET', `/multipart-uploads/${id}`],
    ['PUT', `/multipart-uploads/${id}`],
    ['POST', `/multipart-uploads/${id}`],
    ['DELETE', `/multipart-uploads/${id}`],
    ['POST', '/jobs'],
    ['GET', '/jobs'],
    ['GET', `/jobs/${id}`],
    ['GET', `/jobs/${id}/output`],
  ] as const) {
    const answer = await client.request({ method, path });
    assert.equal(errorOf(answer), FAILED, `${method} ${path}`);
    assert.match(JSON.parse(answer.text).message, /ELOOP/);
  }
});

test('an upload, an archive or a job whose files cannot be read answers 500 until they can be read again', async (t) => {
  const { client, dataDir } = await withEmulator(t);
  const vault = join(dataDir, 'v1/vaults/v');
  const uploadId = await client.initiate(MIB);
  await client.part(uploadId, 0, bytes);
  const archiveId = await client.uploadArchive(bytes);
  const startJob = () =>
    client.request({
      method: 'POST',
      path: '/jobs',
      body: JSON.stringify({ Type: 'archive-retrieval', ArchiveId: archiveId }),
    });
  const { headers } = await startJob();
  const jobPath = `/jobs/${headers['x-amz-job-id']}`;
  for (const [path, ask] of [
    [join(openUploadFolder(vault, uploadId), 'parts'), () => client.listParts(uploadId)],
    [join(openUploadFolder(vault, uploadId), 'upload.json'), () => client.listParts(uploadId)],
    [join(vault, 'archives', archiveId), startJob],
    [join(vault, `${jobPath}.json`), () => client.request({ method: 'GET', path: jobPath })],
  ] as const) {
    const repair = breakPath(path);
    assert.equal(errorOf(await ask()), FAILED, path);
    repair();
    const { status, text } = await ask();
    assert.ok(status === 200 || status === 202, `${path}: ${status} ${text}`);
  }
});

test('an upload whose completer was killed is kept while its data cannot be read', async (t) => {
  const { client, dataDir } = await withEmulator(t);
  const vault = join(dataDir, 'v1/vaults/v');
  const uploadId = await client.initiate(MIB);
  await client.part(uploadId, 0, bytes);
  const owner = newOwner();
  retireOwner(owner);
  const completing = join(vault, 'completing', `${uploadId}~${owner}`);
  renameSync(openUploadFolder(vault, uploadId), completing);
  const repair = breakPath(join(completing, 'data'));
  assert.equal(errorOf(await client.listParts(uploadId)), FAILED);
  repair();
  const done = await client.complete(uploadId, bytes);
  assert.ok((await client.fetch(String(done.headers['x-amz-archive-id']))).equals(bytes));
});

test('a repeated complete whose result cannot be read answers 500, and not that the upload is missing', async (t) => {
  const { client, dataDir } = await withEmulator(t);
  const uploadId = await client.initiate(MIB);
  await client.part(uploadId, 0, bytes);
  const first = await client.complete(uploadId, bytes);
  const repair = breakPath(join(dataDir, 'v1/vaults/v/finished', `${uploadId}.json`));
  assert.equal(errorOf(await client.complete(uploadId, bytes)), FAILED);
  repair();
  const again = await client.complete(uploadId, bytes);
  assert.equal(again.headers['x-amz-archive-id'], first.headers['x-amz-archive-id']);
});

test('a part answers 500 while the folder for temporary files is missing, and the upload stays open', async (t) => {
  const { client, dataDir } = await withEmulator(t);
  const uploadId = await client.initiate(MIB);
  const tmp = join(dataDir, 'v1/tmp');
  renameSync(tmp, `${tmp}.kept`);
  assert.equal(errorOf(await client.part(uploadId, 0, bytes)), FAILED);
  renameSync(`${tmp}.kept`, tmp);
  assert.equal((await client.part(uploadId, 0, bytes)).status, 204);
  const done = await client.complete(uploadId, bytes);
  assert.ok((await client.fetch(String(done.headers['x-amz-archive-id']))).equals(bytes));
});
