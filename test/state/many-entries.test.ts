/** A catalogue of many archives: a look-up reads what it needs, and a list keeps nothing. */
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import { sourceName } from '../../src/core/identity.js';
import { openCatalogue } from '../../src/state/catalogue.js';
import { namesUntilChange } from '../../src/state/catalogue-folders.js';
import { identityDigits, recordName } from '../../src/state/names.js';
import type { CatalogueEntry, EntryOrder } from '../../src/transfer/ports/state.js';
import { allEntries } from '../support/all-entries.js';
import { entryFiles } from '../support/entry-files.js';
import { writeManyEntries, writeOldEntries } from '../support/many-entries.js';
import { tempFolder } from '../support/temp.js';
import { sampleEntry, sampleIdentity, stateFailing } from './samples.js';

const MANY = 300;

test('a list yields the oldest first, only what is wanted, and keeps no entry in memory', async (t) => {
  const folder = tempFolder(t);
  writeManyEntries(folder, MANY);
  const catalogue = openCatalogue(folder);
  const listed: string[] = [];
  for await (const { archiveId } of catalogue.oldestFirst(({ archiveId }) => archiveId.endsWith('0')))
    listed.push(archiveId);
  assert.deepEqual(
    listed,
    Array.from({ length: MANY / 10 }, (_, i) => `archive-${i * 10}`),
  );
  let count = 0;
  for await (const _ of catalogue.oldestFirst()) {
    count += 1;
    if (count === 1) for (const path of entryFiles(folder)) rmSync(path);
  }
  assert.equal(count, 1, 'an entry whose file is gone was still in memory');
});

test('entries of one instant are listed in the order of their names', async (t) => {
  const folder = tempFolder(t);
  const catalogue = openCatalogue(folder);
  for (const archiveId of ['c', 'a', 'd', 'b']) await catalogue.record(sampleEntry({ archiveId }));
  const listed = await allEntries(catalogue);
  assert.deepEqual(
    listed.map(({ identity, archiveId }) => `${recordName(identity, archiveId)}.json`),
    entryFiles(folder).map((path) => basename(path)),
  );
});

test('a look-up by identity touches one folder, so that it costs the same beside any number of entries', async (t) => {
  const folder = tempFolder(t);
  writeManyEntries(folder, MANY);
  const catalogue = openCatalogue(folder);
  const identity = sampleIdentity('/data/7.tar');
  const own = identityDigits(identity).slice(0, 2);
  for (const name of readdirSync(join(folder, 'v2'))) {
    if (name === own) continue;
    rmSync(join(folder, 'v2', name), { recursive: true });
    writeFileSync(join(folder, 'v2', name), 'not a folder');
  }
  await assert.rejects(allEntries(catalogue), stateFailing('no-folder'));
  assert.equal((await catalogue.findByIdentity(identity)).length, 1);
  await catalogue.record(sampleEntry({ identity }));
  assert.equal((await catalogue.findByIdentity(identity)).length, 2);
});

test('the entries of calve 0.1 are found, replaced and forgotten in the folder where they are', async (t) => {
  const folder = tempFolder(t);
  writeOldEntries(folder, MANY);
  const catalogue = openCatalogue(folder);
  const identity = sampleIdentity('/data/7.tar');
  const entry = sampleEntry({ identity, archiveId: 'archive-7' });
  assert.equal((await catalogue.findByIdentity(identity)).length, 1);
  await catalogue.record({ ...entry, description: 'replaced' });
  await catalogue.record(sampleEntry({ archivedAt: '2020-01-01T00:00:30.000Z' }));
  const listed = await allEntries(catalogue);
  assert.deepEqual(
    listed.slice(0, 3).map(({ archiveId }) => archiveId),
    ['archive-0', 'archive-1', 'archive-1'],
  );
  assert.equal(listed.length, MANY + 1);
  assert.equal((await catalogue.findByIdentity(identity))[0]?.description, 'replaced');
  writeOldEntries(folder, MANY + 1);
  assert.equal((await catalogue.findByIdentity(sampleIdentity(`/data/${MANY}.tar`))).length, 1);
  assert.equal(await catalogue.forget('archive-7'), true);
  assert.deepEqual(await catalogue.findByIdentity(identity), []);
});

test('the names of a folder are kept until it changes, and not at all in the moment of a change', async (t) => {
  const folder = tempFolder(t);
  const later = { ms: 0 };
  let listings = 0;
  const list = async () => {
    listings += 1;
    return readdirSync(folder);
  };
  const names = namesUntilChange(folder, list, () => Date.now() + later.ms);
  for (let i = 0; i < 2; i += 1) assert.deepEqual(await names(), []);
  assert.equal(listings, 2, 'a second change in the same step of the clock would not be seen');
  later.ms = 10_000;
  for (let i = 0; i < 2; i += 1) assert.deepEqual(await names(), []);
  assert.equal(listings, 3);
  writeFileSync(join(folder, 'new'), '');
  assert.deepEqual(await names(), ['new']);
});

test('a folder of a newer version stops every look-up, because it may have the archive', async (t) => {
  const folder = tempFolder(t);
  mkdirSync(join(folder, 'v3'));
  const catalogue = openCatalogue(folder);
  await assert.rejects(catalogue.findByIdentity(sampleIdentity()), stateFailing('newer', 'v3'));
  await assert.rejects(allEntries(catalogue), stateFailing('newer', 'v3'));
});

test('entries are listed by any number or text, and in reverse', async (t) => {
  const folder = tempFolder(t);
  writeManyEntries(folder, 12);
  const catalogue = openCatalogue(folder);
  const listed = async (order: EntryOrder) => {
    const ids: number[] = [];
    for await (const { archiveId } of catalogue.inOrder(order)) ids.push(Number(archiveId.slice(8)));
    return ids;
  };
  const byPath = { keyOf: ({ identity }: CatalogueEntry) => sourceName(identity.source) };
  assert.deepEqual(await listed(byPath), [0, 1, 10, 11, 2, 3, 4, 5, 6, 7, 8, 9]);
  const isReversed = true;
  assert.deepEqual(await listed({ ...byPath, isReversed }), [9, 8, 7, 6, 5, 4, 3, 2, 11, 10, 1, 0]);
});

test('of two entries of one archive the younger stays, and many are written together', async (t) => {
  const folder = tempFolder(t);
  writeManyEntries(folder, 10);
  const catalogue = openCatalogue(folder);
  const known = await allEntries(catalogue);
  assert.equal(await catalogue.recordAll(known), 0);
  const younger = known.map((entry) => ({ ...entry, archivedAt: '2026-05-05T00:00:00.000Z' }));
  const older = known.map((entry) => ({ ...entry, archivedAt: '2001-05-05T00:00:00.000Z' }));
  const others = Array.from({ length: 300 }, (_, i) => sampleEntry({ archiveId: `other-${i}` }));
  assert.equal(await catalogue.recordAll([...older, ...younger, ...older, ...others]), 310);
  assert.equal((await allEntries(openCatalogue(folder))).length, 310);
  assert.deepEqual(await catalogue.findByArchiveId('archive-3'), [younger[3]]);
  const left = readdirSync(join(folder, 'v2')).filter((name) => name.startsWith('.'));
  assert.deepEqual(left, []);
});
