import assert from 'node:assert/strict';
import { readdirSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { openUploadFolder } from '../../../src/emulator/store/upload-metadata.js';
import { seededBytes } from '../../support/bytes.js';
import { treeHash, treeHashOfZeros } from '../support/raw-client.js';
import { sha256 } from '../support/signer.js';
import { errorOf, MIB } from '../support/vault-client.js';
import { withEmulator } from '../support/with-emulator.js';

const BAD = '400 InvalidParameterValueException';
const GONE = '404 ResourceNotFoundException';
const whole = seededBytes(2 * MIB + 77, 5);

async function initiated(t: Parameters<typeof withEmulator>[0], options = {}) {
  const setting = await withEmulator(t, options);
  const uploadId = await setting.client.initiate(MIB, 'a description');
  const send = (index: number) =>
    setting.client.part(uploadId, index * MIB, whole.subarray(index * MIB, (index + 1) * MIB));
  return { ...setting, uploadId, send };
}

test("completing answers 201 with the archive's id, path and hash, and the archive has the bytes of the parts", async (t) => {
  const { client, uploadId, send, dataDir } = await initiated(t);
  for (const index of [2, 0, 1]) assert.equal((await send(index)).status, 204);
  const answer = await client.complete(uploadId, whole);
  const id = String(answer.headers['x-amz-archive-id']);
  assert.equal(answer.status, 201);
  assert.equal(answer.text, '{}');
  assert.match(id, /^[A-Za-z0-9_-]{138}$/);
  assert.equal(answer.headers.location, `/111122223333/vaults/v/archives/${id}`);
  assert.equal(answer.headers['x-amz-sha256-tree-hash'], treeHash(whole));
  assert.ok((await client.fetch(id)).equals(whole));
  assert.deepEqual(readdirSync(join(dataDir, 'v1/trash')), []);
  assert.deepEqual(readdirSync(join(dataDir, 'v1/tmp')), []);
});

test('a wrong size, a wrong hash, a missing part and no part at all are refused, and the upload stays open', async (t) => {
  const { client, uploadId, send } = await initiated(t);
  const complete = (sizeBytes: number | string, hash: string | null) =>
    client.request({
      method: 'POST',
      path: `/multipart-uploads/${uploadId}`,
      headers: { 'x-amz-archive-size': String(sizeBytes), 'x-amz-sha256-tree-hash': hash },
    });
  assert.equal(errorOf(await client.complete(uploadId, whole)), BAD);
  assert.equal(errorOf(await complete(0, treeHash(Buffer.alloc(0)))), BAD);
  await send(0);
  await send(2);
  assert.equal(errorOf(await client.complete(uploadId, whole)), BAD);
  await send(1);
  for (const size of [whole.length - 1, whole.length + 1, 2 * MIB, 'x', -1]) {
    assert.equal(errorOf(await complete(size, treeHash(whole))), BAD, String(size));
  }
  const wrong = await complete(whole.length, 'c'.repeat(64));
  assert.equal(JSON.parse(wrong.text).message, `Invalid x-amz-sha256-tree-hash: ${'c'.repeat(64)}`);
  assert.equal(errorOf(await complete(whole.length, null)), '400 MissingParameterValueException');
  assert.equal((await client.complete(uploadId, whole)).status, 201);
});

test('a short part that is not the last is accepted, and completing fails until it is replaced', async (t) => {
  const { client, uploadId, send } = await initiated(t);
  assert.equal((await client.part(uploadId, 0, whole.subarray(0, 1000))).status, 204);
  await send(1);
  await send(2);
  const short = Buffer.concat([whole.subarray(0, 1000), whole.subarray(MIB)]);
  assert.equal(errorOf(await client.complete(uploadId, short)), BAD);
  assert.equal(errorOf(await client.complete(uploadId, whole)), BAD);
  await send(0);
  const done = await client.complete(uploadId, whole);
  assert.ok((await client.fetch(String(done.headers['x-amz-archive-id']))).equals(whole));
});

test('completing again returns the same archive, and all other operations on the upload answer 404', async (t) => {
  const { client, uploadId, send } = await initiated(t);
  for (const index of [0, 1, 2]) await send(index);
  const first = await client.complete(uploadId, whole);
  const again = await client.complete(uploadId, whole);
  assert.equal(again.status, 201);
  assert.equal(again.headers['x-amz-archive-id'], first.headers['x-amz-archive-id']);
  assert.equal(errorOf(await client.complete(uploadId, whole.subarray(1))), BAD);
  assert.equal(errorOf(await client.listParts(uploadId)), GONE);
  assert.equal(errorOf(await send(0)), GONE);
  assert.equal(errorOf(await client.abort(uploadId)), GONE);
  const list = await client.request({ method: 'GET', path: '/multipart-uploads' });
  assert.equal(list.text, '{"Marker":null,"UploadsList":[]}');
});

test('after the window for repeats, completing or aborting again answers 404', async (t) => {
  const { client, uploadId, send } = await initiated(t, { repeatWindowMs: 0 });
  for (const index of [0, 1, 2]) await send(index);
  assert.equal((await client.complete(uploadId, whole)).status, 201);
  assert.equal(errorOf(await client.complete(uploadId, whole)), GONE);
  const other = await client.initiate(MIB);
  assert.equal((await client.abort(other)).status, 204);
  assert.equal(errorOf(await client.abort(other)), GONE);
});

test('eight clients that complete at the same time get the same archive', async (t) => {
  const { client, uploadId, send } = await initiated(t);
  for (const index of [0, 1, 2, 1]) await send(index);
  const answers = await Promise.all(Array.from({ length: 8 }, () => client.complete(uploadId, whole)));
  assert.deepEqual([...new Set(answers.map(({ status }) => status))], [201]);
  assert.equal(new Set(answers.map(({ headers }) => headers['x-amz-archive-id'])).size, 1);
});

test('if complete and abort arrive at the same time, exactly one of them succeeds', async (t) => {
  const { client } = await withEmulator(t);
  const bytes = Buffer.from('hello world');
  for (let round = 0; round < 12; round++) {
    const uploadId = await client.initiate(MIB);
    await client.part(uploadId, 0, bytes);
    const [done, aborted] = await Promise.all([client.complete(uploadId, bytes), client.abort(uploadId)]);
    const outcome = [done.status, aborted.status].join(' ');
    assert.ok(outcome === '201 404' || outcome === '404 204', outcome);
    const again = await client.complete(uploadId, bytes);
    assert.equal(again.status, done.status);
    assert.equal(again.headers['x-amz-archive-id'], done.headers['x-amz-archive-id']);
  }
});

test('the archive does not contain bytes that an unfinished part left after the end', async (t) => {
  const { client, dataDir } = await withEmulator(t);
  const uploadId = await client.initiate(MIB);
  const bytes = seededBytes(MIB, 3);
  await client.part(uploadId, 0, bytes);
  const failed = await client.part(uploadId, MIB, bytes, {
    headers: { 'x-amz-sha256-tree-hash': 'd'.repeat(64) },
  });
  assert.equal(failed.status, 400);
  const done = await client.complete(uploadId, bytes);
  const archiveId = String(done.headers['x-amz-archive-id']);
  assert.equal(statSync(join(dataDir, 'v1/vaults/v/archives', archiveId)).size, MIB);
  assert.ok((await client.fetch(archiveId)).equals(bytes));
});

test("an id that is unknown, too short or a path gets the service's 404 error", async (t) => {
  const { client } = await withEmulator(t);
  for (const id of ['a'.repeat(92), 'short', encodeURIComponent(`../../${'x'.repeat(86)}`)]) {
    const answer = await client.complete(id, Buffer.from('x'));
    assert.equal(errorOf(answer), GONE);
    assert.equal(JSON.parse(answer.text).message, `The upload ID was not found: ${decodeURIComponent(id)}`);
    assert.equal(errorOf(await client.abort(id)), GONE);
    assert.equal(errorOf(await client.listParts(id)), GONE);
  }
});

/** Returns a body that stops halfway until `goOn` is called. */
function stalledLine(bytes: Buffer) {
  let goOn = () => {};
  let sent = () => {};
  const released = new Promise<void>((resolve) => {
    goOn = resolve;
  });
  const halfSent = new Promise<void>((resolve) => {
    sent = resolve;
  });
  async function* pieces() {
    yield bytes.subarray(0, 400_000);
    sent();
    await released;
    yield bytes.subarray(400_000);
  }
  return { body: Readable.from(pieces(), { highWaterMark: 1 }), halfSent, goOn: () => goOn() };
}

test('the stalled first transfer of a part that was sent again never changes the archive', async (t) => {
  const { client } = await withEmulator(t);
  const uploadId = await client.initiate(MIB);
  const [stale, good] = [seededBytes(MIB, 6), seededBytes(MIB, 7)];
  const line = stalledLine(stale);
  const late = client.part(uploadId, 0, stale, { body: line.body, payloadHash: sha256(stale) });
  await line.halfSent;
  await wait(50);
  assert.equal((await client.part(uploadId, 0, good)).status, 204);
  const done = await client.complete(uploadId, good);
  assert.equal(done.status, 201, done.text);
  const archiveId = String(done.headers['x-amz-archive-id']);
  assert.ok((await client.fetch(archiveId)).equals(good));
  line.goOn();
  assert.equal(errorOf(await late), GONE);
  assert.ok((await client.fetch(archiveId)).equals(good));
});

/** Writes the records of parts of zeros, as if they had been sent. */
function pretendParts(dataDir: string, uploadId: string, count: number): void {
  const folder = openUploadFolder(join(dataDir, 'v1/vaults/v'), uploadId);
  const hash = treeHash(Buffer.alloc(MIB));
  truncateSync(join(folder, 'data'), count * MIB);
  for (let i = 0; i < count; i++) {
    const slot = String(i).padStart(5, '0');
    const record = { startByte: i * MIB, endByte: (i + 1) * MIB - 1, treeHash: hash, side: null };
    writeFileSync(join(folder, 'claims', slot), '');
    writeFileSync(join(folder, 'parts', slot), JSON.stringify(record));
  }
}

test('a part that arrives while a thousand parts are checked makes complete fail, or gets 404', async (t) => {
  const { client, dataDir } = await withEmulator(t);
  const young = Buffer.alloc(MIB, 'y');
  const wholeHash = treeHashOfZeros(1024);
  const outcomes: string[] = [];
  for (const waitMs of [3, 5, 8, 12, 20]) {
    const uploadId = await client.initiate(MIB);
    pretendParts(dataDir, uploadId, 1024);
    const line = stalledLine(young);
    const part = client.part(uploadId, 0, young, { body: line.body, payloadHash: sha256(young) });
    await line.halfSent;
    await wait(50);
    const headers = { 'x-amz-archive-size': String(1024 * MIB), 'x-amz-sha256-tree-hash': wholeHash };
    const done = client.request({ method: 'POST', path: `/multipart-uploads/${uploadId}`, headers });
    await wait(waitMs);
    line.goOn();
    outcomes.push(`${(await done).status} ${(await part).status}`);
  }
  t.diagnostic(outcomes.join(', '));
  for (const outcome of outcomes) assert.ok(outcome === '201 404' || outcome === '400 204', outcome);
});
