import assert from 'node:assert/strict';
import { chmodSync, utimesSync } from 'node:fs';
import { after, test } from 'node:test';
import {
  assertArchives,
  closeSources,
  Died,
  failsAs,
  HOUR_MS,
  interrupt,
  isDied,
  oneByOne,
  PARTS,
  type Rig,
  rig,
} from './rig.js';

after(closeSources);

test('the recorded parts of an expired upload are not hashed again', async (t) => {
  const bench = rig(t);
  bench.vault.drop(await interrupt(bench, 3));
  bench.clock.advance(25 * HOUR_MS);
  const { openSource } = bench.session();
  const known: [number, boolean][] = [];
  const watched: typeof openSource = async (path) => {
    const source = await openSource(path);
    const prepare: typeof source.prepare = (range, partSizeBytes, signal, wanted) => {
      known.push([range.index, wanted.recorded !== undefined]);
      return source.prepare(range, partSizeBytes, signal, wanted);
    };
    return { ...source, prepare };
  };
  await bench.upload({}, { openSource: watched });
  assert.deepEqual(
    known,
    [0, 1, 2, 3, 4].map((index) => [index, index < 3]),
  );
  assertArchives(bench, bench.bytes);
});

test('a recorded hash that does not match the bytes is computed again, and the part is sent with the right one', async (t) => {
  const bench = rig(t);
  bench.vault.drop(await interrupt(bench, 3));
  bench.clock.advance(25 * HOUR_MS);
  const { openSource } = bench.session();
  const wrong = { treeHash: '0'.repeat(64), linearHash: '0'.repeat(64) };
  const misled: typeof openSource = async (path) => {
    const source = await openSource(path);
    const prepare: typeof source.prepare = (range, partSizeBytes, signal, wanted) =>
      source.prepare(range, partSizeBytes, signal, { ...wanted, recorded: wanted.recorded && wrong });
    return { ...source, prepare };
  };
  await bench.upload({}, { openSource: misled });
  assertArchives(bench, bench.bytes);
});

test('an expired upload is created again once, and a notice says so', async (t) => {
  const bench = rig(t);
  const uploadId = await interrupt(bench, 3);
  bench.vault.drop(uploadId);
  bench.clock.advance(25 * HOUR_MS);
  const result = await bench.upload();
  assert.equal(bench.notice('expired-created-again').uploadId, uploadId);
  assert.deepEqual([result.partsSent, bench.calls.createUpload], [PARTS, 2]);
  assertArchives(bench, bench.bytes);
  assert.deepEqual(bench.journals(), []);
});

test('an expired upload that expires again in the same run is not created a third time', async (t) => {
  const bench = rig(t);
  bench.vault.drop(await interrupt(bench, 3));
  bench.clock.advance(25 * HOUR_MS);
  bench.hooks.before = ({ operation, uploadId }) => {
    if (operation !== 'sendPart') return;
    bench.clock.advance(25 * HOUR_MS);
    if (bench.vault.uploads.has(String(uploadId))) bench.vault.drop(String(uploadId));
  };
  await assert.rejects(bench.upload(), failsAs('gone', { completing: null }));
  assert.equal(bench.calls.createUpload, 2);
});

test('an expired upload of a touched file is created again, too', async (t) => {
  const bench = rig(t);
  bench.vault.drop(await interrupt(bench, 3));
  const idleSince = new Date(Date.now() - 25 * HOUR_MS);
  utimesSync(bench.journalPath(), idleSince, idleSince);
  chmodSync(bench.file, 0o640);
  await bench.upload();
  assert.deepEqual(bench.notices(), ['comparing-again', 'expired-created-again']);
});

test('an expired upload that cannot be created again keeps its journal', async (t) => {
  const bench = rig(t);
  bench.vault.drop(await interrupt(bench, 3));
  bench.clock.advance(25 * HOUR_MS);
  bench.hooks.before = ({ operation }) => {
    if (operation === 'createUpload') throw new Died('no line');
  };
  await assert.rejects(bench.upload(), isDied);
  assert.equal(bench.journals().length, 1, 'a bare resume would pass the file over for ever');
  bench.hooks.before = null;
  await bench.upload();
  assertArchives(bench, bench.bytes);
  assert.deepEqual(bench.journals(), []);
});

test('an upload that was aborted between two runs is created again by the next run', async (t) => {
  const bench = rig(t);
  const uploadId = await interrupt(bench, 3);
  bench.vault.drop(uploadId);
  const result = await bench.upload();
  assert.equal(bench.notice('gone-created-again').uploadId, uploadId);
  assert.notEqual(result.entry.uploadId, uploadId);
  assertArchives(bench, bench.bytes);
  assert.deepEqual(bench.journals(), []);
});

test('an upload that someone aborts while it is sent ends as gone and is not created again in that run', async (t) => {
  for (const begin of [async () => {}, (bench: Rig) => interrupt(bench, 1)]) {
    const bench = rig(t);
    await begin(bench);
    bench.hooks.before = ({ operation, index, uploadId }) => {
      if (operation === 'sendPart' && index === 2) bench.vault.drop(String(uploadId));
    };
    await assert.rejects(bench.upload({}, oneByOne), failsAs('gone', { completing: null }));
    assert.equal(bench.calls.createUpload, 1);
    bench.hooks.before = null;
    await bench.upload();
    assert.deepEqual(bench.notices(), ['gone-created-again'], 'the next run begins anew');
    assertArchives(bench, bench.bytes);
  }
});
