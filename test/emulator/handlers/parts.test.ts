import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededBytes } from '../../support/bytes.js';
import { treeHash } from '../support/raw-client.js';
import { errorOf, MIB } from '../support/vault-client.js';
import { withEmulator } from '../support/with-emulator.js';

interface Listing {
  readonly Marker: string | null;
  readonly Parts: { readonly RangeInBytes: string; readonly SHA256TreeHash: string }[];
}

const BAD = '400 InvalidParameterValueException';

test('initiating an upload answers 201 with an id of 92 characters and its path', async (t) => {
  const { client } = await withEmulator(t);
  const headers = { 'x-amz-part-size': '4294967296' };
  const answer = await client.request({ method: 'POST', path: '/multipart-uploads', headers });
  const id = String(answer.headers['x-amz-multipart-upload-id']);
  assert.equal(answer.status, 201);
  assert.equal(answer.text, '{}');
  assert.match(id, /^[A-Za-z0-9_-]{92}$/);
  assert.equal(answer.headers.location, `/111122223333/vaults/v/multipart-uploads/${id}`);
});

test("a part size that is not a power of two from 1 MiB to 4 GiB gets the service's error", async (t) => {
  const { client } = await withEmulator(t);
  const initiate = (size: string | null) =>
    client.request({ method: 'POST', path: '/multipart-uploads', headers: { 'x-amz-part-size': size } });
  assert.equal(
    (await initiate('10485760')).text,
    '{"code":"InvalidParameterValueException","message":"Invalid part size: 10485760. Part size must not be null, ' +
      'must be a power of two and be between 1048576 and 4294967296 bytes.","type":"Client"}',
  );
  for (const size of ['0', '524288', '8589934592', '1e6', '-1', '1048576.5']) {
    assert.equal(errorOf(await initiate(size)), BAD, size);
  }
  assert.equal(errorOf(await initiate(null)), '400 MissingParameterValueException');
});

test('a description of more than 1,024 characters, or outside 0x20 to 0x7E, is refused', async (t) => {
  const { client } = await withEmulator(t);
  const initiate = (description: string) =>
    client.request({
      method: 'POST',
      path: '/multipart-uploads',
      headers: { 'x-amz-part-size': '1048576', 'x-amz-archive-description': description },
    });
  assert.equal((await initiate('x'.repeat(1024))).status, 201);
  assert.equal(errorOf(await initiate('x'.repeat(1025))), BAD);
  assert.notEqual((await initiate('caf\u00e9')).status, 201);
});

test('the list of parts is compact JSON with the same keys as the live service', async (t) => {
  const { client } = await withEmulator(t);
  const uploadId = await client.initiate(MIB, 'two  spaces');
  const [first, last] = [seededBytes(MIB, 1), seededBytes(5, 2)];
  await client.part(uploadId, MIB, last);
  const answer = await client.part(uploadId, 0, first);
  assert.equal(answer.status, 204);
  assert.equal(answer.headers['x-amz-sha256-tree-hash'], treeHash(first));
  assert.equal(answer.headers['content-type'], undefined);
  const { text } = await client.listParts(uploadId);
  const { CreationDate } = JSON.parse(text);
  assert.match(CreationDate, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  assert.equal(
    text,
    `{"ArchiveDescription":"two  spaces","CreationDate":"${CreationDate}","Marker":null,` +
      `"MultipartUploadId":"${uploadId}","PartSizeInBytes":1048576,"Parts":[` +
      `{"RangeInBytes":"0-1048575","SHA256TreeHash":"${treeHash(first)}"},` +
      `{"RangeInBytes":"1048576-1048580","SHA256TreeHash":"${treeHash(last)}"}],` +
      '"VaultARN":"arn:aws:glacier:us-east-1:111122223333:vaults/v"}',
  );
});

test('a range that is misaligned, too long, reversed or malformed is refused, and nothing is recorded', async (t) => {
  const { client } = await withEmulator(t);
  const uploadId = await client.initiate(2 * MIB);
  const bytes = Buffer.alloc(2 * MIB);
  const send = (range: string | null, body: Buffer) =>
    client.part(uploadId, 0, body, {
      headers: { 'content-range': range, 'content-length': String(body.length) },
    });
  for (const [range, sizeBytes] of [
    ['bytes 1048576-3145727/*', 2 * MIB],
    ['bytes 0-2097152/*', 2 * MIB],
    ['bytes 9-8/*', 5],
    ['bytes=0-4', 5],
    ['bytes 0-4', 5],
    ['bytes 0-4/', 5],
    ['bytes 0-4/4', 5],
    ['bytes 0-4/x', 5],
    ['bytes -4/*', 5],
  ] as const) {
    const answer = await send(range, bytes.subarray(0, sizeBytes));
    assert.equal(errorOf(answer), BAD, range);
    assert.equal(JSON.parse(answer.text).message, `Invalid Content-Range: ${range}`);
  }
  assert.equal(errorOf(await send(null, bytes)), '400 MissingParameterValueException');
  assert.deepEqual(JSON.parse((await client.listParts(uploadId)).text).Parts, []);
});

test('a range that ends with the length of the archive is accepted, as one that ends with a star', async (t) => {
  const { client } = await withEmulator(t);
  const uploadId = await client.initiate(MIB);
  const whole = seededBytes(MIB + 5, 7);
  for (const start of [0, MIB]) {
    const bytes = whole.subarray(start, start + MIB);
    const range = `bytes ${start}-${start + bytes.length - 1}/${whole.length}`;
    const answer = await client.part(uploadId, start, bytes, { headers: { 'content-range': range } });
    assert.equal(answer.status, 204, answer.text);
  }
  const done = await client.complete(uploadId, whole);
  assert.ok((await client.fetch(String(done.headers['x-amz-archive-id']))).equals(whole));
});

test("a length that does not fit the range, and an empty body, get the service's errors", async (t) => {
  const { client } = await withEmulator(t);
  const uploadId = await client.initiate(4 * MIB);
  const body = Buffer.alloc(1000);
  const answer = await client.part(uploadId, 0, body, { headers: { 'content-range': 'bytes 0-4194303/*' } });
  assert.equal(
    answer.text,
    '{"code":"InvalidParameterValueException","message":"Content-Range: bytes 0-4194303/* is incompatible with ' +
      'Content-Length: 1000","type":"Client"}',
  );
  const empty = await client.part(uploadId, 0, Buffer.alloc(0), {
    headers: { 'content-range': 'bytes 0-0/*' },
  });
  assert.equal(JSON.parse(empty.text).message, 'Invalid Content-Length: 0');
});

test('part number 10,000 is the last one', async (t) => {
  const { client } = await withEmulator(t);
  const uploadId = await client.initiate(MIB);
  const bytes = Buffer.from('end');
  assert.equal((await client.part(uploadId, 9_999 * MIB, bytes)).status, 204);
  const answer = await client.part(uploadId, 10_000 * MIB, bytes);
  assert.equal(answer.status, 400);
  assert.equal(
    JSON.parse(answer.text).message,
    'This is part number 10001 for the current multipart upload. It exceeds the limit of 10000 parts.',
  );
});

test('a wrong, a malformed and a missing tree hash get different errors, and nothing is recorded', async (t) => {
  const { client } = await withEmulator(t);
  const uploadId = await client.initiate(MIB);
  const bytes = Buffer.from('hello world');
  const send = (hash: string | null) =>
    client.part(uploadId, 0, bytes, { headers: { 'x-amz-sha256-tree-hash': hash } });
  const wrong = 'a'.repeat(64);
  const answer = await send(wrong);
  assert.equal(answer.status, 400);
  assert.equal(
    JSON.parse(answer.text).message,
    `Checksum mismatch: expected ${wrong}, computed ${treeHash(bytes)}`,
  );
  assert.equal(errorOf(await send('A'.repeat(64))), BAD);
  assert.equal(errorOf(await send(null)), '400 MissingParameterValueException');
  assert.deepEqual(JSON.parse((await client.listParts(uploadId)).text).Parts, []);
});

test('sending a part again replaces it, and a failed repeat does not change it', async (t) => {
  const { client } = await withEmulator(t);
  const uploadId = await client.initiate(MIB);
  const [one, two, three] = [1, 2, 3].map((seed) => seededBytes(MIB, seed)) as [Buffer, Buffer, Buffer];
  const listed = async () =>
    (JSON.parse((await client.listParts(uploadId)).text) as Listing).Parts.map((part) => part.SHA256TreeHash);
  await client.part(uploadId, 0, one);
  await client.part(uploadId, 0, two);
  assert.deepEqual(await listed(), [treeHash(two)]);
  const failed = await client.part(uploadId, 0, three, {
    headers: { 'x-amz-sha256-tree-hash': 'b'.repeat(64) },
  });
  assert.equal(failed.status, 400);
  assert.deepEqual(await listed(), [treeHash(two)]);
  const done = await client.complete(uploadId, two);
  assert.equal(done.status, 201);
  assert.ok((await client.fetch(String(done.headers['x-amz-archive-id']))).equals(two));
});

test('a page lists at most 50 parts, in the order of their ranges, and a full last page has no marker', async (t) => {
  const { client } = await withEmulator(t);
  const uploadId = await client.initiate(MIB);
  const bytes = Buffer.from('x');
  for (let i = 99; i >= 0; i--) await client.part(uploadId, i * MIB, bytes);
  const walk = async (limit: string) => {
    const ranges: string[] = [];
    let marker: string | null = '';
    let pages = 0;
    while (marker !== null) {
      const answer = await client.listParts(uploadId, `?marker=${marker}${limit}`);
      assert.equal(answer.status, 200, answer.text);
      const page = JSON.parse(answer.text) as Listing;
      ranges.push(...page.Parts.map(({ RangeInBytes }) => RangeInBytes));
      marker = page.Marker;
      assert.match(marker ?? '', /^[A-Za-z0-9_-]*$/);
      pages += 1;
    }
    return { ranges, pages };
  };
  const expected = Array.from({ length: 100 }, (_, i) => `${i * MIB}-${i * MIB}`);
  assert.deepEqual(await walk(''), { ranges: expected, pages: 2 });
  assert.deepEqual(await walk('&limit=30'), { ranges: expected, pages: 4 });
  assert.deepEqual(await walk('&limit=1000'), { ranges: expected, pages: 2 });
  for (const query of ['limit=0', 'limit=-1', 'marker=00001', 'marker=%00']) {
    assert.equal(errorOf(await client.listParts(uploadId, `?${query}`)), BAD, query);
  }
});

test('the parts of one upload may arrive at the same time and in any order', async (t) => {
  const { client } = await withEmulator(t);
  const uploadId = await client.initiate(MIB);
  const whole = seededBytes(12 * MIB + 5, 11);
  const order = [12, 3, 7, 0, 11, 5, 1, 9, 2, 10, 4, 8, 6];
  const answers = await Promise.all(
    order.map((i) => client.part(uploadId, i * MIB, whole.subarray(i * MIB, (i + 1) * MIB))),
  );
  assert.deepEqual([...new Set(answers.map(({ status }) => status))], [204]);
  const done = await client.complete(uploadId, whole);
  assert.ok((await client.fetch(String(done.headers['x-amz-archive-id']))).equals(whole));
});

test('of eight simultaneous transfers of one part, one is kept complete', async (t) => {
  const { client } = await withEmulator(t);
  const uploadId = await client.initiate(MIB);
  const candidates = Array.from({ length: 8 }, (_, seed) => seededBytes(MIB, seed + 100));
  const answers = await Promise.all(candidates.map((bytes) => client.part(uploadId, 0, bytes)));
  assert.deepEqual([...new Set(answers.map(({ status }) => status))], [204]);
  const { Parts } = JSON.parse((await client.listParts(uploadId)).text) as Listing;
  const winner = candidates.find((bytes) => treeHash(bytes) === Parts[0]?.SHA256TreeHash);
  assert.ok(winner !== undefined && Parts.length === 1);
  const done = await client.complete(uploadId, winner);
  assert.equal(done.status, 201, done.text);
  assert.ok((await client.fetch(String(done.headers['x-amz-archive-id']))).equals(winner));
});
