/** The inventory of a vault, which may have millions of archives, is read in pieces. */
import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { test } from 'node:test';
import { isFailure } from '../../src/core/failures.js';
import { parseArchives } from '../../src/targets/glacier/inventory-output.js';
import type { ListedArchive } from '../../src/transfer/ports/archive-list.js';
import { hashOf } from '../state/samples.js';
import { json, type ReceivedRequest, refusal, scriptedServer, targetAt } from './scripted-server.js';

const OPERATION = { name: 'GetJobOutput', vault: 'photos', uploadId: null, sent: null };
const { signal } = new AbortController();

function itemOf(index: number): object {
  return {
    ArchiveId: `id-${index}`,
    ArchiveDescription: `}],"\\${index}`,
    CreationDate: '2026-01-02T03:04:05Z',
    Size: index,
    SHA256TreeHash: hashOf(0),
  };
}

function inventoryOf(count: number): Buffer {
  const ArchiveList = Array.from({ length: count }, (_, index) => itemOf(index));
  return Buffer.from(JSON.stringify({ VaultARN: 'arn', InventoryDate: '2026-02-02T03:04:05Z', ArchiveList }));
}

test('a list that is cut at any byte gives the archives before the cut, and goes on after them', () => {
  const list = Buffer.from(` ${JSON.stringify([itemOf(1), itemOf(2)], null, 1).slice(1)}`);
  for (let cut = 0; cut <= list.length; cut += 1) {
    const before = parseArchives(list.subarray(0, cut), OPERATION);
    const after = parseArchives(list.subarray(before.usedBytes), OPERATION);
    const found = before.isEnd ? before.archives : [...before.archives, ...after.archives];
    assert.deepEqual(
      found.map(({ sizeBytes }) => sizeBytes),
      [1, 2],
    );
    assert.ok(before.isEnd || after.isEnd);
  }
});

/** Answers the requests of an audit. @param jobs the list of jobs */
function vaultWith(output: Buffer, jobs: readonly object[], knowsRanges = true) {
  return (response: ServerResponse, { url, headers }: ReceivedRequest): void => {
    if (!url.includes('/output')) {
      json(response, 200, { JobList: jobs, Marker: null });
      return;
    }
    const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(headers['range'] ?? '') ?? [];
    const end = Math.min(Number(last), output.length - 1);
    const range = { 'content-range': `bytes ${first}-${end}/${output.length}` };
    response.writeHead(knowsRanges ? 206 : 200, { 'x-amzn-requestid': 'r', ...(knowsRanges && range) });
    response.end(knowsRanges ? output.subarray(Number(first), end + 1) : output);
  };
}

const JOB = {
  Action: 'InventoryRetrieval',
  JobId: 'job',
  StatusCode: 'Succeeded',
  CompletionDate: new Date().toISOString(),
  CreationDate: '2026-02-02T00:00:00.000Z',
  InventoryRetrievalParameters: { Format: 'JSON', StartDate: null, EndDate: null, Limit: null, Marker: null },
};

for (const knowsRanges of [true, false]) {
  const count = knowsRanges ? 30_000 : 10_000;
  const server = knowsRanges ? 'a service that knows ranges' : 'a server that does not know ranges';
  test(`${count} archives are read in pieces, each once, from ${server}`, async (t) => {
    const output = inventoryOf(count);
    const job = { ...JOB, InventorySizeInBytes: knowsRanges ? output.length : null };
    const { url, requests } = await scriptedServer(t, vaultWith(output, [job], knowsRanges));
    const target = targetAt(t, url);
    const list = await target.openArchiveList(signal);
    assert.ok(list.state === 'ready');
    assert.equal(list.takenAt, '2026-02-02T03:04:05.000Z');
    const archives: ListedArchive[] = [];
    for (let marker = list.marker; marker !== null; ) {
      const page = await target.listArchivesPage(marker, signal);
      archives.push(...page.archives);
      marker = page.marker;
    }
    assert.deepEqual(
      archives.map(({ archiveId }) => archiveId),
      Array.from({ length: count }, (_, i) => `id-${i}`),
    );
    assert.equal(archives[7]?.description, '}],"\\7');
    const ends = requests.map(({ headers }) => Number(headers['range']?.split('-')[1] ?? 0));
    if (knowsRanges) assert.equal(Math.max(...ends), output.length - 1, 'no range ends behind the output');
    assert.equal(requests.length, knowsRanges ? 5 : 3);
  });
}

test('a new vault that refuses the job has no inventory yet, and does exist', async (t) => {
  const { url } = await scriptedServer(t, (response, received) => {
    if (received.method === 'GET') json(response, 200, { JobList: [], Marker: null });
    else refusal('ResourceNotFoundException', 'Inventory not found', 404)(response, received);
  });
  assert.deepEqual(await targetAt(t, url).openArchiveList(signal), { state: 'none' });
});

test('only an inventory of the whole vault is used: the newest that is ready, or else one in progress', async (t) => {
  const limited = { Format: 'JSON', StartDate: null, EndDate: null, Limit: '10', Marker: null };
  const jobs: object[] = [
    { ...JOB, JobId: 'retrieval', Action: 'ArchiveRetrieval' },
    { ...JOB, JobId: 'limited', InventoryRetrievalParameters: limited },
    { ...JOB, JobId: 'csv', InventoryRetrievalParameters: { ...limited, Limit: null, Format: 'CSV' } },
    { ...JOB, JobId: 'old', CompletionDate: '2026-02-02T00:00:00.000Z' },
    { ...JOB, JobId: 'failed', StatusCode: 'Failed' },
    { ...JOB, JobId: 'under-way', StatusCode: 'InProgress', CompletionDate: null },
  ];
  const { url } = await scriptedServer(t, (...args) => vaultWith(inventoryOf(1), jobs)(...args));
  const target = targetAt(t, url);
  const pending = await target.openArchiveList(signal);
  assert.deepEqual(pending, {
    state: 'pending',
    jobId: 'under-way',
    startedAt: JOB.CreationDate,
    isNew: false,
  });
  jobs.push(JOB);
  const ready = await target.openArchiveList(signal);
  assert.ok(ready.state === 'ready' && ready.marker?.startsWith('job:'));
});

/** Returns the answers of a vault without an inventory that can be read, and what it was asked. */
function vaultWithout(jobs: readonly object[], describe: { status: number; job?: object }) {
  const asked: string[] = [];
  const script = (response: ServerResponse, { method, url }: ReceivedRequest): void => {
    const path = url.replace(/^.*vaults\/photos/, '').replace(/\?.*$/, '');
    asked.push(`${method} ${path}`);
    if (path.endsWith('/output') || (path === '/jobs/new' && describe.status === 404)) {
      json(response, 404, {
        code: 'ResourceNotFoundException',
        message: 'The job ID was not found.',
        type: 'Client',
      });
    } else if (method === 'POST') json(response, 202, {}, { 'x-amz-job-id': 'new' });
    else json(response, 200, path === '/jobs' ? { JobList: jobs, Marker: null } : describe.job);
  };
  return { script, asked };
}

const UNDER_WAY = { ...JOB, JobId: 'new', StatusCode: 'InProgress', CompletionDate: null };

for (const [title, jobs, describe] of [
  [
    'a job that failed',
    [{ ...JOB, StatusCode: 'Failed', StatusMessage: 'no' }],
    { status: 200, job: UNDER_WAY },
  ],
  ['a job whose output the service no longer has', [JOB], { status: 200, job: UNDER_WAY }],
  ['a job that the service does not show yet', [], { status: 404 }],
] as const) {
  test(`${title}: a new one is started, and awaited`, async (t) => {
    const { script, asked } = vaultWithout(jobs, describe);
    const { url } = await scriptedServer(t, script);
    const list = await targetAt(t, url).openArchiveList(signal);
    assert.ok(list.state === 'pending', list.state);
    assert.deepEqual([list.jobId, list.isNew], ['new', true]);
    assert.equal(asked.filter((line) => line === 'POST /jobs').length, 1, asked.join());
  });
}

test('the date of an inventory may come after the archives', async (t) => {
  const ArchiveList = Array.from({ length: 100 }, (_, index) => itemOf(index));
  const output = Buffer.from(JSON.stringify({ ArchiveList, InventoryDate: '2026-02-02T03:04:05Z' }));
  const { url } = await scriptedServer(t, vaultWith(output, [JOB]));
  const target = targetAt(t, url);
  const list = await target.openArchiveList(signal);
  assert.ok(list.state === 'ready');
  assert.equal(list.takenAt, '2026-02-02T03:04:05.000Z');
  assert.equal((await target.listArchivesPage(list.marker, signal)).archives.length, 100);
});

test('a piece that is cut off on the line can be read again, and nothing of it counts', async (t) => {
  const output = inventoryOf(100);
  const answer = vaultWith(output, [JOB]);
  let pieces = 0;
  const { url } = await scriptedServer(t, (response, received) => {
    if (received.url.includes('/output')) pieces += 1;
    if (pieces !== 2) return answer(response, received);
    response.writeHead(206, { 'content-length': 9000, 'content-range': `bytes 100-9099/${output.length}` });
    response.write(output.subarray(100, 5000), () => response.destroy());
  });
  const target = targetAt(t, url);
  const list = await target.openArchiveList(signal);
  assert.ok(list.state === 'ready');
  await assert.rejects(target.listArchivesPage(list.marker, signal), (error) => {
    return isFailure(error, 'unreachable') && error.retryClass !== null;
  });
  assert.equal((await target.listArchivesPage(list.marker, signal)).archives.length, 100);
});
