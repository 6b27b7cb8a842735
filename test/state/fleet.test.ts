/** The files of a fleet: the manifest, the receipts, the record of the end. */
import assert from 'node:assert/strict';
import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { test } from 'node:test';
import { isFailure } from '../../src/core/failures.js';
import { openFleetFolder } from '../../src/state/fleet/fleet-folder.js';
import { knownFleets } from '../../src/state/fleet/known-fleets.js';
import { decodeManifest, readManifest, writeManifest } from '../../src/state/fleet/manifest.js';
import { TRUST_USER } from '../../src/state/safe-folder.js';
import type { FleetManifest, FleetReceipt } from '../../src/transfer/ports/fleet.js';
import { tempFolder } from '../support/temp.js';

const fingerprint = { sizeBytes: 5, mtimeNs: '1', ctimeNs: '2', device: '3', inode: '4' };
const MANIFEST: FleetManifest = {
  uploadId: '-Xk3',
  target: { url: 's3://photos/a b', region: 'eu-west-1', endpoint: null, account: null },
  connection: { accountId: '-', pathStyle: false },
  path: '/data/a b',
  fingerprint,
  plan: { sizeBytes: 5, partSizeBytes: 8 * 1024 ** 2, partCount: 1 },
  shards: 3,
  interleave: true,
  description: 'a b',
  treeHash: 'a'.repeat(64),
  createdAt: '2026-11-26T08:00:00.000Z',
  object: { storageClass: 'GLACIER', noOverwrite: false, ownId: 'own' },
};

test('a manifest is read as it was written, and never replaced', async (t) => {
  const path = join(tempFolder(t), 'my fleet.json');
  assert.equal(await writeManifest(path, MANIFEST), true);
  assert.deepEqual(await readManifest(path), MANIFEST);
  assert.equal(await writeManifest(path, { ...MANIFEST, uploadId: 'other' }), false);
  assert.deepEqual(await readManifest(path), MANIFEST);
  assert.deepEqual(readdirSync(join(path, '..')), ['my fleet.json'], 'no temporary file is left');
  assert.equal(statSync(path).mode & 0o777, 0o666 & ~process.umask(), 'other machines may read it');
});

const text = async (t: { after(work: () => void): void }): Promise<Record<string, unknown>> => {
  const path = join(tempFolder(t as never), 'm');
  await writeManifest(path, MANIFEST);
  return JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>;
};

const edits: readonly (readonly [string, (manifest: Record<string, unknown>) => unknown])[] = [
  ['another type', (m) => ({ ...m, type: 'x' })],
  ['no upload id', (m) => ({ ...m, uploadId: '' })],
  ['a key that is missing', ({ plan: _, ...m }) => m],
  ['a key that is unknown', (m) => ({ ...m, secret: 1 })],
  ['no share', (m) => ({ ...m, shards: 0 })],
  ['shares that are not a number', (m) => ({ ...m, shards: '3' })],
  ['too many shares', (m) => ({ ...m, shards: 10_001 })],
  ['a plan whose numbers disagree', (m) => ({ ...m, plan: { ...MANIFEST.plan, partCount: 2 } })],
  ['a plan of another size', (m) => ({ ...m, plan: { ...MANIFEST.plan, sizeBytes: 6 } })],
  ['a path that is not absolute', (m) => ({ ...m, path: 'a' })],
  ['a target that is not one', (m) => ({ ...m, target: { ...MANIFEST.target, url: 'http://x' } })],
  ['a target in another spelling', (m) => ({ ...m, target: { ...MANIFEST.target, url: 'S3://photos/a b' } })],
  ['a target without a key', (m) => ({ ...m, target: { ...MANIFEST.target, url: 's3://photos' } })],
  [
    'a region that would change the host',
    (m) => ({ ...m, target: { ...MANIFEST.target, region: 'x.evil' } }),
  ],
  [
    'a vault with the options of an object',
    (m) => ({ ...m, target: { ...MANIFEST.target, url: 'glacier://v' } }),
  ],
  ['a hash that is not one', (m) => ({ ...m, treeHash: 'x' })],
  ['a time that is not one', (m) => ({ ...m, createdAt: 'yesterday' })],
  ['a list', () => []],
];

for (const [title, edit] of edits) {
  test(`a manifest with ${title} is refused`, async (t) => {
    const edited = JSON.stringify(edit(await text(t)));
    assert.throws(
      () => decodeManifest(edited, '/m'),
      (error) => isFailure(error, 'manifest') && error.facts.why === 'damaged',
    );
  });
}

test('a manifest is read whatever the order and the white space of its keys', async (t) => {
  const reversed = Object.fromEntries(Object.entries(await text(t)).reverse());
  assert.deepEqual(decodeManifest(JSON.stringify(reversed), '/m'), MANIFEST);
});

test('a manifest that is cut off, missing, or of a newer version is named as that', async (t) => {
  const folder = tempFolder(t);
  const path = join(folder, 'm');
  const whyOf = (read: Promise<unknown>): Promise<string> =>
    read.then(
      () => 'read',
      (error) => (isFailure(error, 'manifest') ? error.facts.why : String(error)),
    );
  assert.equal(await whyOf(readManifest(path)), 'missing');
  assert.equal(await whyOf(readManifest(folder)), 'damaged');
  const whole = JSON.stringify(await text(t));
  writeFileSync(path, whole.slice(0, -20));
  assert.equal(await whyOf(readManifest(path)), 'damaged');
  writeFileSync(path, JSON.stringify({ ...(await text(t)), version: 2, plan: 'of the future' }));
  assert.equal(await whyOf(readManifest(path)), 'newer');
});

const receipt = (index: number): FleetReceipt => ({
  shard: 1,
  index,
  sizeBytes: 5,
  treeHash: 'b'.repeat(64),
  linearHash: null,
  etag: 'e"t,ag',
  mtimeNs: '1',
  ctimeNs: '2',
  inode: '4',
  host: 'node-1',
  at: '2026-11-26T08:00:00.000Z',
});

test('receipts survive a line that a killed run left, and only that line is lost', async (t) => {
  const path = join(tempFolder(t), 'deep', 'm.receipts');
  const folder = openFleetFolder({ path, others: [], uploadId: 'a' });
  await folder.proveWritable();
  const first = await folder.openReceipts(1);
  await first.record(receipt(0));
  appendFileSync(join(path, '1.jsonl'), '{"type":"receipt","upl');
  await first.record(receipt(1));
  const second = await folder.openReceipts(1);
  appendFileSync(join(path, '1.jsonl'), '{"type":"rec');
  await second.record(receipt(2));
  await first.close();
  await second.close();
  const { byIndex, damagedLines } = await folder.readReceipts(null);
  assert.deepEqual([...byIndex.keys()], [0, 1, 2]);
  assert.deepEqual(byIndex.get(1), [receipt(1)]);
  assert.equal(damagedLines, 2);
});

test('two runs of one share append to one file, and no line is mixed', async (t) => {
  const path = join(tempFolder(t), 'm.receipts');
  const folder = openFleetFolder({ path, others: [], uploadId: 'a' });
  await folder.proveWritable();
  const writers = [await folder.openReceipts(1), await folder.openReceipts(1)];
  await Promise.all(Array.from({ length: 200 }, (_, index) => writers[index % 2]?.record(receipt(index))));
  for (const writer of writers) await writer.close();
  const { byIndex, damagedLines } = await folder.readReceipts(1);
  assert.deepEqual([byIndex.size, damagedLines], [200, 0]);
});

test('receipts of another upload with the same manifest do not count, and those of other folders do', async (t) => {
  const parent = tempFolder(t);
  const [one, two] = [join(parent, 'one'), join(parent, 'two')];
  const of = (uploadId: string, path: string, others: readonly string[] = []) =>
    openFleetFolder({ path, others, uploadId });
  for (const [uploadId, path, index] of [
    ['a', one, 0],
    ['b', one, 1],
    ['a', two, 2],
  ] as const) {
    const folder = of(uploadId, path);
    await folder.proveWritable();
    const writer = await folder.openReceipts(1);
    await writer.record(receipt(index));
    await writer.close();
  }
  const { byIndex, damagedLines } = await of('a', one, [two]).readReceipts(null);
  assert.deepEqual([[...byIndex.keys()], damagedLines], [[0, 2], 0]);
});

test('the record of the end says what was last written of this upload', async (t) => {
  const folder = openFleetFolder({ path: join(tempFolder(t), 'r'), others: [], uploadId: 'a' });
  await folder.proveWritable();
  const record = await folder.openEnd();
  assert.equal(record.end.completing, null);
  await record.recordCompleting({ sizeBytes: 5, treeHash: 'c'.repeat(64) });
  assert.deepEqual((await folder.readEnd()).completing, { sizeBytes: 5, treeHash: 'c'.repeat(64) });
  await record.recordReopened();
  await record.recordMismatch({ expected: 'x', got: 'y' });
  await record.close();
  const { completing, mismatch } = await folder.readEnd();
  assert.deepEqual([completing, mismatch], [null, { expected: 'x', got: 'y' }]);
});

test('of two runs that end an upload, the second one is refused', async (t) => {
  const folder = openFleetFolder({ path: join(tempFolder(t), 'r'), others: [], uploadId: 'a' });
  await folder.proveWritable();
  const options = { waitMs: 0, signal: new AbortController().signal };
  const lock = await folder.lockEnd(options);
  await assert.rejects(folder.lockEnd(options), (error) => isFailure(error, 'busy'));
  await lock.release();
  await (await folder.lockEnd(options)).release();
});

test('a folder that cannot be written to is named with its option', {
  skip: process.geteuid?.() === 0,
}, async (t) => {
  const path = join(tempFolder(t), 'r');
  mkdirSync(path);
  chmodSync(path, 0o500);
  const folder = openFleetFolder({ path, others: [], uploadId: 'a' });
  await assert.rejects(
    folder.proveWritable(),
    (error) => isFailure(error, 'manifest') && error.facts.why === 'receipts-not-writable',
  );
});

test('a fleet is known until its manifest is gone, and a missing state folder is no obstacle', async (t) => {
  const parent = tempFolder(t);
  const manifestPath = join(parent, 'm');
  writeFileSync(manifestPath, '{}');
  const known = knownFleets(join(parent, 'state'), TRUST_USER);
  await known.note({ uploadId: 'a', manifestPath, receiptsPath: join(parent, 'r') });
  assert.equal((await known.find('a'))?.manifestPath, manifestPath);
  assert.equal(await known.find('b'), null);
  await known.forget('a');
  assert.equal(await known.find('a'), null);
  const none = knownFleets(null, TRUST_USER);
  await none.note({ uploadId: 'a', manifestPath, receiptsPath: join(parent, 'r') });
  assert.equal(await none.find('a'), null);
});
