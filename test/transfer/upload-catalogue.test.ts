import assert from 'node:assert/strict';
import {
  appendFileSync,
  chmodSync,
  copyFileSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { TransferError } from '../../src/core/failures.js';
import { MIB_BYTES } from '../../src/core/units.js';
import { sampleIdentity } from '../state/samples.js';
import { allEntries } from '../support/all-entries.js';
import { flipped, replaceKeepingTimes, roundTimes } from './replaced-file.js';
import { assertArchives, closeSources, failsAs, HOUR_MS, loseCompleteAnswer, PARTS, rig } from './rig.js';

after(closeSources);

test('a file that the catalogue has is not sent again, and a notice gives the archive id', async (t) => {
  const bench = rig(t);
  const first = await bench.upload();
  bench.clock.advance(48 * HOUR_MS);
  const again = await bench.upload();
  assert.equal(again.skipped, true);
  assert.deepEqual(again.entry, first.entry);
  const { archiveId, archivedAt } = bench.notice('already-archived');
  assert.deepEqual([archiveId, archivedAt], [first.entry.archiveId, first.entry.archivedAt]);
  assert.deepEqual([bench.calls.createUpload, bench.calls.sendPart], [1, PARTS]);
});

test('a file in the catalogue that was only touched is read and compared, but only once', async (t) => {
  const bench = rig(t);
  const first = await bench.upload();
  chmodSync(bench.file, 0o640);
  assert.equal((await bench.upload()).entry.archiveId, first.entry.archiveId);
  assert.deepEqual(bench.notices(), ['comparing-again', 'already-archived']);
  bench.forgetEvents();
  assert.equal((await bench.upload()).skipped, true);
  assert.deepEqual(bench.notices(), ['already-archived'], 'the new fingerprint was recorded');
});

test('a file in the catalogue with the same size and time but different bytes is sent', async (t) => {
  const bench = rig(t);
  roundTimes(bench);
  await bench.upload();
  const other = flipped(bench.bytes, 3 * MIB_BYTES);
  replaceKeepingTimes(bench, other);
  assert.equal((await bench.upload()).skipped, false);
  assertArchives(bench, bench.bytes, other);
});

test('a changed file is sent as a new version, and the catalogue has both versions', async (t) => {
  const bench = rig(t);
  await bench.upload();
  appendFileSync(bench.file, 'more');
  await bench.upload();
  assertArchives(bench, bench.bytes, Buffer.concat([bench.bytes, Buffer.from('more')]));
  assert.equal((await allEntries(bench.session().catalogue)).length, 2);
});

test('a catalogue that cannot be written stops a run before it creates an upload', async (t) => {
  const bench = rig(t);
  rmSync(bench.catalogueFolder, { recursive: true });
  writeFileSync(bench.catalogueFolder, 'not a folder');
  await assert.rejects(bench.upload(), failsAs('state'));
  assert.deepEqual([bench.calls.createUpload, bench.calls.sendPart], [0, 0]);
});

test('if the catalogue fails after complete, the error has the archive id, and the next run records it', async (t) => {
  const bench = rig(t);
  const spare = `${bench.catalogueFolder}.away`;
  bench.hooks.after = ({ operation }) => {
    if (operation !== 'complete') return;
    renameSync(bench.catalogueFolder, spare);
    writeFileSync(bench.catalogueFolder, 'not a folder');
  };
  await assert.rejects(bench.upload(), (error) => {
    failsAs('unrecorded', { archiveId: bench.vault.archives[0]?.archiveId ?? 'none' })(error);
    const { context } = error as TransferError;
    assert.deepEqual(
      [context.file, context.target, context.resumable],
      [bench.file, 'glacier://photos', true],
    );
    return true;
  });
  bench.hooks.after = null;
  assert.equal(bench.journals().length, 1);
  rmSync(bench.catalogueFolder);
  renameSync(spare, bench.catalogueFolder);
  const before = { ...bench.calls };
  const result = await bench.upload();
  assert.equal(result.entry.archiveId, bench.vault.archives[0]?.archiveId);
  assert.deepEqual({ ...bench.calls, complete: before.complete }, before);
  assertArchives(bench, bench.bytes);
  assert.deepEqual(bench.journals(), []);
  assert.equal((await allEntries(bench.session().catalogue)).length, 1);
});

test('a run that died after the catalogue entry and before the end of the journal is finished without a request', async (t) => {
  const bench = rig(t);
  const kept = `${bench.folder}/kept.jsonl`;
  bench.hooks.after = ({ operation }) => {
    if (operation === 'complete') copyFileSync(bench.journalPath(), kept);
  };
  const { entry } = await bench.upload();
  const uploads = join(bench.folder, 'state', 'v2', 'uploads');
  assert.deepEqual(readdirSync(uploads), []);
  const session = bench.session();
  const { identity, plan, description, fingerprint } = entry;
  const uploadId = String(entry.uploadId);
  const startedAt = entry.archivedAt;
  const head = {
    uploadId,
    identity,
    connection: session.connection,
    plan,
    description,
    fingerprint,
    startedAt,
  };
  const journal = await session.state.create(head);
  await journal.close();
  copyFileSync(kept, journal.upload.journalPath);
  chmodSync(journal.upload.journalPath, 0o600);
  const before = { ...bench.calls };
  bench.vault.forgetEndings();
  const result = await bench.upload();
  assert.equal(result.entry.archiveId, entry.archiveId);
  assert.deepEqual(bench.calls, before);
  assert.deepEqual(readdirSync(uploads), []);
});

for (const command of ['upload', 'resume'] as const) {
  test(`${command} sends nothing if the catalogue has the archive of the upload and the journal lost its end`, async (t) => {
    const bench = rig(t);
    await loseCompleteAnswer(bench);
    const path = bench.journalPath();
    const [head = ''] = readFileSync(path, 'utf8').split('\n');
    const { entry } = await bench.upload();
    writeFileSync(path, `${head}\n`, { mode: 0o600 });
    const { createUpload, listPartsPage } = bench.calls;
    const again = await bench[command]();
    assert.equal(again.entry.archiveId, entry.archiveId);
    assert.deepEqual([bench.calls.createUpload, bench.calls.listPartsPage], [createUpload, listPartsPage]);
    assert.deepEqual(bench.journals(), []);
  });
}

test('an archive that was made after the look-up is found, so that no second one is made', async (t) => {
  const bench = rig(t);
  const { catalogue } = bench.session();
  assert.deepEqual(await catalogue.findByIdentity(sampleIdentity()), []);
  await bench.upload();
  assert.equal((await bench.upload({}, { catalogue })).skipped, true, 'another run made it');
  appendFileSync(bench.file, 'more');
  assert.equal((await bench.upload({}, { catalogue })).skipped, false);
  assert.equal((await bench.upload({}, { catalogue })).skipped, true, 'this run made it');
  assert.equal(bench.calls.createUpload, 2);
});
