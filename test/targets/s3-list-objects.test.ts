/** The list of a bucket's objects, as S3 and other stores give it. */
import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { type TestContext, test } from 'node:test';
import { OBS_DIALECT } from '../../src/targets/obs/dialect.js';
import type { BucketTargetOptions } from '../../src/targets/s3/target.js';
import type { ListedArchive } from '../../src/transfer/ports/archive-list.js';
import { bucketAt, type ReceivedRequest, scriptedServer } from './scripted-server.js';

const { signal } = new AbortController();
const BELOW_A: Partial<BucketTargetOptions> = { key: 'a/', url: 's3://photos/a/' };

function object(key: string, more = ''): string {
  return `<Contents><Key>${key}</Key><LastModified>2026-01-02T03:04:05.000Z</LastModified><ETag>"e"</ETag><Size>5</Size><StorageClass>GLACIER</StorageClass>${more}</Contents>`;
}

function page(
  objects: readonly string[],
  head = '<EncodingType>url</EncodingType><IsTruncated>false</IsTruncated>',
) {
  return `<?xml version="1.0" encoding="UTF-8"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>photos</Name>${head}${objects.join('')}</ListBucketResult>`;
}

/** Lists everything from a store with these pages, and returns it with the parameters of each request. */
async function listAll(
  t: TestContext,
  answer: (query: URLSearchParams, received: ReceivedRequest, response: ServerResponse) => string,
  changes: Partial<BucketTargetOptions> = BELOW_A,
) {
  const { url, requests } = await scriptedServer(t, (response, received) => {
    const text = answer(new URL(received.url, 'http://store').searchParams, received, response);
    response.end(text);
  });
  const target = bucketAt(t, url, changes);
  const archives: ListedArchive[] = [];
  for (let marker: string | null = null, isFirst = true; isFirst || marker !== null; isFirst = false) {
    const listed = await target.listArchivesPage(marker, signal);
    archives.push(...listed.archives);
    marker = listed.marker;
  }
  const queries = requests.map((received) => new URL(received.url, 'http://store').searchParams);
  return { archives, queries, requests };
}

const RESTORED =
  '<RestoreStatus><IsRestoreInProgress>false</IsRestoreInProgress><RestoreExpiryDate>2026-02-02T03:04:05.000Z</RestoreExpiryDate></RestoreStatus>';
const UNDER_WAY = '<RestoreStatus><IsRestoreInProgress>true</IsRestoreInProgress></RestoreStatus>';

test('the list shows the storage class, and whether a cold object is restored', async (t) => {
  const body = page([object('a/1'), object('a/2', RESTORED), object('a/3', UNDER_WAY)]);
  const { archives, requests } = await listAll(t, () => body);
  assert.deepEqual(
    archives.map(({ archiveId, storageClass, restore }) => [archiveId, storageClass, restore]),
    [
      ['s3://photos/a/1', 'GLACIER', null],
      ['s3://photos/a/2', 'GLACIER', 'restored'],
      ['s3://photos/a/3', 'GLACIER', 'restoring'],
    ],
  );
  assert.equal(requests[0]?.headers['x-amz-optional-object-attributes'], 'RestoreStatus');
  const obs = await listAll(t, () => page([object('a/1')]), { ...BELOW_A, dialect: OBS_DIALECT });
  assert.equal(obs.archives[0]?.storageClass, 'COLD');
  assert.equal(obs.requests[0]?.headers['x-amz-optional-object-attributes'], undefined);
});

test('a store that refuses the question for restores is asked without it from then on', async (t) => {
  const pages = [
    page([object('a/1')], '<IsTruncated>true</IsTruncated>'),
    page([object('a/2')], '<IsTruncated>false</IsTruncated>'),
  ];
  const { archives, requests } = await listAll(t, (_, { headers }, response) => {
    if (headers['x-amz-optional-object-attributes'] === undefined) return pages.shift() ?? '';
    response.statusCode = 501;
    return '<Error><Code>NotImplemented</Code><Message>A header you provided is not known.</Message></Error>';
  });
  assert.deepEqual(
    archives.map(({ archiveId }) => archiveId),
    ['s3://photos/a/1', 's3://photos/a/2'],
  );
  assert.equal(requests.length, 3);
});

test('keys of any characters come through the encoding, and the next page starts after the last of them', async (t) => {
  const keys = ['a/ b+c', 'a/%41', 'a/100%', 'a/<&>"\'', 'a/\u0001\n', 'a/ü\u{1f4f7}', 'a//', 'a/../b'];
  const encoded = keys.map((key) => encodeURIComponent(key).replaceAll('%20', '+').replaceAll('%2F', '/'));
  const head = '<EncodingType>url</EncodingType><IsTruncated>true</IsTruncated>';
  const bodies = [
    // Some stores leave the encoding of this marker out.
    page(
      encoded.slice(0, 3).map((key) => object(key)),
      `${head}<NextMarker>a/100%</NextMarker>`,
    ),
    page(encoded.slice(3).map((key) => object(key))),
  ];
  const { archives, queries } = await listAll(t, () => bodies.shift() ?? '');
  assert.deepEqual(
    archives.map(({ archiveId }) => archiveId),
    keys.map((key) => `s3://photos/${key}`),
  );
  assert.deepEqual(
    queries.map((query) => [query.get('prefix'), query.get('encoding-type'), query.get('marker')]),
    [
      ['a/', 'url', null],
      ['a/', 'url', 'a/100%'],
    ],
  );
});

test('a store that ignores the encoding gives its keys as they are', async (t) => {
  const body = page([object('a/100%'), object('a/b+c')], '<IsTruncated>false</IsTruncated>');
  const { archives } = await listAll(t, () => body);
  assert.deepEqual(
    archives.map(({ archiveId }) => archiveId),
    ['s3://photos/a/100%', 's3://photos/a/b+c'],
  );
});

test('a page that a store has filtered empty does not end the list', async (t) => {
  const bodies = [
    page([], '<IsTruncated>true</IsTruncated><NextMarker>a/5</NextMarker>'),
    page([object('a/6')]),
  ];
  const { archives, queries } = await listAll(t, () => bodies.shift() ?? '');
  assert.equal(archives.length, 1);
  assert.equal(queries[1]?.get('marker'), 'a/5');
});

test('the list of one key has that object alone, without those that start like it', async (t) => {
  const one = { key: 'a/b', url: 's3://photos/a/b' };
  const { archives, queries } = await listAll(
    t,
    () => page([object('a/b')], '<IsTruncated>true</IsTruncated>'),
    one,
  );
  assert.deepEqual([archives.length, queries.length, queries[0]?.get('max-keys')], [1, 1, '1']);
  assert.deepEqual((await listAll(t, () => page([object('a/b.tar')]), one)).archives, []);
});
