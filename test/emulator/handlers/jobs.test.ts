import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededBytes } from '../../support/bytes.js';
import { type Answer, treeHash } from '../support/raw-client.js';
import { errorOf, expectHeader, MIB, type VaultClient } from '../support/vault-client.js';
import { withEmulator } from '../support/with-emulator.js';

const BAD = '400 InvalidParameterValueException';
const bytes = seededBytes(3 * MIB + 9, 21);

const requestJob = (client: VaultClient, parameters: object): Promise<Answer> =>
  client.request({ method: 'POST', path: '/jobs', body: JSON.stringify(parameters) });

/** Initiates a job that must be accepted. @returns its id */
async function initiateJob(client: VaultClient, parameters: object): Promise<string> {
  return expectHeader(await requestJob(client, parameters), 202, 'x-amz-job-id');
}

const output = (client: VaultClient, jobId: string, range?: string) =>
  client.request({
    method: 'GET',
    path: `/jobs/${jobId}/output`,
    headers: range === undefined ? {} : { range },
  });

test('an archive of a single upload is read back complete, with its hash and description', async (t) => {
  const { client } = await withEmulator(t);
  const archiveId = await client.uploadArchive(bytes, 'my archive');
  const jobId = await initiateJob(client, { Type: 'archive-retrieval', ArchiveId: archiveId });
  assert.match(jobId, /^[A-Za-z0-9_-]{92}$/);
  const answer = await output(client, jobId);
  assert.equal(answer.status, 200);
  assert.ok(answer.bytes.equals(bytes));
  assert.equal(answer.headers['content-type'], 'application/octet-stream');
  assert.equal(answer.headers['accept-ranges'], 'bytes');
  assert.equal(answer.headers['x-amz-sha256-tree-hash'], treeHash(bytes));
  assert.equal(answer.headers['x-amz-archive-description'], 'my archive');
});

test('a single upload with an empty body, a wrong hash or no hash is refused', async (t) => {
  const { client } = await withEmulator(t);
  const send = (body: Buffer, hash: string | null) =>
    client.request({
      method: 'POST',
      path: '/archives',
      body,
      headers: { 'content-length': String(body.length), 'x-amz-sha256-tree-hash': hash },
    });
  const empty = await send(Buffer.alloc(0), treeHash(Buffer.alloc(0)));
  assert.equal(JSON.parse(empty.text).message, 'Invalid Content-Length: 0');
  assert.equal(errorOf(await send(Buffer.from('x'), 'e'.repeat(64))), BAD);
  assert.equal(errorOf(await send(Buffer.from('x'), null)), '400 MissingParameterValueException');
});

test('a range of the output answers 206, and has a tree hash only if it is a whole subtree', async (t) => {
  const { client } = await withEmulator(t);
  const jobId = await initiateJob(client, {
    Type: 'archive-retrieval',
    ArchiveId: await client.uploadArchive(bytes),
  });
  const end = bytes.length - 1;
  for (const [start, last, aligned] of [
    [0, MIB - 1, true],
    [MIB, 2 * MIB - 1, true],
    [0, 2 * MIB - 1, true],
    [MIB, 3 * MIB - 1, false],
    [2 * MIB, end, true],
    [3 * MIB, end, true],
    [MIB, end, false],
    [5, 5, false],
  ] as const) {
    const answer = await output(client, jobId, `bytes=${start}-${last}`);
    const expected = bytes.subarray(start, last + 1);
    assert.equal(answer.status, 206);
    assert.equal(answer.headers['content-range'], `bytes ${start}-${last}/${bytes.length}`);
    assert.ok(answer.bytes.equals(expected));
    const hash = answer.headers['x-amz-sha256-tree-hash'];
    assert.equal(hash, aligned ? treeHash(expected) : undefined, `${start}-${last}`);
  }
});

test('a range of the output ends with the output, and one that starts after it is refused', async (t) => {
  const { client } = await withEmulator(t);
  const jobId = await initiateJob(client, {
    Type: 'archive-retrieval',
    ArchiveId: await client.uploadArchive(bytes),
  });
  const rest = bytes.subarray(3 * MIB);
  for (const last of [bytes.length, 4 * MIB - 1, '9'.repeat(30)]) {
    const answer = await output(client, jobId, `bytes=${3 * MIB}-${last}`);
    assert.equal(answer.status, 206);
    assert.equal(answer.headers['content-range'], `bytes ${3 * MIB}-${bytes.length - 1}/${bytes.length}`);
    assert.equal(answer.headers['x-amz-sha256-tree-hash'], treeHash(rest));
    assert.ok(answer.bytes.equals(rest));
  }
  const range = `bytes=${bytes.length}-${4 * MIB}`;
  const refused = await output(client, jobId, range);
  assert.equal(errorOf(refused), BAD);
  const message = `The start of the range is larger than size of retrieved data: ${range}`;
  assert.equal(JSON.parse(refused.text).message, message);
});

test('a range header of another form is ignored, and the whole output comes', async (t) => {
  const { client } = await withEmulator(t);
  const jobId = await initiateJob(client, { Type: 'inventory-retrieval' });
  const whole = await output(client, jobId);
  for (const range of [
    'bytes 0-1',
    'bytes 0-1/9',
    '0-100/493',
    'bytes=5-4',
    'bytes=-5',
    'bytes=5-',
    'bytes=0-1,3-4',
  ]) {
    const answer = await output(client, jobId, range);
    assert.deepEqual([answer.status, answer.headers['content-range']], [200, undefined], range);
    assert.equal(answer.text, whole.text);
  }
});

test('a range of an archive can be retrieved if it is aligned to MiB', async (t) => {
  const { client } = await withEmulator(t);
  const ArchiveId = await client.uploadArchive(bytes);
  const parameters = (RetrievalByteRange: string) => ({
    Type: 'archive-retrieval',
    ArchiveId,
    RetrievalByteRange,
  });
  const jobId = await initiateJob(client, parameters(`${MIB}-${3 * MIB - 1}`));
  assert.ok((await output(client, jobId)).bytes.equals(bytes.subarray(MIB, 3 * MIB)));
  assert.ok((await output(client, jobId, 'bytes=10-19')).bytes.equals(bytes.subarray(MIB + 10, MIB + 20)));
  assert.equal((await requestJob(client, parameters(`${3 * MIB}-${bytes.length - 1}`))).status, 202);
  for (const range of ['1-1048575', '0-1048574', `0-${bytes.length}`, '0-']) {
    assert.equal(errorOf(await requestJob(client, parameters(range))), BAD, range);
  }
});

test('a job is described with every key, in alphabetical order', async (t) => {
  const { client } = await withEmulator(t);
  const archiveId = await client.uploadArchive(Buffer.from('hello world'));
  const jobId = await initiateJob(client, {
    Type: 'archive-retrieval',
    ArchiveId: archiveId,
    Description: 'd',
    Tier: 'Bulk',
  });
  const { text } = await client.request({ method: 'GET', path: `/jobs/${jobId}` });
  const { CreationDate, CompletionDate } = JSON.parse(text);
  const hash = treeHash(Buffer.from('hello world'));
  assert.equal(
    text,
    `{"Action":"ArchiveRetrieval","ArchiveId":"${archiveId}","ArchiveSHA256TreeHash":"${hash}",` +
      `"ArchiveSizeInBytes":11,"Completed":true,"CompletionDate":"${CompletionDate}",` +
      `"CreationDate":"${CreationDate}","InventoryRetrievalParameters":null,"InventorySizeInBytes":null,` +
      `"JobDescription":"d","JobId":"${jobId}","RetrievalByteRange":"0-10","SHA256TreeHash":"${hash}",` +
      '"SNSTopic":null,"StatusCode":"Succeeded","StatusMessage":"Succeeded","Tier":"Bulk",' +
      '"VaultARN":"arn:aws:glacier:us-east-1:111122223333:vaults/v"}',
  );
});

test('a job with a delay is in progress, and its output is not available yet', async (t) => {
  const { client } = await withEmulator(t, { jobDelayMs: 3_600_000 });
  const jobId = await initiateJob(client, { Type: 'inventory-retrieval' });
  const job = JSON.parse((await client.request({ method: 'GET', path: `/jobs/${jobId}` })).text);
  assert.deepEqual([job.Completed, job.StatusCode, job.CompletionDate], [false, 'InProgress', null]);
  const answer = await output(client, jobId);
  assert.equal(errorOf(answer), BAD);
  assert.equal(JSON.parse(answer.text).message, `The job is not currently available for download: ${jobId}`);
});

test('a deleted archive can only be retrieved by a job that was initiated before', async (t) => {
  const { client } = await withEmulator(t);
  const archiveId = await client.uploadArchive(bytes);
  const jobId = await initiateJob(client, { Type: 'archive-retrieval', ArchiveId: archiveId });
  for (const round of ['first', 'again']) {
    const answer = await client.request({ method: 'DELETE', path: `/archives/${archiveId}` });
    assert.equal(answer.status, 204, round);
  }
  const refused = await requestJob(client, { Type: 'archive-retrieval', ArchiveId: archiveId });
  assert.equal(refused.status, 404);
  assert.equal(JSON.parse(refused.text).message, `The archive ID was not found: ${archiveId}`);
  assert.ok((await output(client, jobId)).bytes.equals(bytes));
});

test('the inventory lists the current archives, in its own key order and without milliseconds', async (t) => {
  const { client } = await withEmulator(t);
  const archiveId = await client.uploadArchive(Buffer.from('hello world'), 'say "hi" \\ there');
  const jobId = await initiateJob(client, { Type: 'inventory-retrieval' });
  const { text, headers } = await output(client, jobId);
  const { InventoryDate, ArchiveList } = JSON.parse(text);
  assert.equal(headers['content-type'], 'application/json');
  assert.match(InventoryDate, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
  const hash = treeHash(Buffer.from('hello world'));
  assert.equal(
    text,
    '{"VaultARN":"arn:aws:glacier:us-east-1:111122223333:vaults/v",' +
      `"InventoryDate":"${InventoryDate}","ArchiveList":[{"ArchiveId":"${archiveId}",` +
      `"ArchiveDescription":"say \\"hi\\" \\\\ there","CreationDate":"${ArchiveList[0].CreationDate}",` +
      `"Size":11,"SHA256TreeHash":"${hash}"}]}`,
  );
  const csvJob = await initiateJob(client, { Type: 'inventory-retrieval', Format: 'CSV' });
  const csv = await output(client, csvJob);
  assert.equal(csv.headers['content-type'], 'text/csv');
  assert.equal(
    csv.text,
    'ArchiveId,ArchiveDescription,CreationDate,Size,SHA256TreeHash\r\n' +
      `${archiveId},"say \\"hi\\" \\ there",${ArchiveList[0].CreationDate},11,${hash}\r\n`,
  );
});

test('an inventory can be limited to a number of archives and continued', async (t) => {
  const { client } = await withEmulator(t);
  const stored: string[] = [];
  for (let i = 0; i < 5; i++) stored.push(await client.uploadArchive(Buffer.from(`archive ${i}`)));
  const seen: string[] = [];
  let Marker: string | null = null;
  do {
    const parameters = { Limit: '2', ...(Marker === null ? {} : { Marker }) };
    const jobId = await initiateJob(client, {
      Type: 'inventory-retrieval',
      InventoryRetrievalParameters: parameters,
    });
    const list = JSON.parse((await output(client, jobId)).text).ArchiveList as { ArchiveId: string }[];
    seen.push(...list.map(({ ArchiveId }) => ArchiveId));
    const job = JSON.parse((await client.request({ method: 'GET', path: `/jobs/${jobId}` })).text);
    Marker = job.InventoryRetrievalParameters.Marker;
  } while (Marker !== null);
  assert.deepEqual(seen.toSorted(), stored.toSorted());
  const EndDate = '2012-01-01T00:00:00Z';
  const jobId = await initiateJob(client, {
    Type: 'inventory-retrieval',
    InventoryRetrievalParameters: { EndDate },
  });
  assert.deepEqual(JSON.parse((await output(client, jobId)).text).ArchiveList, []);
});

test('jobs are listed in pages and can be filtered by state', async (t) => {
  const { client } = await withEmulator(t);
  const made: string[] = [];
  for (let i = 0; i < 5; i++) made.push(await initiateJob(client, { Type: 'inventory-retrieval' }));
  const list = async (query: string) =>
    JSON.parse((await client.request({ method: 'GET', path: `/jobs${query}` })).text);
  const first = await list('?limit=3');
  const second = await list(`?limit=2&marker=${first.Marker}`);
  assert.equal(second.Marker, null);
  const ids = [...first.JobList, ...second.JobList].map(({ JobId }: { JobId: string }) => JobId);
  assert.deepEqual(ids.toSorted(), made.toSorted());
  assert.equal((await list('?statuscode=Succeeded&completed=true')).JobList.length, 5);
  assert.equal((await list('?completed=false')).JobList.length, 0);
  assert.equal((await list('?statuscode=finished')).message, 'The job status code is not valid: finished');
});

test('a list of jobs has at most 50 of them, for any larger limit', async (t) => {
  const { client } = await withEmulator(t);
  await Promise.all(Array.from({ length: 51 }, () => initiateJob(client, { Type: 'inventory-retrieval' })));
  const { text } = await client.request({ method: 'GET', path: '/jobs?limit=1000' });
  const { JobList, Marker } = JSON.parse(text);
  assert.equal(JobList.length, 50);
  assert.notEqual(Marker, null);
});

test('job parameters that are not JSON, or have a missing or an illegal field, get an error', async (t) => {
  const { client } = await withEmulator(t);
  const send = async (body: string) => errorOf(await client.request({ method: 'POST', path: '/jobs', body }));
  assert.equal(await send(''), '400 MissingParameterValueException');
  assert.equal(await send('{'), '400 SerializationException');
  assert.equal(await send('[]'), '400 SerializationException');
  assert.equal(await send('{}'), '400 MissingParameterValueException');
  assert.equal(await send('{"Type":"select"}'), BAD);
  assert.equal(await send('{"Type":"archive-retrieval"}'), '400 MissingParameterValueException');
  assert.equal(
    await send('{"Type":"archive-retrieval","ArchiveId":"../../x"}'),
    '404 ResourceNotFoundException',
  );
  assert.equal(await send('{"Type":"inventory-retrieval","Tier":"Fast"}'), BAD);
  assert.equal(errorOf(await output(client, 'a'.repeat(92))), '404 ResourceNotFoundException');
});
