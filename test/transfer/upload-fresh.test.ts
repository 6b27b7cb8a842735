import assert from 'node:assert/strict';
import { appendFileSync, writeFileSync } from 'node:fs';
import { after, test } from 'node:test';
import { allEntries } from '../support/all-entries.js';
import { seededBytes } from '../support/bytes.js';
import { vaultTreeHash } from '../support/memory-vault.js';
import {
  assertArchives,
  closeSources,
  Died,
  failsAs,
  interrupt,
  isDied,
  oneByOne,
  PART_BYTES,
  PARTS,
  rig,
  unavailable,
} from './rig.js';

after(closeSources);

test('a file becomes one archive with the same bytes, the catalogue has it, and no journal is left', async (t) => {
  const bench = rig(t);
  const { entry, ...counts } = await bench.upload();
  assertArchives(bench, bench.bytes);
  const { durationMs: _, ...rest } = counts;
  assert.deepEqual(rest, { partsSent: PARTS, partsReused: 0, resumed: false, skipped: false });
  assert.equal(entry.archiveId, bench.vault.archives[0]?.archiveId);
  assert.equal(entry.treeHash, vaultTreeHash(bench.bytes));
  assert.equal(bench.vault.archives[0]?.description, 'photos.tar');
  assert.deepEqual(bench.journals(), []);
  assert.deepEqual(await allEntries(bench.session().catalogue), [entry]);
  assert.deepEqual(bench.notices(), []);
  assert.equal(bench.calls.listPartsPage, 0, 'a new upload holds nothing that could be listed');
});

test('a file of one byte becomes an archive, and an empty file is refused before any request', async (t) => {
  const bench = rig(t, 1);
  await bench.upload();
  assertArchives(bench, bench.bytes);
  writeFileSync(bench.file, '');
  await assert.rejects(bench.upload(), failsAs('source', { why: 'empty' }));
  assert.equal(bench.calls.createUpload, 1);
});

test('the unfinished upload of an older version stays open, and a notice gives its address', async (t) => {
  const bench = rig(t);
  const uploadId = await interrupt(bench, 2);
  appendFileSync(bench.file, 'more');
  const result = await bench.upload();
  assert.notEqual(result.entry.uploadId, uploadId);
  const { address } = bench.notice('older-version-unfinished');
  const { targetIdentity: target, connection } = bench.session();
  assert.deepEqual(address, { uploadId, target, connection });
  assertArchives(bench, Buffer.concat([bench.bytes, Buffer.from('more')]));
  assert.equal(bench.journals().length, 1);
  assert.ok(bench.vault.uploads.has(uploadId));
  assert.equal(bench.calls.abort, 0);
});

test('--fresh creates an upload although one is unfinished, and a notice names the unfinished one', async (t) => {
  const bench = rig(t);
  const uploadId = await interrupt(bench, 2);
  bench.clock.advance(1000);
  const result = await bench.upload({ fresh: true });
  assert.deepEqual([result.partsSent, result.partsReused, result.resumed], [PARTS, 0, false]);
  assert.equal(bench.notice('left-unfinished').uploadId, uploadId);
  assertArchives(bench, bench.bytes);
  assert.equal((await bench.upload()).skipped, true, 'the archive is newer than what is unfinished');
  assert.equal(bench.calls.createUpload, 2);
});

test('--fresh sends a file that the catalogue already has', async (t) => {
  const bench = rig(t);
  await bench.upload();
  assert.equal((await bench.upload({ fresh: true })).skipped, false);
  assertArchives(bench, bench.bytes, bench.bytes);
});

test('an unfinished --fresh upload of a file in the catalogue is resumed', async (t) => {
  const bench = rig(t);
  await bench.upload();
  bench.clock.advance(1000);
  bench.hooks.before = ({ operation, count }) => {
    if (operation === 'sendPart' && count > PARTS + 2) throw new Died('interrupted');
  };
  await assert.rejects(bench.upload({ fresh: true }, oneByOne), isDied);
  bench.hooks.before = null;
  const result = await bench.upload();
  assert.deepEqual([result.skipped, result.partsReused, result.partsSent], [false, 2, PARTS - 2]);
  assertArchives(bench, bench.bytes, bench.bytes);
});

test('lost responses cause repeated requests, but never a wrong archive', async (t) => {
  const bench = rig(t);
  const lost = new Set<string>();
  bench.hooks.after = ({ operation, index }) => {
    const key = `${operation} ${index}`;
    if (lost.has(key)) return;
    lost.add(key);
    throw unavailable();
  };
  await bench.upload();
  assertArchives(bench, bench.bytes);
  assert.deepEqual([bench.calls.createUpload, bench.calls.sendPart, bench.calls.complete], [2, 2 * PARTS, 2]);
  assert.equal(bench.vault.uploads.size, 1, 'the begin whose answer was lost');
  assert.equal(bench.notice('create-repeated').attempts, 2);
});

test('every part is reported once, and the reused and sent parts add up to the whole file', async (t) => {
  const bench = rig(t);
  bench.hooks.after = ({ operation, count }) => {
    if (operation === 'sendPart' && count === 3) throw new Died('before the part was recorded');
  };
  await assert.rejects(bench.upload({}, oneByOne), isDied);
  bench.hooks.after = null;
  bench.forgetEvents();
  await bench.upload();
  const begun = bench.events.flatMap((event) => (event.type === 'started' ? [event] : []));
  assert.deepEqual(
    begun.map(({ reusedParts, reusedBytes, resumed }) => [reusedParts, reusedBytes, resumed]),
    [[2, 2 * PART_BYTES, true]],
  );
  const told = bench.events.flatMap((event) => (event.type === 'part' ? [[event.index, event.reused]] : []));
  assert.deepEqual(
    told.toSorted((a, b) => Number(a[0]) - Number(b[0])),
    [
      [2, true],
      [3, false],
      [4, false],
    ],
  );
  assert.equal(bench.events.filter((event) => event.type === 'archived').length, 1);
});

test('files with sizes around the part size are archived byte for byte', async (t) => {
  for (const sizeBytes of [PART_BYTES - 1, PART_BYTES, PART_BYTES + 1, 3 * PART_BYTES]) {
    const bench = rig(t, sizeBytes);
    const { entry } = await bench.upload();
    assertArchives(bench, seededBytes(sizeBytes, 7));
    assert.equal(entry.plan.partCount, Math.ceil(sizeBytes / PART_BYTES));
  }
});
