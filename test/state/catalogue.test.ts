import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { test } from 'node:test';
import { isFailure } from '../../src/core/failures.js';
import { openCatalogue } from '../../src/state/catalogue.js';
import { decodeEntry, encodeEntry } from '../../src/state/catalogue-record.js';
import { decodeLine, encodeLine } from '../../src/state/checked-line.js';
import { recordName } from '../../src/state/names.js';
import { allEntries } from '../support/all-entries.js';
import { entryFiles } from '../support/entry-files.js';
import { writeManyEntries } from '../support/many-entries.js';
import { tempFolder } from '../support/temp.js';
import { hashOf, sampleEntry, sampleIdentity, stateFailing } from './samples.js';

test('recorded entries are found by identity newest first, and all of them oldest first', async (t) => {
  const catalogue = openCatalogue(join(tempFolder(t), 'deep', 'archives'));
  const old = sampleEntry({ archiveId: 'old', archivedAt: '2025-01-01T00:00:00.000Z' });
  const young = sampleEntry({ archiveId: 'young', location: null });
  const other = sampleEntry({ archiveId: 'other', identity: sampleIdentity('/other') });
  for (const entry of [young, old, other]) await catalogue.record(entry);
  assert.deepEqual(await catalogue.findByIdentity(sampleIdentity()), [young, old]);
  assert.deepEqual(await allEntries(catalogue), [old, other, young]);
  assert.deepEqual(await catalogue.findByIdentity(sampleIdentity('/unknown')), []);
});

test('recording the same archive again replaces its entry', async (t) => {
  const folder = tempFolder(t);
  const catalogue = openCatalogue(folder);
  await catalogue.record(sampleEntry());
  await catalogue.record(sampleEntry({ description: 'told again' }));
  assert.equal(entryFiles(folder).length, 1);
  assert.equal((await allEntries(catalogue))[0]?.description, 'told again');
});

test('all files together are JSON lines that people can read', async (t) => {
  const folder = tempFolder(t);
  const catalogue = openCatalogue(folder);
  await catalogue.record(sampleEntry());
  await catalogue.record(sampleEntry({ archiveId: 'archive-2' }));
  const text = entryFiles(folder)
    .map((path) => readFileSync(path, 'utf8'))
    .join('');
  const lines = text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  assert.deepEqual(lines.map(({ archiveId }) => archiveId).sort(), ['archive-1', 'archive-2']);
  const keys = `type archiveId location uploadId file target region endpoint account description size partSize parts
    treeHash archivedAt fingerprint version check`;
  assert.deepEqual(Object.keys(lines[0]), keys.split(/\s+/));
  assert.equal(lines[0].size, 100_000_000);
  assert.equal(lines[0].target, 'glacier://photos');
});

test('forgetting removes every entry of an archive id, and returns whether there was one', async (t) => {
  const folder = tempFolder(t);
  const catalogue = openCatalogue(folder);
  await catalogue.record(sampleEntry());
  await catalogue.record(sampleEntry({ archiveId: 'archive-2' }));
  assert.equal(await catalogue.forget('archive-1'), true);
  assert.equal(await catalogue.forget('archive-1'), false);
  assert.deepEqual(
    (await allEntries(catalogue)).map(({ archiveId }) => archiveId),
    ['archive-2'],
  );
});

test('reading a catalogue that does not exist finds nothing and creates nothing', async (t) => {
  const folder = join(tempFolder(t), 'archives');
  const catalogue = openCatalogue(folder);
  assert.deepEqual(await allEntries(catalogue), []);
  assert.deepEqual(await catalogue.findByIdentity(sampleIdentity()), []);
  assert.equal(await catalogue.forget('x'), false);
  assert.equal(existsSync(folder), false);
});

test('proving the catalogue writable creates the folders and leaves no file in them', async (t) => {
  const folder = join(tempFolder(t), 'deep', 'archives');
  await openCatalogue(folder).proveWritable();
  const names = readdirSync(folder, { recursive: true }).map(String).sort();
  assert.deepEqual([names.length, names[0], names[1], names.at(-1)], [1 + 256, 'v2', 'v2/00', 'v2/ff']);
});

test('an entry with any changed byte, or torn at any byte, is damaged and never another entry', () => {
  const bytes = Buffer.from(encodeEntry(sampleEntry()));
  assert.deepEqual(decodeEntry(bytes), sampleEntry());
  for (let at = 0; at < bytes.length; at++) {
    assert.equal(decodeEntry(bytes.subarray(0, at)), null, `torn at ${at}`);
    const right = bytes[at] ?? 0;
    for (const wrong of [right ^ 1, right ^ 0x80, 10, 0]) {
      if (wrong === right) continue;
      bytes[at] = wrong;
      assert.equal(decodeEntry(bytes), null, `byte ${at} as ${wrong}`);
    }
    bytes[at] = right;
  }
});

test('an entry has the checksum of its object, or none if calve recorded none', async () => {
  const object = { etag: 'e-2', versionId: null, storageClass: 'STANDARD' };
  const checksum = { algorithm: 'CRC32', type: 'FULL_OBJECT', value: 'AAAAAA==' } as const;
  for (const facts of [object, { ...object, checksum }]) {
    const entry = sampleEntry({ object: facts });
    const bytes = Buffer.from(encodeEntry(entry));
    assert.deepEqual(decodeEntry(bytes), entry);
    // calve 0.1 knows no checksums, and takes version 2 for an entry of a newer calve.
    assert.equal(decodeLine(bytes.subarray(0, -1))?.['version'], facts === object ? 1 : 2);
  }
  for (const wrong of [{ ...checksum, algorithm: 'MD4' }, { ...checksum, value: '' }, null]) {
    const line = decodeLine(Buffer.from(encodeEntry(sampleEntry({ object })).trimEnd()));
    const { check: _, ...record } = { ...line, object: { ...object, checksum: wrong } } as Record<
      string,
      unknown
    >;
    assert.equal(decodeEntry(Buffer.from(encodeLine(record))), null);
  }
});

test('a damaged entry makes lookups of its own file and of the whole list fail, and no others', async (t) => {
  const folder = tempFolder(t);
  const catalogue = openCatalogue(folder);
  await catalogue.record(sampleEntry());
  const [path] = entryFiles(folder);
  assert.ok(path);
  const name = basename(path);
  await catalogue.record(sampleEntry({ archiveId: 'b', identity: sampleIdentity('/other') }));
  writeFileSync(path, '');
  await assert.rejects(catalogue.findByIdentity(sampleIdentity()), stateFailing('damaged', name));
  await assert.rejects(allEntries(catalogue), stateFailing('damaged', name));
  await assert.rejects(catalogue.forget('archive-1'), stateFailing('damaged', name));
  assert.equal((await catalogue.findByIdentity(sampleIdentity('/other'))).length, 1);
});

test('an entry with a wrong name, in a wrong folder or of a newer version is reported and not ignored', async (t) => {
  const folder = tempFolder(t);
  const catalogue = openCatalogue(folder);
  await catalogue.record(sampleEntry());
  const [path] = entryFiles(folder);
  assert.ok(path);
  const name = basename(path);
  const wrongName = `${name.slice(0, 2)}${'0'.repeat(14)}${name.slice(16)}`;
  const wrongPaths = [join(dirname(path), wrongName), join(folder, 'v2', '00', name)];
  mkdirSync(join(folder, 'v2', '00'), { mode: 0o700 });
  for (const wrong of wrongPaths) {
    renameSync(path, wrong);
    await assert.rejects(allEntries(catalogue), stateFailing('damaged', wrong));
    renameSync(wrong, path);
  }
  const value = decodeLine(readFileSync(path).subarray(0, -1));
  const { check, ...rest } = { check: null, ...value, version: 3 };
  assert.equal(check, null);
  writeFileSync(path, encodeLine(rest));
  await assert.rejects(catalogue.findByIdentity(sampleIdentity()), stateFailing('newer', name));
});

test('a look-up reads the files of its own identity or archive id only, and a list has the oldest first', async (t) => {
  const folder = join(tempFolder(t), 'archives');
  writeManyEntries(folder, 2_000);
  const catalogue = openCatalogue(folder);
  const ids = (await allEntries(catalogue)).map(({ archiveId }) => archiveId);
  assert.deepEqual(
    ids,
    Array.from({ length: 2_000 }, (_, i) => `archive-${i}`),
  );

  const { identity, archiveId } = sampleEntry({
    identity: sampleIdentity('/data/7.tar'),
    archiveId: 'archive-7',
  });
  const own = `${recordName(identity, archiveId)}.json`;
  for (const path of entryFiles(folder)) if (basename(path) !== own) writeFileSync(path, 'damaged');
  assert.equal((await catalogue.findByIdentity(identity)).length, 1);
  assert.equal((await catalogue.findByArchiveId(archiveId)).length, 1);
});

test('other files in the folder are left alone', async (t) => {
  const folder = tempFolder(t);
  const catalogue = openCatalogue(folder);
  await catalogue.record(sampleEntry());
  for (const name of ['.tmp-12', 'README', `${'0'.repeat(33)}.json`])
    for (const place of [folder, join(folder, 'v2'), dirname(entryFiles(folder)[0] ?? '')])
      writeFileSync(join(place, name), 'half');
  assert.equal((await allEntries(catalogue)).length, 1);
});

test('an entry that could not be read again is not written', async (t) => {
  const folder = join(tempFolder(t), 'archives');
  const catalogue = openCatalogue(folder);
  const isBug = (error: unknown) => isFailure(error, 'bug');
  await assert.rejects(catalogue.record(sampleEntry({ treeHash: hashOf(1).toUpperCase() })), isBug);
  await assert.rejects(catalogue.record(sampleEntry({ archiveId: '' })), isBug);
  assert.deepEqual(await allEntries(catalogue), []);
});
