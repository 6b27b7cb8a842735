/** A catalogue of many archives: a look-up reads what it needs, and a list keeps nothing. */
import assert from 'node:assert/strict';
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { openCatalogue } from '../../src/state/catalogue.js';
import { recordName } from '../../src/state/names.js';
import { allEntries } from '../support/all-entries.js';
import { writeManyEntries } from '../support/many-entries.js';
import { tempFolder } from '../support/temp.js';
import { sampleEntry, sampleIdentity } from './samples.js';

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
    if (count === 1) for (const name of readdirSync(folder)) rmSync(join(folder, name));
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
    readdirSync(folder).sort(),
  );
});

test('the last listing has each entry of it, and misses what is recorded later until the next one', async (t) => {
  const folder = tempFolder(t);
  writeManyEntries(folder, MANY);
  const catalogue = openCatalogue(folder);
  assert.equal(await catalogue.findInLastListing(sampleIdentity('/data/0.tar')), null);
  assert.deepEqual(await catalogue.findByIdentity(sampleIdentity('/unknown')), []);
  for (let i = 0; i < MANY; i += 1) {
    const found = await catalogue.findInLastListing(sampleIdentity(`/data/${i}.tar`));
    assert.deepEqual(
      found?.map(({ archiveId }) => archiveId),
      [`archive-${i}`],
    );
  }
  await openCatalogue(folder).record(sampleEntry());
  assert.deepEqual(await catalogue.findInLastListing(sampleIdentity()), []);
  assert.equal((await catalogue.findByIdentity(sampleIdentity())).length, 1);
  assert.equal((await catalogue.findInLastListing(sampleIdentity()))?.length, 1);
});
