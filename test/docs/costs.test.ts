/** The numbers of docs/costs.md are those that calve sends. */
import assert from 'node:assert/strict';
import { closeSync, openSync, readFileSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { openHome } from '../support/home.js';

import { startSmallStore } from '../support/small-store.js';
import { openVault, TARGET } from '../support/vault-service.js';

const PAGE = readFileSync(join(import.meta.dirname, '../../../docs/costs.md'), 'utf8');
const KIB_BYTES = 1024;
const MIB_BYTES = 1024 ** 2;
const GIB_BYTES = 1024 ** 3;
const PARTS_MAX = 10_000;
const UNITS: Readonly<Record<string, number>> = { GiB: GIB_BYTES, TiB: 1024 * GIB_BYTES };

/** Returns the cells of the table that has this cell in its head, the head first. */
function tableWith(cell: string): string[][] {
  const lines = PAGE.split('\n');
  const start = lines.findIndex((line) => line.startsWith(`| ${cell} `));
  assert.ok(start >= 0, cell);
  const end = lines.findIndex((line, index) => index > start && !line.startsWith('|'));
  const rows = lines.slice(start, end).map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((text) => text.trim()),
  );
  return rows.filter((_, index) => index !== 1);
}

function bytesOf(text: string): number {
  const [, count = '', unit = ''] = /^([\d.]+) (\wiB)$/.exec(text) ?? [];
  return Number(count) * (UNITS[unit] ?? 0);
}

test('The table of requests has the numbers of --dry-run, and no number where a file would have too many parts', async (t) => {
  const [[, ...options] = [], ...rows] = tableWith('file size');
  assert.ok(options.length === 4 && rows.length === 4);
  const home = openHome(t, { AWS_REGION: 'eu-west-1' });
  const files = rows.map(([size = '']) => {
    const path = join(home.folder, size);
    closeSync(openSync(path, 'w'));
    truncateSync(path, bytesOf(size));
    return path;
  });
  for (const [column, option] of options.entries()) {
    const [, partSize = 'auto'] = /--part-size (\w+)/.exec(option) ?? [];
    const words = ['upload', '--dry-run', '--json', ...files, TARGET, '--part-size', partSize];
    const { stdout } = await home.run(words);
    const lines = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    const found = files.map((path) => {
      const line = lines.find(({ file }) => file === path);
      if (line?.['kind'] === 'limit') return '-';
      return Number(line?.['requests']).toLocaleString('en-US');
    });
    assert.deepEqual(
      found,
      rows.map((row) => row[column + 1]),
      option,
    );
  }
});

test('The table of small files follows from the overhead of each archive and the parts of one file', () => {
  const [, vault = [], objects = [], packed = []] = tableWith('a million files of 10 KiB');
  const [count, sizeBytes] = [1_000_000, 10 * KIB_BYTES];
  const gib = (bytes: number): string => `${(bytes / GIB_BYTES).toFixed(1)} GiB`;
  assert.deepEqual(vault.slice(1), ['3,000,000', gib(count * (sizeBytes + 32 * KIB_BYTES))]);
  assert.deepEqual(objects.slice(1), ['1,000,000', gib(count * (sizeBytes + 40 * KIB_BYTES))]);
  const parts = Math.ceil((count * sizeBytes) / (16 * MIB_BYTES));
  assert.ok(parts < PARTS_MAX);
  assert.deepEqual(packed.slice(1), [String(parts + 2), gib(count * sizeBytes + 32 * KIB_BYTES)]);
});

test('An upload sends the requests that the page counts, to a vault and to a bucket', async (t) => {
  const vault = await openVault(t);
  const file = vault.file('f', 2.5 * MIB_BYTES);
  assert.equal((await vault.run(['upload', file, TARGET, '--part-size', '1M'])).code, 0);
  const sent = vault
    .passed()
    .map(({ method, path }) => `${method} ${path.replace(/^.*\/vaults\/photos/, '')}`);
  const kinds = sent.map((line) => line.replace(/multipart-uploads\/.*$/, 'multipart-uploads/ID'));
  const [id, part] = ['/multipart-uploads/ID', 'PUT /multipart-uploads/ID'];
  assert.deepEqual(kinds, ['GET ', 'POST /multipart-uploads', part, part, part, `POST ${id}`]);

  const store = await startSmallStore(t);
  const home = openHome(t, store.env);
  for (const [name, size] of [
    ['parts', 9 * MIB_BYTES],
    ['single', 10],
  ] as const) {
    const words = ['upload', home.file(name, size), 's3://photos/', '--part-size', '8M'];
    assert.equal((await home.run(words)).code, 0);
  }
  const parts = [
    'CreateMultipartUpload',
    'UploadPart',
    'UploadPart',
    'CompleteMultipartUpload',
    'HeadObject',
  ];
  assert.deepEqual(store.log, ['HeadBucket', ...parts, 'HeadBucket', 'PutObject']);
});
