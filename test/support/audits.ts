/** Entries of objects, the results of an audit, and the audit of a store that really runs. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import pLimit from 'p-limit';
import type { CatalogueEntry } from '../../src/transfer/ports/state.js';
import { sampleEntry } from '../state/samples.js';
import type { BucketHome, Scheme } from './bucket-home.js';
import type { Ended } from './calve.js';
import type { Home } from './home.js';
import { checkObject, type Printed } from './json-shapes.js';
import { writeEntries } from './many-entries.js';

/** Before every inventory and list. */
export const LONG_AGO = '2026-01-02T03:04:05.678Z';

/** Returns the results by archive id, and the summary, of a run with --json. */
export function resultsOf({ stdout }: Ended): {
  results: Record<string, unknown>;
  objects: Printed[];
  summary: Printed;
} {
  const lines = stdout
    .trimEnd()
    .split('\n')
    .filter((line) => !line.startsWith('{"type":"error"'));
  const summary = checkObject(lines.pop() ?? '', 'audit-summary');
  const objects = lines.map((line) => checkObject(line, 'audited'));
  const results = Object.fromEntries(objects.map((each) => [String(each['archiveId']), each['result']]));
  return { results, objects, summary };
}

/** Returns an entry of an object. */
export function objectEntry(
  home: Home,
  url: string,
  facts: { etag: string | null; size: number },
): CatalogueEntry {
  const { env } = home;
  const target = {
    url,
    region: env['CALVE_REGION'] ?? env['AWS_REGION'] ?? '',
    endpoint: env['CALVE_ENDPOINT_URL'] ?? env['AWS_ENDPOINT_URL_S3'] ?? '',
    account: null,
  };
  return sampleEntry({
    archiveId: url,
    identity: { source: { kind: 'file', path: `/data/${url.slice(5)}` }, target },
    plan: {
      sizeBytes: facts.size,
      partSizeBytes: 16_777_216,
      partCount: Math.max(1, Math.ceil(facts.size / 16_777_216)),
    },
    archivedAt: LONG_AGO,
    object: { etag: facts.etag, versionId: null, storageClass: 'STANDARD' },
  });
}

/**
 * Audits a bucket in which one object is deleted, one has other bytes of the same size, one is unknown, and the others are
 * right.
 * @param more the number of right objects beside those with unusual keys
 */
export async function assertAuditOfStore(home: BucketHome, scheme: Scheme, more = 0): Promise<void> {
  const md5 = (text: string) => createHash('md5').update(text).digest('hex');
  const url = (key: string) => `${scheme}://${home.bucket}/${key}`;
  const put = (Key: string, Body: string) =>
    home.client.send(new PutObjectCommand({ Bucket: home.bucket, Key, Body }));
  const sent = await home.run(['upload', home.file('f', 5), url('sent')]);
  assert.equal(sent.code, 0, sent.stderr);
  const keys = ['a', 'a b+c', 'ü/%41', ...Array.from({ length: more }, (_, i) => `many/${i}`)];
  const limit = pLimit(8);
  await Promise.all(keys.map((key) => limit(() => put(key, 'right'))));
  await put('replaced', 'wrong');
  await put('unknown', 'other');
  const entries = [...keys, 'replaced', 'deleted'].map((key) =>
    objectEntry(home, url(key), { etag: md5('right'), size: 5 }),
  );
  writeEntries(home.catalogueDir, entries);
  const ended = await home.run(['audit', home.target, '--import', '--json']);
  assert.deepEqual(resultsOf(ended).results, {
    ...Object.fromEntries([...keys, 'sent'].map((key) => [url(key), 'ok'])),
    [url('replaced')]: 'different',
    [url('deleted')]: 'missing',
    [url('unknown')]: 'unknown',
  });
  assert.equal(ended.code, 16, ended.stderr);
  const again = resultsOf(await home.run(['audit', url('unknown'), '--json']));
  assert.deepEqual(again.results, { [url('unknown')]: 'ok' }, 'it was imported');
}
