import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startEmulator } from '../../../src/emulator/server.js';
import { tempFolder } from '../../support/temp.js';
import { sendSigned } from '../support/raw-client.js';
import { errorOf, expectHeader, MIB, type VaultClient, vaultClient } from '../support/vault-client.js';
import { withEmulator } from '../support/with-emulator.js';

async function takeInventory(client: VaultClient): Promise<void> {
  const answer = await client.request({
    method: 'POST',
    path: '/jobs',
    body: '{"Type":"inventory-retrieval"}',
  });
  expectHeader(answer, 202, 'x-amz-job-id');
}

test('creating a vault answers 201 with its path, and creating it again keeps its contents', async (t) => {
  const { emulator, client } = await withEmulator(t);
  const uploadId = await client.initiate(MIB);
  for (const path of ['/-/vaults/v', '/111122223333/vaults/new']) {
    const answer = await sendSigned(emulator.url, { method: 'PUT', path });
    assert.equal(answer.status, 201);
    assert.equal(answer.text, '{}');
    assert.equal(answer.headers['content-type'], 'application/json');
    assert.equal(answer.headers.location, path.replace('/-/', '/111122223333/'));
    assert.match(String(answer.headers['x-amzn-requestid']), /^[A-Za-z0-9_-]{47}$/);
  }
  assert.equal((await client.listParts(uploadId)).status, 200);
});

test('a vault name with illegal characters is refused, and nothing outside the folder is created', async (t) => {
  const { emulator } = await withEmulator(t);
  for (const name of ['a%2Fb', '%2e%2e%2F%2e%2e%2Fx', 'a%20b', 'x'.repeat(256)]) {
    const answer = await sendSigned(emulator.url, { method: 'PUT', path: `/-/vaults/${name}` });
    assert.equal(errorOf(answer), '400 InvalidParameterValueException', name);
    const look = await sendSigned(emulator.url, { method: 'GET', path: `/-/vaults/${name}` });
    assert.equal(errorOf(look), '404 ResourceNotFoundException', name);
  }
  const illegal = startEmulator({ dataDir: tempFolder(t), vaults: ['a/b'] });
  await assert.rejects(illegal, /"a\/b" is not a vault name/);
});

test('the vault named .. is a vault like any other', async (t) => {
  const { emulator } = await withEmulator(t, { vaults: ['..', '.', 'x'.repeat(255)] });
  const answer = await sendSigned(emulator.url, { method: 'GET', path: '/-/vaults' });
  const { VaultList } = JSON.parse(answer.text) as { VaultList: { VaultName: string }[] };
  assert.deepEqual(
    VaultList.map(({ VaultName }) => VaultName),
    ['.', '..', 'x'.repeat(255)],
  );
});

test('a vault before its first inventory is described with keys in alphabetical order and a null date', async (t) => {
  const { client } = await withEmulator(t);
  const { text } = await client.request({ method: 'GET', path: '' });
  const { CreationDate } = JSON.parse(text);
  assert.match(CreationDate, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  assert.equal(
    text,
    `{"CreationDate":"${CreationDate}","LastInventoryDate":null,"NumberOfArchives":0,"SizeInBytes":0,` +
      '"VaultARN":"arn:aws:glacier:us-east-1:111122223333:vaults/v","VaultName":"v"}',
  );
});

test('counts do not change until the next inventory, and include 32 KiB for each archive', async (t) => {
  const { client } = await withEmulator(t);
  const describe = async () => JSON.parse((await client.request({ method: 'GET', path: '' })).text);
  const archiveId = await client.uploadArchive(Buffer.alloc(1000));
  assert.equal((await describe()).NumberOfArchives, 0);
  await takeInventory(client);
  const { NumberOfArchives, SizeInBytes, LastInventoryDate } = await describe();
  assert.deepEqual([NumberOfArchives, SizeInBytes], [1, 1000 + 32_768]);
  assert.ok(Math.abs(Date.parse(LastInventoryDate) - Date.now()) < 60_000);
  await client.request({ method: 'DELETE', path: `/archives/${archiveId}` });
  assert.equal((await describe()).NumberOfArchives, 1);
});

test('with an inventory interval of 0 the counts are always up to date', async (t) => {
  const { client } = await withEmulator(t, { inventoryIntervalMs: 0 });
  await client.uploadArchive(Buffer.alloc(10));
  assert.equal(JSON.parse((await client.request({ method: 'GET', path: '' })).text).NumberOfArchives, 1);
});

test('every operation in an unknown vault answers 404', async (t) => {
  const { emulator } = await withEmulator(t);
  const nowhere = vaultClient(emulator.url, 'nowhere');
  for (const [method, path] of [
    ['GET', ''],
    ['POST', '/multipart-uploads'],
    ['GET', '/multipart-uploads'],
    ['GET', `/multipart-uploads/${'a'.repeat(92)}`],
    ['POST', '/archives'],
    ['POST', '/jobs'],
    ['GET', '/jobs'],
  ] as const) {
    const answer = await nowhere.request({ method, path });
    assert.equal(answer.status, 404, `${method} ${path}`);
    assert.equal(
      answer.text,
      '{"code":"ResourceNotFoundException","message":"Vault not found for ARN: ' +
        'arn:aws:glacier:us-east-1:111122223333:vaults/nowhere","type":"Client"}',
    );
  }
});

test('a page lists at most ten vaults, in ASCII order, and its marker is an ARN', async (t) => {
  const names = Array.from({ length: 21 }, (_, i) =>
    i % 2 === 0 ? `Vault-${i + 10}` : `vault-${i + 10}`,
  ).sort();
  const { emulator } = await withEmulator(t, { vaults: names });
  const seen: string[] = [];
  let marker: string | null = '';
  let pages = 0;
  while (marker !== null) {
    const query = marker === '' ? 'limit=7' : `limit=7&marker=${encodeURIComponent(marker)}`;
    const answer = await sendSigned(emulator.url, { method: 'GET', path: `/-/vaults?${query}` });
    const page = JSON.parse(answer.text) as { Marker: string | null; VaultList: { VaultName: string }[] };
    seen.push(...page.VaultList.map(({ VaultName }) => VaultName));
    marker = page.Marker;
    pages += 1;
  }
  assert.deepEqual(seen, names);
  assert.equal(pages, 3, 'the last page is exactly full, and its marker is null');
  const tooMany = await sendSigned(emulator.url, { method: 'GET', path: '/-/vaults?limit=1000' });
  assert.equal(JSON.parse(tooMany.text).VaultList.length, 10, 'a limit above the maximum gets the maximum');
  for (const query of ['limit=0', 'limit=x', 'marker=nonsense']) {
    const answer = await sendSigned(emulator.url, { method: 'GET', path: `/-/vaults?${query}` });
    assert.equal(errorOf(answer), '400 InvalidParameterValueException', query);
  }
});

test('a vault is deleted only when it is empty as of the last inventory and not written to since', async (t) => {
  const { client } = await withEmulator(t);
  const remove = () => client.request({ method: 'DELETE', path: '' });
  const archiveId = await client.uploadArchive(Buffer.alloc(10));
  const refused = await remove();
  assert.equal(refused.status, 400);
  assert.equal(
    JSON.parse(refused.text).message,
    'Vault not empty or recently written to: arn:aws:glacier:us-east-1:111122223333:vaults/v',
  );
  await client.request({ method: 'DELETE', path: `/archives/${archiveId}` });
  assert.equal((await remove()).status, 400, 'it is empty, but no inventory was taken since');
  await takeInventory(client);
  const uploadId = await client.initiate(MIB);
  assert.equal((await remove()).status, 400, 'an upload is in progress');
  await client.abort(uploadId);
  assert.equal((await remove()).status, 204);
  assert.equal((await client.request({ method: 'GET', path: '' })).status, 404);
  assert.equal((await remove()).status, 204, 'deleting a missing vault succeeds');
});

test('an unknown path answers 404 after the signature was checked', async (t) => {
  const { emulator } = await withEmulator(t);
  assert.equal(
    errorOf(await sendSigned(emulator.url, { method: 'GET', path: '/-/provisioned-capacity' })),
    '404 UnknownOperationException',
  );
});
