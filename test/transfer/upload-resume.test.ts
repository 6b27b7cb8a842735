import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { TransferError } from '../../src/core/failures.js';
import { MIB_BYTES } from '../../src/core/units.js';
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
} from './rig.js';

after(closeSources);

test('the parts of an interrupted upload are not sent again', async (t) => {
  const bench = rig(t);
  const uploadId = await interrupt(bench, 3);
  const result = await bench.upload();
  assert.deepEqual([result.partsSent, result.partsReused, result.resumed], [2, 3, true]);
  assert.equal(result.entry.uploadId, uploadId);
  assert.equal(bench.calls.createUpload, 1);
  assertArchives(bench, bench.bytes);
  assert.deepEqual(bench.journals(), []);
});

test('a part that the service has and the journal lacks is compared with the file and not sent again', async (t) => {
  const bench = rig(t);
  bench.hooks.after = ({ operation, count }) => {
    if (operation === 'sendPart' && count === 3) throw new Died('before the part was recorded');
  };
  await assert.rejects(bench.upload({}, oneByOne), isDied);
  bench.hooks.after = null;
  const result = await bench.upload();
  assert.deepEqual([result.partsSent, result.partsReused], [2, 3]);
  assert.equal(bench.calls.sendPart, PARTS);
  assertArchives(bench, bench.bytes);
});

test('a part that the service has with wrong bytes and the journal lacks is sent again', async (t) => {
  const bench = rig(t);
  const uploadId = await interrupt(bench, 2);
  bench.vault.put(uploadId, 3 * PART_BYTES, Buffer.alloc(PART_BYTES, 'x'));
  const result = await bench.upload();
  assert.deepEqual([result.partsSent, result.partsReused], [3, 2]);
  assertArchives(bench, bench.bytes);
});

test('a part that the service lists with a different hash than it confirmed is sent again', async (t) => {
  const bench = rig(t);
  const uploadId = await interrupt(bench, 3);
  bench.vault.put(uploadId, PART_BYTES, Buffer.alloc(PART_BYTES, 'x'));
  const result = await bench.upload();
  assert.deepEqual([result.partsSent, result.partsReused], [3, 2]);
  assertArchives(bench, bench.bytes);
});

test('an upload that the journal records is resumed even if none of its listed parts match the file', async (t) => {
  const bench = rig(t);
  const uploadId = await interrupt(bench, 1);
  bench.vault.open(uploadId).parts.clear();
  bench.vault.put(uploadId, 3 * PART_BYTES, Buffer.alloc(PART_BYTES, 'x'));
  const result = await bench.upload();
  assert.deepEqual([result.entry.uploadId, result.partsSent], [uploadId, PARTS]);
  assertArchives(bench, bench.bytes);
});

test('a part size or description that differs from the unfinished upload is refused, and the hint is --fresh', async (t) => {
  const bench = rig(t);
  await interrupt(bench, 1);
  for (const wish of [{ partSizeBytes: 2 * MIB_BYTES }, { description: 'other' }]) {
    const before = { ...bench.calls };
    await assert.rejects(bench.upload(wish), (error) => {
      failsAs('usage')(error);
      assert.match((error as TransferError<'usage'>).facts.hint ?? '', /--fresh/);
      return true;
    });
    assert.deepEqual(bench.calls, before, 'nothing was asked of the service');
  }
  for (const wish of [
    { partSizeBytes: null },
    { partSizeBytes: 'auto' as const, description: 'photos.tar' },
  ]) {
    bench.hooks.before = ({ operation }) => {
      if (operation === 'sendPart') throw new Died('far enough');
    };
    await assert.rejects(bench.upload(wish), isDied);
  }
  assert.equal(bench.calls.createUpload, 1);
});

test('a journal with a different part size than the service lists is reported as damaged', async (t) => {
  const bench = rig(t);
  const uploadId = await interrupt(bench, 1);
  const upload = bench.vault.open(uploadId);
  const plan = { ...upload.request.plan, partSizeBytes: 2 * MIB_BYTES };
  bench.vault.uploads.set(uploadId, { ...upload, request: { ...upload.request, plan } });
  const path = bench.journalPath();
  await assert.rejects(bench.upload(), failsAs('state', { why: 'damaged', path }));
  assert.equal(bench.journals().length, 1);
});

test('a run that is stopped keeps its journal, and the next run resumes the upload', async (t) => {
  const bench = rig(t);
  const stop = new AbortController();
  const reason = new TransferError('stopped', { signal: 'SIGTERM' });
  bench.hooks.before = ({ operation, count }) => {
    if (operation !== 'sendPart' || count <= 2) return;
    setImmediate(() => stop.abort(reason));
    return new Promise(() => {});
  };
  await assert.rejects(bench.upload({}, { signal: stop.signal }), (error) => {
    assert.equal(error, reason);
    assert.equal(reason.context.uploadId, [...bench.vault.uploads.keys()][0]);
    assert.equal(reason.context.resumable, true);
    return true;
  });
  bench.hooks.before = null;
  const result = await bench.upload();
  assert.deepEqual([result.partsReused, result.partsSent], [2, PARTS - 2]);
  assertArchives(bench, bench.bytes);
});
