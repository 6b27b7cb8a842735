import assert from 'node:assert/strict';
import { existsSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { openUploadFolder } from '../../../src/emulator/store/upload-metadata.js';
import { errorOf, MIB, type VaultClient } from '../support/vault-client.js';
import { withEmulator } from '../support/with-emulator.js';

const GONE = '404 ResourceNotFoundException';
const HOUR_MS = 3600 * 1000;

interface Listing {
  readonly Marker: string | null;
  readonly UploadsList: { readonly MultipartUploadId: string }[];
}

async function listAll(client: VaultClient, limit = 50): Promise<{ ids: string[]; pages: number }> {
  const ids: string[] = [];
  let pages = 0;
  let marker: string | null = '';
  while (marker !== null) {
    const path = `/multipart-uploads?limit=${limit}${marker === '' ? '' : `&marker=${marker}`}`;
    const page = JSON.parse((await client.request({ method: 'GET', path })).text) as Listing;
    ids.push(...page.UploadsList.map(({ MultipartUploadId }) => MultipartUploadId));
    marker = page.Marker;
    pages += 1;
  }
  return { ids, pages };
}

test('230 open uploads are listed in pages, each once, and about a quarter of the ids begin with a hyphen', async (t) => {
  const { client } = await withEmulator(t);
  const initiated = await Promise.all(Array.from({ length: 230 }, () => client.initiate(MIB)));
  for (const [limit, pages] of [
    [1000, 5],
    [50, 5],
    [46, 5],
    [7, 33],
  ] as const) {
    const listed = await listAll(client, limit);
    assert.equal(listed.pages, pages);
    assert.deepEqual(listed.ids.toSorted(), initiated.toSorted());
  }
  const hyphens = initiated.filter((id) => id.startsWith('-')).length;
  assert.ok(hyphens > 20 && hyphens < 110, `${hyphens} of 230 begin with a hyphen`);
});

test('the list of uploads is compact JSON with nulls and with keys in alphabetical order', async (t) => {
  const { client } = await withEmulator(t);
  const uploadId = await client.initiate(4 * MIB);
  const { text } = await client.request({ method: 'GET', path: '/multipart-uploads' });
  const { CreationDate } = JSON.parse(text).UploadsList[0];
  assert.equal(
    text,
    `{"Marker":null,"UploadsList":[{"ArchiveDescription":null,"CreationDate":"${CreationDate}",` +
      `"MultipartUploadId":"${uploadId}","PartSizeInBytes":4194304,` +
      '"VaultARN":"arn:aws:glacier:us-east-1:111122223333:vaults/v"}]}',
  );
});

test('a page starts after its marker even if the upload of the marker no longer exists', async (t) => {
  const { client } = await withEmulator(t);
  for (let i = 0; i < 9; i++) await client.initiate(MIB);
  const { ids } = await listAll(client);
  const first = JSON.parse(
    (await client.request({ method: 'GET', path: '/multipart-uploads?limit=4' })).text,
  ) as Listing;
  await client.abort(ids[3] ?? '');
  const path = `/multipart-uploads?marker=${first.Marker}`;
  const rest = JSON.parse((await client.request({ method: 'GET', path })).text) as Listing;
  assert.deepEqual(
    rest.UploadsList.map(({ MultipartUploadId }) => MultipartUploadId),
    ids.slice(4),
  );
});

test('a limit that is not a positive number, and an invented marker, are refused', async (t) => {
  const { client } = await withEmulator(t);
  for (const query of ['limit=0', 'limit=ten', 'marker=AAAA', `marker=${'a'.repeat(92)}`]) {
    const answer = await client.request({ method: 'GET', path: `/multipart-uploads?${query}` });
    assert.equal(errorOf(answer), '400 InvalidParameterValueException', query);
  }
});

test('aborting answers 204, also when repeated, and all other operations on the upload answer 404', async (t) => {
  const { client, dataDir } = await withEmulator(t);
  const uploadId = await client.initiate(MIB);
  await client.part(uploadId, 0, Buffer.from('x'));
  const answer = await client.abort(uploadId);
  assert.equal(answer.status, 204);
  assert.equal(answer.text, '');
  assert.equal(answer.headers['content-type'], undefined);
  assert.equal((await client.abort(uploadId)).status, 204);
  assert.equal(errorOf(await client.part(uploadId, 0, Buffer.from('x'))), GONE);
  assert.equal(errorOf(await client.complete(uploadId, Buffer.from('x'))), GONE);
  assert.equal(errorOf(await client.listParts(uploadId)), GONE);
  assert.ok(!existsSync(openUploadFolder(join(dataDir, 'v1/vaults/v'), uploadId)));
});

/** Makes an upload look idle for this long. */
function makeIdle(dataDir: string, uploadId: string, ms: number): void {
  const parts = join(openUploadFolder(join(dataDir, 'v1/vaults/v'), uploadId), 'parts');
  utimesSync(parts, new Date(Date.now() - ms), new Date(Date.now() - ms));
}

test('an upload expires after an idle day, and a part extends it by a day', async (t) => {
  const { client, dataDir } = await withEmulator(t);
  const [young, old, used] = await Promise.all([
    client.initiate(MIB),
    client.initiate(MIB),
    client.initiate(MIB),
  ]);
  makeIdle(dataDir, young, 23 * HOUR_MS);
  makeIdle(dataDir, old, 25 * HOUR_MS);
  makeIdle(dataDir, used, 23 * HOUR_MS);
  await client.part(used, 0, Buffer.from('x'));
  assert.deepEqual((await listAll(client)).ids.toSorted(), [young, used].toSorted());
  assert.equal(errorOf(await client.listParts(old)), GONE);
  assert.equal(errorOf(await client.abort(old)), GONE);
  assert.equal((await client.listParts(young)).status, 200);
});

test('with a time to live of null an upload never expires', async (t) => {
  const { client, dataDir } = await withEmulator(t, { uploadTtlMs: null });
  const uploadId = await client.initiate(MIB);
  makeIdle(dataDir, uploadId, 10_000 * HOUR_MS);
  assert.equal((await client.listParts(uploadId)).status, 200);
  assert.deepEqual((await listAll(client)).ids, [uploadId]);
});
